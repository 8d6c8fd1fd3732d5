"""The migration matrix for people: short heads, and as many columns side by side as fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_HEAD = 7
_LEAST = 6
_TOTAL = "total"
_NOBODY = "·"


def grid_lines(cells: Mapping[tuple[str, str], int], width: int) -> list[str]:
    """Lay out numbers of customers by segment before and after.

    Segments without customers at a date have no row or column. Columns that do not fit in `width`
    follow in further blocks with the same rows.
    """
    sources = list(dict.fromkeys(one for one, _ in cells))
    targets = list(dict.fromkeys(other for _, other in cells))
    sources = [one for one in sources if any(cells[one, other] for other in targets)]
    targets = [other for other in targets if any(cells[one, other] for one in sources)]
    if not sources:
        return ["no customers"]
    columns = [
        (head, [_cell(cells[one, other]) for one in sources])
        for head, other in zip(_heads(targets), targets, strict=True)
    ]
    totals = [sum(cells[one, other] for other in targets) for one in sources]
    columns.append((_TOTAL, [f"{n:,}" for n in totals]))
    below = [f"{sum(cells[one, other] for one in sources):,}" for other in targets]
    below.append(f"{sum(totals):,}")
    first = max(map(len, (*sources, _TOTAL)))
    lines: list[str] = []
    start = 0
    while start < len(columns):
        end, used = start, first
        while end < len(columns) and (
            end == start or used + 2 + _wide(columns, below, end) <= width
        ):
            used += 2 + _wide(columns, below, end)
            end += 1
        lines += [""] if lines else []
        lines += _block(sources, columns[start:end], below[start:end], first)
        start = end
    return lines


def _wide(columns: Sequence[tuple[str, list[str]]], below: Sequence[str], number: int) -> int:
    head, own = columns[number]
    return max(_LEAST, *map(len, (head, below[number], *own)))


def _block(
    rows: Sequence[str],
    columns: Sequence[tuple[str, list[str]]],
    below: Sequence[str],
    first: int,
) -> list[str]:
    widths = [_wide(columns, below, number) for number in range(len(columns))]

    def line(head: str, texts: Sequence[str]) -> str:
        parts = [text.rjust(width) for text, width in zip(texts, widths, strict=True)]
        return "  ".join([head.ljust(first), *parts]).rstrip()

    rule = "─" * (first + sum(widths) + 2 * len(widths))
    body = [line(row, [own[n] for _, own in columns]) for n, row in enumerate(rows)]
    return [line("", [head for head, _ in columns]), rule, *body, rule, line(_TOTAL, below)]


def _cell(n: int) -> str:
    return f"{n:,}" if n else _NOBODY


def _heads(names: Sequence[str]) -> list[str]:
    """Return short names that differ: their beginnings, or else numbers in the order of rows."""
    short = [name[:_HEAD].rstrip() for name in names]
    if len({*short, _TOTAL}) <= len(names):
        return [f"{number}" for number in range(1, len(names) + 1)]
    return short
