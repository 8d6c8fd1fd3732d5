"""Describe the format of CSV files: the delimiter, the words that mean null, the encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rfm_engine.errors import Message, UsageError, shown
from rfm_engine.options.messages import message

SPACE = "space"
"""As delimiter: runs of spaces and tabs. As thousands separator: a space or a no-break space."""

UTF_8 = "utf-8"
ENCODINGS = (UTF_8, "latin-1", "cp1252", "utf-16")
DEFAULT_DELIMITER = ","


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """The format of all CSV files of a run.

    Attributes
    ----------
    delimiter
        One ASCII character, or `space` for runs of spaces and tabs.
    null
        Unquoted fields that are null, in addition to the empty field.
    encoding
        One of `ENCODINGS`.
    """

    delimiter: str = DEFAULT_DELIMITER
    null: tuple[str, ...] = ()
    encoding: str = UTF_8

    def __post_init__(self) -> None:
        """Check the delimiter and the encoding.

        Raises
        ------
        UsageError
            The delimiter is not one ASCII character, or the encoding is unknown.
        """
        given = self.delimiter
        if given != SPACE and not is_delimiter(given):
            raise UsageError(
                message(
                    "{csv_delimiter} must be one ASCII character, not a quote or line end; "
                    "got {}. Try ',' or ';', or space for runs of spaces and tabs.",
                    shown(given),
                )
            )
        if self.encoding not in ENCODINGS:
            raise UsageError(
                message(
                    "{csv_encoding} must be one of {}; got {}.",
                    ", ".join(ENCODINGS),
                    shown(self.encoding),
                )
            )


def is_delimiter(text: str) -> bool:
    """Return whether a text is one character that can separate the fields of CSV."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n\0'


def null_words(given: object) -> tuple[str, ...]:
    """Return the words that mean null, given as a sequence or as one comma-separated text.

    Raises
    ------
    UsageError
        Something else was given, or a word is empty or contains a comma, a quote or a line end.
    """
    words = given.split(",") if isinstance(given, str) else given
    if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
        raise UsageError(
            message(
                "{csv_null} must be words such as {}; got {}.",
                Message("['NULL', 'NA']", "NULL,NA"),
                shown(given),
            )
        )
    for word in words:
        if not word or not {*word}.isdisjoint(',"\r\n'):
            raise UsageError(
                message(
                    "{csv_null} must be words without commas, quotes and line ends; got {}. "
                    "The empty field is always null.",
                    shown(word),
                )
            )
    return tuple(dict.fromkeys(words))
