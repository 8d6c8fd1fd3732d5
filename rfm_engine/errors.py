"""The errors a caller can act on.

Every message reads ``<what> must <contract>; got <actual>. <what to do>.`` on one line.
"""

from __future__ import annotations

import os
import reprlib
from decimal import Decimal

_MOST_SHOWN = 100


class RfmError(Exception):
    """Base of all errors of this package; raised itself when the machine fails (disk, memory)."""

    def __str__(self) -> str:
        """Return the message with its control characters escaped: names of columns have some."""
        return printable(super().__str__())


class UsageError(RfmError, ValueError):
    """What was asked for cannot be done: an unknown column, a missing input, a contradiction."""


class DataError(RfmError, ValueError):
    """The data were refused: a corrupt file, a wrong type, drift, overflow, mixed currencies."""


class StateError(RfmError):
    """A state is missing, busy or corrupt; the message names the file."""


def shown(value: object) -> str:
    """Return what was given for a message: short, on one line, whatever it is."""
    return _SHOWN.repr(value).replace("\n", " ")


def shown_value(value: object) -> str:
    """Return a value of the data for a message: quoted, escaped, at most 100 characters of it."""
    return repr(cut(str(value)))


def cut(text: str) -> str:
    """Return at most 100 characters of a text."""
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def printable(text: str) -> str:
    """Return a text with control characters and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_cause(error: Exception) -> str:
    """Return why a file could not be read or its text not be parsed, without Python's names."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "a directory"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    if isinstance(error, UnicodeDecodeError):
        return "what is not UTF-8 text"
    if isinstance(error, RecursionError):
        return "tables or lists that are nested too deeply"
    if type(error) is ValueError:  # What parsers raise themselves are children of it.
        return "a number of thousands of digits"
    if isinstance(error, ArithmeticError):
        return "a number whose exponent is out of all bounds"
    return str(error).removesuffix(".")


def path_text(what: str, given: object) -> str:
    """Return a path, as text.

    Raises
    ------
    UsageError
        It is neither text nor `os.PathLike`, or has a character that no path has.
    """
    text = os.fspath(given) if isinstance(given, os.PathLike) else given
    try:
        if isinstance(text, str) and b"\0" not in os.fsencode(text):
            return text
    except UnicodeEncodeError:
        pass
    raise UsageError(f"{what} must be a path; got {shown(given)}.")


class _Shown(reprlib.Repr):
    """Cuts what is long or deep, and says of integers what Python refuses to write out."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80

    def repr_int(self, x: int, level: int) -> str:
        """Return a number, or how long it is."""
        if x.bit_length() > 4_096:
            return f"a number of {x.bit_length():,} bits"
        return super().repr_int(x, level)

    def repr_Decimal(self, x: Decimal, _level: int) -> str:  # noqa: N802 - reprlib's name
        """Return a number as it was written."""
        text = str(x)
        return text if len(text) <= self.maxother else text[: self.maxother] + "..."


_SHOWN = _Shown()
