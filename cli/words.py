"""Words that several commands print."""

from __future__ import annotations


def counted(n: int, noun: str, ending: str = "s") -> str:
    """Return how many there are, such as `1 row` and `2,000 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{ending}"
