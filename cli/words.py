"""Words that several commands print."""

from __future__ import annotations


def counted(n: int, noun: str, ending: str = "s") -> str:
    """Return how many there are, such as `1 row` and `2,000 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{ending}"


def printable(text: str) -> str:
    """Return a text that a terminal may get: control characters in it are escaped.

    The library has the same for its messages; importing it takes too long for those of an option.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
