"""From records to the customers that have an order, as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.aggregate.contents import Held
from rfm_engine.aggregate.daily import Repeats, joined_repeats
from rfm_engine.aggregate.ids import IdColumns, groups_array, taken
from rfm_engine.aggregate.measures import (
    COUNT_BITS,
    FAR_US,
    FIRST,
    LAST,
    TOO_MANY,
    UNKNOWN_FIRST,
)
from rfm_engine.errors import DataError
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import arrow, frozen
from rfm_engine.orders.group_keys import GroupIds, joined_groups
from rfm_engine.orders.keys import Keys, joined
from rfm_engine.orders.kinds import Kinds
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone

MAX_DIGITS = 18
_INSTANT = pa.timestamp("us", "UTC")
CHUNK_BYTES_A_CUSTOMER = 24
"""Recency, frequency, monetary, and the cell that scoring adds."""
CLV_BYTES_A_CUSTOMER = 28
"""Two days, how many there are, and the two sums of the rest."""
GROUP_BYTES_A_CUSTOMER = 64
"""The group by id and twice by number, the order by group, three values and three bins: 52.

And 12 for what allocators were seen to keep of them: 5.8 M customers then took up to 60 MB more.
"""
_COUNT_MASK = np.int64((1 << COUNT_BITS) - 1)


class Part(NamedTuple):
    """A partition's share of a chunk.

    `load` reads its records, `rows` are those of its `n` customers with an order; None stands for
    all.
    """

    load: Callable[[], Held]
    rows: npt.NDArray[np.intp] | None
    n: int


class CustomerChunk(NamedTuple):
    """Customers of some partitions with an order: measures as arrays, the rest when asked for."""

    parts: Sequence[Part]
    ids: IdColumns
    recency_days: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int64]
    monetary_minor: npt.NDArray[np.int64]
    repeats: Repeats | None = None

    def columns(self, scale: int) -> list[pa.ChunkedArray]:
        """Return the columns that `CustomerTotals.finish` documents."""
        ids, first, last = [], [], []
        for load, rows, _ in self.parts:
            held = load()
            keys, records = held.keys(), held.records
            if rows is not None:
                keys, records = taken(keys, rows), records.take(rows, axis=0)
            ids.append(keys)
            known = records[:, FIRST] > UNKNOWN_FIRST
            valid = None if known.all() else known
            first.append(arrow(FAR_US - records[:, FIRST], _INSTANT, valid))
            last.append(arrow(records[:, LAST] - FAR_US, _INSTANT))
        whole = arrow(self.recency_days), arrow(self.frequency)
        money = decimals(self.monetary_minor, scale)
        return [
            *self.ids.columns(ids),
            *(pa.chunked_array(column) for column in (first, last)),
            *(pa.chunked_array([column]) for column in (*whole, money)),
        ]

    def customers_at(self, places: npt.NDArray[np.intp]) -> Keys:
        """Return the ids of some customers, by their ascending places in the chunk."""
        return self.ids.customers(self._keys_at(places))

    def groups(self) -> GroupIds:
        """Return the group of each customer."""
        found = []
        for load, rows, _ in self.parts:
            keys = load().keys()
            found.append(self.ids.groups(keys if rows is None else taken(keys, rows)))
        return joined_groups(found)

    def group_column(self) -> pa.Array:
        """Return the group of each customer as `columns` has it."""
        assert self.ids.by is not None
        return groups_array(self.groups(), self.ids.by)

    def chosen(self, mask: npt.NDArray[np.bool_]) -> CustomerChunk:
        """Return the customers for whom the mask, `bool[n]`, holds."""
        parts = []
        start = 0
        for load, rows, n in self.parts:
            here = np.flatnonzero(mask[start : start + n])
            parts.append(Part(load, here if rows is None else rows[here], len(here)))
            start += n
        measures = self.recency_days[mask], self.frequency[mask], self.monetary_minor[mask]
        repeats = None if self.repeats is None else self.repeats.take(np.flatnonzero(mask))
        return CustomerChunk(parts, self.ids, *measures, repeats)

    def _keys_at(self, places: npt.NDArray[np.intp]) -> Keys:
        found: list[Keys] = []
        start = 0
        for load, rows, n in self.parts:
            first, last = np.searchsorted(places, (start, start + n))
            if last > first or not found:  # Of nobody the kind of ids is known too.
                here = places[first:last] - start
                found.append(taken(load().keys(), here if rows is None else rows[here]))
            start += n
        return joined(found)

    def mean_gaps_us(self) -> npt.NDArray[np.int64]:
        """Return `floor((last - first) / (orders - 1))` of each customer, -1 of one order."""
        gaps = np.full(len(self.frequency), -1, np.int64)
        start = 0
        for load, rows, n in self.parts:
            records = load().records
            if rows is not None:
                records = records.take(rows, axis=0)
            spans = (records[:, LAST] - FAR_US) + (records[:, FIRST] - FAR_US)
            orders = self.frequency[start : start + n]
            np.floor_divide(spans, orders - 1, out=gaps[start : start + n], where=orders > 1)
            start += n
        return gaps


def chunk_of(
    loads: Sequence[Callable[[], Held]], n_records: int, as_of_day: int, zone: Zone, kinds: Kinds
) -> tuple[CustomerChunk, int]:
    """Return the customers with an order of partitions, and how many have none.

    They are `n_records` records at most.

    Raises
    ------
    DataError
        A net sum has more than 18 digits, or orders more than 40 bits; the customer is named.
    """
    ids = IdColumns(kinds.customer, kinds.by)
    last_us, frequency, monetary = (np.empty(n_records, np.int64) for _ in range(3))
    parts = []
    repeats = []
    n = n_without = 0
    for load in loads:
        held = load()
        rows = np.empty(len(held.records), np.int64)
        counted, too_large = read_records(
            held.records, held.n_orders, _COUNT_MASK, FAR_US, np.int64(10**MAX_DIGITS), rows,
            last_us[n:], frequency[n:], monetary[n:],
        )  # fmt: skip
        if too_large >= 0:
            name = ids.name(taken(held.keys(), np.array([too_large])))
            if held.records[too_large, FIRST] == TOO_MANY:
                raise DataError(
                    f"orders must be below 2^{COUNT_BITS} a customer; customer {name} has "
                    "more. Mend them, or name another column."
                )
            raise DataError(
                f"monetary must have at most {MAX_DIGITS} digits; customer {name} has more at "
                f"scale {kinds.scale}. Give a smaller amount scale."
            )
        n_here = int(counted)
        if held.repeats is not None:
            repeats.append(held.repeats.take(rows[:n_here]))
        parts.append(Part(load, None if n_here == len(rows) else rows[:n_here].copy(), n_here))
        n += n_here
        n_without += held.n_customers - n_here
    recency_days = (as_of_day - local_days(frozen(last_us[:n]), zone)).astype(np.int32)
    if n < n_records:  # Chunks stay until the end, room in them that is never filled must not.
        frequency, monetary = frequency[:n].copy(), monetary[:n].copy()
    together = joined_repeats(repeats) if repeats else None
    return CustomerChunk(parts, ids, recency_days, frequency, monetary, together), n_without


def decimals(minor: npt.NDArray[np.int64], scale: int) -> pa.Array:
    """Write integers of minor units as decimal128(18, scale)."""
    words = np.empty((len(minor), 2), np.int64)
    words[:, 0] = minor
    words[:, 1] = minor >> 63
    kind = pa.decimal128(MAX_DIGITS, scale)
    return pa.Array.from_buffers(kind, len(minor), [None, pa.py_buffer(words)])


@kernel
def read_records(records, orders, count_mask, far, limit, rows, last_us, frequency, monetary):
    """Copy the measures of customers with an order, and their rows; return how many they are.

    `orders` is `int64[n]` to be added to those of the records, or empty. Above `count_mask` stands
    the carry of the sum. The second value returned is a row whose sum is `limit` or more from 0,
    with an order or not, or whose orders are too many; -1 without any.
    """
    n = 0
    too_large = -1
    for i in range(len(records)):
        sum_minor = records[i, 3]
        counted = records[i, 2]
        if counted > count_mask or counted < 0 or sum_minor >= limit or sum_minor <= -limit:
            too_large = i
        if records[i, 0] == TOO_MANY:
            too_large = i
        n_orders = counted & count_mask
        if len(orders) > 0:
            n_orders += orders[i]
        rows[n] = i
        last_us[n] = records[i, 1] - far
        frequency[n] = n_orders
        monetary[n] = sum_minor
        n += n_orders > 0
    return n, too_large
