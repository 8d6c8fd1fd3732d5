"""Lay out rows as columns of text."""

from __future__ import annotations

from collections.abc import Sequence


def column_lines(
    rows: Sequence[Sequence[str]], is_text: Sequence[bool], *, ruled: bool = False
) -> list[str]:
    """Return rows as lines, each column as wide as its longest cell.

    Columns of text are aligned to the left, others to the right. `ruled` draws a rule below the
    first row, which has the heads.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(row, widths, is_text, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    if ruled:
        lines.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
    return lines
