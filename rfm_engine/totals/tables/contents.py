"""The contents of a partition as plain arrays, for scoring, merging and spilling to disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.orders.keys import ByteKeys, Keys, joined
from rfm_engine.totals.tables.day_totals import DayEntries


class OrderEntries(NamedTuple):
    """Distinct orders: the customer's row, and the order id or, with `keys`, its number in them."""

    rows: npt.NDArray[np.uint32]
    values: npt.NDArray[np.int64]
    keys: ByteKeys | None


class NetEntries(NamedTuple):
    """Distinct orders with their net amounts.

    `rows` is the customer's row, `values` the order's integer id or, with `keys`, its number. The
    net amount is `(high >> 1) * 2^32 + low`; `high` is odd if one of the rows is a refund. `first`
    and `last` are the times of the earliest and latest purchase as in a record (see
    `totals.tables.measures`), 0 without a purchase. With `marks`, each entry is for one day only.
    The mark is twice the day since 1970, plus 1 for rows without an order id, which have value 0.
    """

    rows: npt.NDArray[np.uint32]
    values: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    low: npt.NDArray[np.uint32]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    marks: npt.NDArray[np.int32] | None
    keys: ByteKeys | None

    @classmethod
    def of(
        cls,
        columns: Sequence[npt.NDArray[Any]],
        marks: npt.NDArray[np.int32] | None,
        keys: ByteKeys | None,
    ) -> NetEntries:
        """Create entries from their `columns`."""
        rows, values, high, low, first, last = columns
        return cls(rows, values, high, low, first, last, marks, keys)

    @property
    def columns(self) -> list[npt.NDArray[Any]]:
        """The columns that always exist."""
        return [self.rows, self.values, self.high, self.low, self.first, self.last]

    def take(self, places: npt.NDArray[np.intp]) -> NetEntries:
        """Return some entries, with all keys."""
        marks = None if self.marks is None else self.marks[places]
        return NetEntries.of([column[places] for column in self.columns], marks, self.keys)


class Contents(NamedTuple):
    """Customers by row: keys, records (`int64[n, 4]`), and distinct orders and days if kept.

    `net` are orders with their net amounts.
    """

    keys: Keys
    records: npt.NDArray[np.int64]
    orders: OrderEntries | None = None
    days: DayEntries | None = None
    net: NetEntries | None = None


def together(parts: Sequence[Contents]) -> Contents:
    """Concatenate the contents of one or more partitions, without days and `net`."""
    if len(parts) == 1:
        return parts[0]._replace(days=None, net=None)
    keys = joined([part.keys for part in parts])
    records = np.concatenate([part.records for part in parts])
    entries = [part.orders for part in parts if part.orders is not None]
    if not entries:
        return Contents(keys, records)
    starts = np.cumsum([0, *(len(part.records) for part in parts)])
    rows = np.concatenate(
        [each.rows + start for each, start in zip(entries, starts, strict=False)]
    ).astype(np.uint32)
    texts = [each.keys for each in entries if each.keys is not None]
    if not texts:
        values = np.concatenate([each.values for each in entries])
        return Contents(keys, records, OrderEntries(rows, values, None))
    first = np.cumsum([0, *(len(each) for each in texts)])
    values = np.concatenate(
        [each.values + start for each, start in zip(entries, first, strict=False)]
    )
    return Contents(keys, records, OrderEntries(rows, values, ByteKeys.concat(texts)))
