"""How CSV files are written: the delimiter, the words that mean null, the encoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rfm_engine.errors import UsageError, shown

SPACE = "space"
"""As a delimiter: runs of blanks and tabs. As a thousands sign: a blank, or a no-break one."""

UTF_8 = "utf-8"
ENCODINGS = (UTF_8, "latin-1", "cp1252", "utf-16")
DEFAULT_DELIMITER = ","


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How all CSV files of a run are written.

    Attributes
    ----------
    delimiter
        One ASCII character, or `space` for runs of blanks and tabs.
    null
        Unquoted fields that are null, besides the empty one.
    encoding
        One of `ENCODINGS`.
    """

    delimiter: str = DEFAULT_DELIMITER
    null: tuple[str, ...] = ()
    encoding: str = UTF_8

    def __post_init__(self) -> None:
        """Refuse what no CSV can have.

        Raises
        ------
        UsageError
            The delimiter is no ASCII character, or the encoding is not known.
        """
        given = self.delimiter
        if given != SPACE and not is_delimiter(given):
            raise UsageError(
                f"the CSV delimiter must be one ASCII character, not a quote or line end; "
                f"got {shown(given)}. Try ',' or ';', or space for runs of blanks."
            )
        if self.encoding not in ENCODINGS:
            raise UsageError(
                f"csv_encoding must be one of {', '.join(ENCODINGS)}; got {shown(self.encoding)}."
            )


def is_delimiter(text: str) -> bool:
    """Tell whether one character can separate the fields of CSV."""
    return len(text) == 1 and text.isascii() and text not in '"\r\n\0'


def null_words(given: object) -> tuple[str, ...]:
    """Return the words that mean null, given as a sequence or as one text with commas.

    Raises
    ------
    UsageError
        Something else was given, or a word is empty or has a comma, a quote or a line end in it.
    """
    words = given.split(",") if isinstance(given, str) else given
    if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
        raise UsageError(f"csv_null must be words such as ['NULL', 'NA']; got {shown(given)}.")
    for word in words:
        if not word or not {*word}.isdisjoint(',"\r\n'):
            raise UsageError(
                "csv_null must be words without commas, quotes and line ends; "
                f"got {shown(word)}. The empty field is null in any case."
            )
    return tuple(dict.fromkeys(words))
