"""Text helpers that several commands use."""

from __future__ import annotations

import textwrap

_LEAST_WIDTH = 20


def counted(n: int, noun: str, ending: str = "s") -> str:
    """Return a number with its noun, such as `1 row` or `2,000 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{ending}"


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that it is safe on a terminal.

    The library has the same function, but its import takes too long for errors in options.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def wrapped(text: str, width: int, *, first: str = "", further: str = "  ") -> list[str]:
    """Break a printable text into lines of at most `width` characters, between words.

    `first` and `further` are put before the first line and the further lines.
    """
    return textwrap.wrap(
        text, max(width, _LEAST_WIDTH), initial_indent=first, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def with_separators(text: str) -> str:
    """Put thousands separators into a decimal without passing it through a float."""
    whole, point, cents = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-') or 0):,}{point}{cents}"


def as_of_words(as_of: object) -> str:
    """Return the end of a phrase that names the date of analysis."""
    return ", no date of analysis" if as_of is None else f" as of {as_of}"
