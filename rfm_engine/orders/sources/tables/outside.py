"""Count the rows of files that are all outside the days that count, without reading them.

Such a file is not read. Each of its rows is replaced by a row of the same kind: it has a customer,
an amount and a time outside these days. Therefore the rows are judged and counted as usual, and
the row accounting stays exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from rfm_engine.kernels.arrays import is_text
from rfm_engine.orders.place import Period, Place, Read
from rfm_engine.orders.sources.tables.facts import ColumnFacts, FileFacts

_ROWS = 1 << 18
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY_SECONDS = 86_400
# Time zones are at most 15 hours from UTC, and logs round times to milliseconds.
_MARGIN_DAYS = 2
# 1900 to 2200: times far outside may be faulty, and then they have another reason.
_FIRST_DAY, _LAST_DAY = -25_567, 84_006
# An amount has at most 18 digits.
_MOST_DIGITS = 17


def rows_outside(
    facts: FileFacts, period: Period, name: str, columns: Sequence[str], schema: pa.Schema
) -> OutsideRows | None:
    """Return rows in place of those of a file; None if the file has to be read.

    Parameters
    ----------
    facts
        What the log says about the file.
    period
        The days that count.
    name
        The file.
    columns
        The needed columns.
    schema
        The columns of the table.
    """
    n_rows = facts.n_rows
    known = {each: facts.of(each) for each in (period.customer, period.time, period.amount)}
    if n_rows is None or any(each is None or each.n_nulls for each in known.values()):
        return None
    customer, time, amount = known.values()
    if customer is None or time is None or amount is None:
        return None
    when = _time_outside(time, period)
    is_plain = _is_plain_id(customer.least.type) and _fits(amount, period.scale)
    if when is None or not is_plain:
        return None
    values = {
        period.customer: customer.least, period.amount: amount.least, period.time: when,
    }  # fmt: skip
    for each in columns:
        values.setdefault(each, pa.scalar(None, schema.field(each).type))
    fields = [pa.field(each, values[each].type) for each in columns]
    return OutsideRows(name, pa.schema(fields), n_rows, values)


def _time_outside(time: ColumnFacts, period: Period) -> Any:
    """Return a time on the side of the period where all times of a file are; None if on no side."""
    first, last = _day_of(time.least), _day_of(time.greatest)
    if first is None or last is None or first < _FIRST_DAY or last > _LAST_DAY:
        return None
    if period.first_day is not None and last + _MARGIN_DAYS < period.first_day:
        return time.greatest
    if period.last_day is not None and first - _MARGIN_DAYS > period.last_day:
        return time.least
    return None


def _day_of(time: Any) -> int | None:
    """Return the day of a time in UTC, in days from 1970-01-01; None if it is no time."""
    if pa.types.is_date32(time.type):
        return int(time.value)
    if pa.types.is_timestamp(time.type):
        return int(time.value) // (_DAY_SECONDS * _TICKS[time.type.unit])
    return None


def _is_plain_id(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind)) or is_text(kind)


def _fits(amount: ColumnFacts, scale: int) -> bool:
    """Tell whether no amount of a file is refused because it has too many digits."""
    kind = amount.least.type
    if not (pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind)):
        return False
    digits = max(scale, kind.scale) if pa.types.is_decimal(kind) else scale
    bounds = [Decimal(each.as_py()) for each in (amount.least, amount.greatest)]
    most = Decimal(10) ** (_MOST_DIGITS - digits)
    return all(each.is_finite() and abs(each) < most for each in bounds)


@dataclass(frozen=True, slots=True)
class OutsideRows:
    """Equal rows outside the days that count, as many as a file has."""

    name: str
    schema: pa.Schema
    n_rows: int
    values: Mapping[str, Any]
    text: bool = False
    repeatable: bool = True

    def reads(self) -> list[Read]:
        """Return the only read."""
        return [_OutsideRead(self)]


@dataclass(frozen=True, slots=True)
class _OutsideRead:
    rows: OutsideRows
    shared: bool = False

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        n_rows, values = self.rows.n_rows, self.rows.values
        columns = [pa.repeat(values[each.name], min(n_rows, _ROWS)) for each in self.rows.schema]
        batch = pa.RecordBatch.from_arrays(columns, schema=self.rows.schema)
        for start in range(0, n_rows, _ROWS):
            yield batch.slice(0, n_rows - start), Place(self.rows.name, None, start)
