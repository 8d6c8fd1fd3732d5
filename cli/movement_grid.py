"""The migration matrix for people: short heads, and as many columns side by side as fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# Characters of a head, and blanks between columns: the first ones that fit are taken.
_LAYOUTS = ((7, 2), (6, 2), (6, 1), (5, 1))
_TOTAL = "total"
_NOBODY = "·"


class _Column(NamedTuple):
    """A column: its head, its cells, and the sum below them."""

    head: str
    cells: list[str]
    below: str

    @property
    def width(self) -> int:
        return max(map(len, (self.head, self.below, *self.cells)))


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
    first = max(map(len, (*sources, _TOTAL)))
    for head, gap in _LAYOUTS:
        columns = _columns(cells, sources, targets, head)
        if first + sum(gap + column.width for column in columns) <= width:
            return _block(sources, columns, first, gap)
    head, gap = _LAYOUTS[0]
    lines: list[str] = []
    for block in _wrapped(_columns(cells, sources, targets, head), width - first, gap):
        lines += [""] if lines else []
        lines += _block(sources, block, first, gap)
    return lines


def _columns(
    cells: Mapping[tuple[str, str], int],
    sources: Sequence[str],
    targets: Sequence[str],
    head: int,
) -> list[_Column]:
    found = []
    for name, other in zip(_heads(targets, head), targets, strict=True):
        counts = [cells[one, other] for one in sources]
        texts = [f"{n:,}" if n else _NOBODY for n in counts]
        found.append(_Column(name, texts, f"{sum(counts):,}"))
    totals = [sum(cells[one, other] for other in targets) for one in sources]
    return [*found, _Column(_TOTAL, [f"{n:,}" for n in totals], f"{sum(totals):,}")]


def _wrapped(columns: Sequence[_Column], width: int, gap: int) -> Iterator[list[_Column]]:
    """Yield as many columns as fit, at least one."""
    block: list[_Column] = []
    for column in columns:
        if block and sum(gap + each.width for each in (*block, column)) > width:
            yield block
            block = []
        block.append(column)
    yield block


def _block(rows: Sequence[str], columns: Sequence[_Column], first: int, gap: int) -> list[str]:
    def line(head: str, texts: Sequence[str]) -> str:
        parts = [text.rjust(gap + c.width) for text, c in zip(texts, columns, strict=True)]
        return (head.ljust(first) + "".join(parts)).rstrip()

    rule = "─" * (first + sum(gap + column.width for column in columns))
    body = [line(row, [column.cells[n] for column in columns]) for n, row in enumerate(rows)]
    head = line("", [column.head for column in columns])
    return [head, rule, *body, rule, line(_TOTAL, [column.below for column in columns])]


def _heads(names: Sequence[str], length: int) -> list[str]:
    """Return short names that differ: their beginnings, or else numbers in the order of columns."""
    short = [name[:length].rstrip() for name in names]
    if len({*short, _TOTAL}) <= len(names):
        return [f"{number}" for number in range(1, len(names) + 1)]
    return short
