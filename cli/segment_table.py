"""The table of segments for people: customers, money and averages, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from .words import printable, with_separators

if TYPE_CHECKING:
    from rich.text import Text

_BAR_CELLS = 12
_GAPS = (2, 1)
# A column of a higher rank is left out first; those of rank 0 are always shown.
_ALWAYS, _DAYS, _PER_CUSTOMER, _ORDER_VALUE, _MONEY, _ALL_ORDERS, _BAR = range(7)
_SUMMED = ("customers", "orders", "recency_days_total")
_Segment = dict[str, Any]


class Column(NamedTuple):
    """A column: heading, cells, rank and style.

    `above` is the first line of the heading. If it `is_shared`, it belongs to the column to the
    left too.
    """

    above: str
    head: str
    cells: list[str]
    rank: int = _ALWAYS
    is_shared: bool = False
    style: str = ""

    @property
    def width(self) -> int:
        """Terminal cells that the column takes."""
        above = "" if self.is_shared else self.above
        return max(map(_cells, (above, self.head, *self.cells)))


def segment_lines(
    segments: Sequence[_Segment], counted: str, width: int, *, ascii_only: bool = False
) -> list[Text]:
    """Lay out segments as lines without trailing blanks.

    Segment names, customers and both shares are always shown, even if they are wider than `width`
    terminal cells. Averages, totals and bars are added, in this order, while there is room.
    `counted` is what the frequency counts, `orders` or `days`. If there are several segments, the
    last line is the total.
    """
    is_total = len(segments) > 1
    shown = [*segments, _total_of(segments)] if is_total else segments
    bars = [] if ascii_only else [*_bars(segments), *[""] * is_total]
    columns, gap = _fitting(_columns(shown, counted, bars), width)
    heads = [
        _line(columns, gap, [each.above for each in columns]),
        _line(columns, gap, [each.head for each in columns]),
    ]
    for head in heads:
        head.stylize("bold")
    rule = _line(columns[:1], gap, [("-" if ascii_only else "─") * _total(columns, gap)])
    rows = range(len(shown))
    lines = [_line(columns, gap, [each.cells[row] for each in columns]) for row in rows]
    return [*heads, rule, *lines[:-1], rule, lines[-1]] if is_total else [*heads, rule, *lines]


def _total_of(segments: Sequence[_Segment]) -> _Segment:
    """Add up segments; money as integers, so that the sum is exact."""
    from rfm_engine.orders.money.amounts import format_minor

    sums = {key: sum(each[key] for each in segments) for key in _SUMMED}
    minors, scales = zip(*(_minor(each["monetary"]) for each in segments), strict=True)
    return {
        "name": "Total", **sums, "monetary": format_minor(sum(minors), max(scales)),
    }  # fmt: skip


def _columns(segments: Sequence[_Segment], counted: str, bars: list[str]) -> list[Column]:
    def cells(of: Callable[[_Segment], str]) -> list[str]:
        return [of(each) for each in segments]

    whole = segments[-1]  # the total, or the only segment
    kind, one = counted.capitalize(), counted.removesuffix("s")
    columns = [
        Column("", "Segment", cells(lambda s: printable(s["name"])), style="bold"),
        Column("", "Count", cells(lambda s: f"{s['customers']:,}")),
        Column(
            "Customers", "Share", cells(lambda s: _percent(s["customers"], whole["customers"])),
            is_shared=True,
        ),
        Column("", kind, cells(lambda s: f"{s['orders']:,}"), _ALL_ORDERS),
        Column("Money", "Total", cells(lambda s: with_separators(s["monetary"])), _MONEY),
        Column("Money", "Share", cells(lambda s: _percent(_minor_of(s), _minor_of(whole)))),
        Column("Days since", "last order", cells(_days_since), _DAYS),
        Column("Average", one, cells(lambda s: _money_per(s, "orders")), _ORDER_VALUE),
        Column("", kind, cells(_orders_each), _PER_CUSTOMER),
        Column(
            "Per customer", "Spend", cells(lambda s: _money_per(s, "customers")), _PER_CUSTOMER,
            is_shared=True,
        ),
    ]  # fmt: skip
    if bars:
        columns.append(Column("", "", bars, _BAR, style="cyan"))
    return columns


def _fitting(columns: list[Column], width: int) -> tuple[list[Column], int]:
    """Return the columns that fit, and the number of blanks between two."""
    for rank in range(_BAR, -1, -1):
        kept = [column for column in columns if column.rank <= rank]
        # Averages are worth a narrow gap, totals and bars are not.
        for gap in _GAPS if rank <= _ORDER_VALUE else _GAPS[:1]:
            if _total(kept, gap) <= width:
                return kept, gap
    return kept, gap


def _total(columns: Sequence[Column], gap: int) -> int:
    return sum(column.width for column in columns) + gap * (len(columns) - 1)


def _line(columns: Sequence[Column], gap: int, cells: Sequence[str]) -> Text:
    """Join the cells of a line: the first and the bar to the left, numbers to the right."""
    from rich.text import Text

    line, end = Text(), 0
    for number, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        start = end + (gap if number else 0)
        end = start + column.width
        if not cell:
            continue
        place = start if number == 0 or column.rank == _BAR else end - _cells(cell)
        line.append(" " * (place - line.cell_len))
        line.append(cell, column.style)
    return line


def _bars(segments: Sequence[_Segment]) -> list[str]:
    """Draw the money of each segment; the largest amount fills the column."""
    amounts = [max(_minor_of(each), 0) for each in segments]
    largest = max(amounts, default=0)
    return ["█" * round(amount / largest * _BAR_CELLS) if largest else "" for amount in amounts]


def _days_since(segment: _Segment) -> str:
    return _quotient(segment["recency_days_total"], segment["customers"], 1)


def _orders_each(segment: _Segment) -> str:
    return _quotient(segment["orders"], segment["customers"], 2)


def _money_per(segment: _Segment, key: str) -> str:
    minor, scale = _minor(segment["monetary"])
    return _quotient(minor, segment[key] * 10**scale, scale)


def _minor_of(segment: _Segment) -> int:
    return _minor(segment["monetary"])[0]


def _minor(money: str) -> tuple[int, int]:
    """Return money in minor units, and its digits after the point."""
    whole, _, cents = money.partition(".")
    return int(whole + cents), len(cents)


def _quotient(part: int, whole: int, digits: int) -> str:
    """Divide exactly, rounded half to even; empty if there is nothing to divide by."""
    if not whole:
        return ""
    rounded = round(Fraction(part * 10**digits, whole))
    sign, text = "-" if rounded < 0 else "", f"{abs(rounded):0{digits + 1}d}"
    return with_separators(f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text)


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0.0%"
    return "100%" if part == whole else _quotient(part * 100, whole, 1) + "%"


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
