"""The errors that a caller can handle.

Every message reads ``<what> must <contract>; got <actual>. <what to do>.`` on one line.
"""

from __future__ import annotations

import difflib
import os
import reprlib
from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Self

_MOST_SHOWN = 100
_SIMILAR = 0.7  # of 1; with 0.6, monetary would be suggested for country


class Message(str):
    """A text for Python callers, with a second form for the command line.

    `rfm_engine.options.messages.message` builds it; an f-string keeps only the first form.

    Attributes
    ----------
    typed
        The same text with options named as on the command line.
    """

    __slots__ = ("typed",)
    typed: str

    def __new__(cls, text: str, typed: str) -> Self:
        """Make a message of both forms."""
        made = super().__new__(cls, text)
        made.typed = typed
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str has one
        """Return the arguments for pickle."""
        return str(self), self.typed


def typed(text: object) -> str:
    """Return a text with options named as on the command line."""
    return text.typed if isinstance(text, Message) else str(text)


class RfmError(Exception):
    """Base of all errors of this package; raised itself if the machine fails (disk, memory)."""

    def __str__(self) -> str:
        """Return the message with control characters escaped, as column names may contain some."""
        return printable(super().__str__())

    @property
    def typed(self) -> str:
        """The message with options named as on the command line."""
        return printable(typed(self.args[0])) if len(self.args) == 1 else str(self)


class UsageError(RfmError, ValueError):
    """The request is impossible: an unknown column, a missing input, contradicting options."""


class DataError(RfmError, ValueError):
    """The data was refused: a corrupt file, a wrong type, drift, overflow, mixed currencies."""


class StateError(RfmError):
    """A state is missing, busy or corrupt; the message names the file."""


def not_installed(what: str, package: str, extra: str, *requirements: str) -> UsageError:
    """Return the error for a package of an extra that is missing.

    `what` needs the package, and `requirements` are what pip must install.
    """
    text = "{} must have {}, of the extra [{}]; got none. Run: pip install {}."
    quoted = " ".join(f"'{each}'" for each in requirements)
    forms = (text.format(said, package, extra, quoted) for said in (what, typed(what)))
    return UsageError(Message(*forms))


def shown(value: object) -> str:
    """Return any value as text for a message: short and on one line."""
    return _SHOWN.repr(value).replace("\n", " ")


def shown_toml(value: object) -> str:
    """Return a value of a TOML file for a message, as TOML writes it; None if a key is missing."""
    return "none" if value is None else _SHOWN_TOML.repr(value).replace("\n", " ")


def shown_value(value: object) -> str:
    """Return a value of the data for a message: quoted, escaped, at most 100 characters."""
    return repr(cut(str(value)))


def cut(text: str) -> str:
    """Return at most 100 characters of a text."""
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def did_you_mean(given: object, known: Iterable[str], otherwise: str = "") -> str:
    """Return a question that names the known word most similar to the given one.

    Without a similar word, return `otherwise`.

    >>> did_you_mean("clasic", ["classic", "five-types"])
    "Did you mean 'classic'?"
    """
    near = difflib.get_close_matches(given, known, 1, _SIMILAR) if isinstance(given, str) else []
    return f"Did you mean {near[0]!r}?" if near else otherwise


def printable(text: str) -> str:
    """Return a text with control characters and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_cause(error: Exception) -> str:
    """Return why a file could not be read or parsed, without names of Python exceptions."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "a directory"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8 text"
    if isinstance(error, RecursionError):
        return "tables or lists that are nested too deeply"
    if type(error) is ValueError:  # Parsers raise subclasses; this is from int().
        return "a number with thousands of digits"
    if isinstance(error, ArithmeticError):
        return "a number with an exponent that is too large"
    return str(error).removesuffix(".")


def path_text(what: str, given: object) -> str:
    """Return a path, as text.

    Raises
    ------
    UsageError
        It is neither text nor `os.PathLike`, or contains a character that is invalid in paths.
    """
    text = os.fspath(given) if isinstance(given, os.PathLike) else given
    try:
        if isinstance(text, str) and b"\0" not in os.fsencode(text):
            return text
    except UnicodeEncodeError:
        pass
    got = f"must be a path; got {shown(given)}."
    raise UsageError(Message(f"{what} {got}", f"{typed(what)} {got}"))


class _Shown(reprlib.Repr):
    """Shortens long or deep values, and describes integers that are too long to print."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80

    def repr_int(self, x: int, level: int) -> str:
        """Return a number, or the number of its bits if it is too long."""
        if x.bit_length() > 4_096:
            return f"a number of {x.bit_length():,} bits"
        return super().repr_int(x, level)

    def repr_Decimal(self, x: Decimal, _level: int) -> str:  # noqa: N802 - reprlib's name
        """Return a decimal, shortened if it is long."""
        text = str(x)
        return text if len(text) <= self.maxother else text[: self.maxother] + "..."


class _ShownToml(_Shown):
    """Writes booleans, dates, numbers and tables as TOML does."""

    def repr_bool(self, x: bool, _level: int) -> str:  # noqa: FBT001 - reprlib calls it
        """Return `true` or `false`."""
        return str(x).lower()

    def repr_Decimal(self, x: Decimal, _level: int) -> str:  # noqa: N802 - reprlib's name
        """Return a number; `nan` and `inf` in lower case."""
        return super().repr_Decimal(x, _level).lower()

    def repr_date(self, x: date, _level: int) -> str:
        """Return a date, as 2026-01-31."""
        return x.isoformat()

    repr_datetime = repr_date

    def repr_time(self, x: time, _level: int) -> str:
        """Return a time, as 09:30:00."""
        return x.isoformat()

    def repr_dict(self, x: dict[str, object], level: int) -> str:
        """Return an inline table."""
        if not x or level <= 0:
            return "{...}" if x else "{}"
        pairs = [f"{key} = {self.repr1(x[key], level - 1)}" for key in islice(x, self.maxdict)]
        return f"{{{', '.join(pairs)}{', ...' if len(x) > self.maxdict else ''}}}"


_SHOWN, _SHOWN_TOML = _Shown(), _ShownToml()
