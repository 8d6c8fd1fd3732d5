"""Tables of the measured sections, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> list[str]:
    """Format a table: first `words` columns of text, then columns of numbers, aligned right."""
    rule = [*["---"] * words, *["---:"] * (len(heads) - words)]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]
