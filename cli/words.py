"""Text helpers that several commands use."""

from __future__ import annotations


def counted(n: int, noun: str, ending: str = "s") -> str:
    """Return a number with its noun, such as `1 row` or `2,000 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{ending}"


def printable(text: str) -> str:
    """Return a text with control characters escaped, so that it is safe on a terminal.

    The library has the same function, but its import takes too long for errors in options.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
