"""Turn records into the customers who have an order, as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen
from rfm_engine.kernels.types import Instants
from rfm_engine.options.messages import message
from rfm_engine.orders.group_keys import GroupIds, joined_groups
from rfm_engine.orders.keys import Keys, joined
from rfm_engine.orders.kinds import OUTPUT_TYPES, Kinds
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.records import MAX_DIGITS, Held, HeldTimes
from rfm_engine.totals.tables.day_totals import Repeats, joined_repeats
from rfm_engine.totals.tables.measures import COUNT_BITS

_INSTANT = pa.timestamp("us", "UTC")
CHUNK_BYTES_A_CUSTOMER = 24
"""Recency, frequency, monetary, and the cell added by scoring."""
CLV_BYTES_A_CUSTOMER = 28
"""Two days, the number of days, and the two halves of the sum of the later days."""
GROUP_BYTES_A_CUSTOMER = 64
"""The group as id and twice as number, the order by group, three values and three bins: 52.

The other 12 are memory that allocators keep: 5.8 M customers were measured to take up to 60 MB
more.
"""


class Part(NamedTuple):
    """The part of a chunk that comes from one partition.

    `load` reads the records. `rows` are the rows of the `n` customers with an order; None means all
    rows.
    """

    load: Callable[[], HeldTimes]
    rows: npt.NDArray[np.intp] | None
    n: int


class CustomerChunk(NamedTuple):
    """Customers with an order, from some partitions: measures as arrays, the rest on request."""

    parts: Sequence[Part]
    ids: IdColumns
    recency_days: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int64]
    monetary_minor: npt.NDArray[np.int64]
    repeats: Repeats | None = None

    def columns(self, scale: int) -> list[pa.ChunkedArray]:
        """Return the columns that are described in `CustomerTotals.finish`."""
        ids, first, last = [], [], []
        for load, rows, _ in self.parts:
            held = load()
            ids.append(held.keys() if rows is None else held.keys().take(rows))
            first_us, known = held.first_us(rows)
            first.append(arrow(first_us, _INSTANT, known))
            last.append(arrow(held.last_us(rows), _INSTANT))
        whole = arrow(self.recency_days), arrow(self.frequency)
        money = decimals(self.monetary_minor, scale)
        return [
            *self.ids.columns(ids),
            *(pa.chunked_array(column) for column in (first, last)),
            *(pa.chunked_array([column]) for column in (*whole, money)),
        ]

    def customers_at(self, places: npt.NDArray[np.intp]) -> Keys:
        """Return the ids of customers, given their ascending positions in the chunk."""
        return self.ids.customers(self._keys_at(places))

    def customers_by_part(self) -> Iterator[Keys]:
        """Yield the ids of the customers of each part."""
        for load, rows, _ in self.parts:
            keys = load().keys()
            yield self.ids.customers(keys if rows is None else keys.take(rows))

    def id_columns(self) -> list[pa.ChunkedArray]:
        """Return the first columns of `columns`: the customers, and with groups the groups."""
        ids = []
        for load, rows, _ in self.parts:
            keys = load().keys()
            ids.append(keys if rows is None else keys.take(rows))
        return self.ids.columns(ids)

    def id_column(self) -> pa.ChunkedArray:
        """Return the first column of `columns`, the customers."""
        return self.id_columns()[0]

    def some_ids(self, n: int) -> list[pa.ChunkedArray]:
        """Return a random sample of `n` ids or a few more, in the form of `id_column`.

        All ids are from one partition. Which ids a partition contains depends on their hashes.
        """
        load, rows, n_here = max(self.parts, key=lambda part: part.n)
        places = np.arange(0, n_here, max(n_here // n, 1))
        return self.ids.columns([load().keys().take(places if rows is None else rows[places])])

    def groups(self) -> GroupIds:
        """Return the group of each customer."""
        found = []
        for load, rows, _ in self.parts:
            keys = load().keys()
            found.append(self.ids.groups(keys if rows is None else keys.take(rows)))
        return joined_groups(found)

    def group_column(self) -> pa.Array:
        """Return the group of each customer, as in `columns`."""
        assert self.ids.by is not None
        return self.groups().to_arrow(OUTPUT_TYPES[self.ids.by])

    def chosen(self, mask: npt.NDArray[np.bool_]) -> CustomerChunk:
        """Return the customers for whom the mask, `bool[n]`, is true."""
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
            if last > first or not found:  # An empty result needs the right kind of ids too.
                here = places[first:last] - start
                found.append(load().keys().take(here if rows is None else rows[here]))
            start += n
        return joined(found)

    def moments(self) -> Iterator[tuple[Instants, Instants]]:
        """Yield the first and the last order times of the customers of each part."""
        for load, rows, _ in self.parts:
            held = load()
            yield held.first_us(rows)[0], held.last_us(rows)

    def mean_gaps_us(self) -> npt.NDArray[np.int64]:
        """Return `floor((last - first) / (orders - 1))` per customer, -1 if there is one order."""
        gaps = np.empty(len(self.frequency), np.int64)
        start = 0
        for first_us, last_us in self.moments():
            here = slice(start, start + len(last_us))
            write_gaps(frozen(last_us - first_us), frozen(self.frequency[here]), gaps[here])
            start += len(last_us)
        return gaps


def chunk_of(
    loads: Sequence[Callable[[], Held]], n_records: int, as_of_day: int, zone: Zone, kinds: Kinds
) -> tuple[CustomerChunk, int]:
    """Return the customers with an order from some partitions, and the number without one.

    The partitions have at most `n_records` records.

    Raises
    ------
    DataError
        A net amount has more than 18 digits, or a number of orders more than 40 bits. The message
        names the customer.
    """
    ids = IdColumns(kinds.customer, kinds.by)
    last_us, frequency, monetary = (np.empty(n_records, np.int64) for _ in range(3))
    parts = []
    repeats = []
    n = n_without = 0
    for load in loads:
        held = load()
        found = held.measured((last_us[n:], frequency[n:], monetary[n:]))
        if found.faulty >= 0:
            name = ids.name(held.keys().take(np.array([found.faulty])))
            if found.too_many:
                raise DataError(
                    f"orders must be below 2^{COUNT_BITS} per customer; customer {name} has "
                    "more. Correct them, or name another column."
                )
            raise DataError(
                message(
                    "monetary must have at most {} digits; customer {} has more at scale {}. "
                    "Check the column of amounts ({amount}), or give a smaller {amount_scale}.",
                    MAX_DIGITS,
                    name,
                    kinds.scale,
                )
            )
        n_here = len(found.frequency)
        if held.repeats is not None:
            places = np.arange(n_here) if found.rows is None else found.rows
            repeats.append(held.repeats.take(places))
        parts.append(Part(load, found.rows, n_here))
        if len(loads) == 1:
            last_us, frequency, monetary = found.last_us, found.frequency, found.monetary_minor
        elif not np.may_share_memory(found.frequency, frequency):
            here = slice(n, n + n_here)
            last_us[here], frequency[here] = found.last_us, found.frequency
            monetary[here] = found.monetary_minor
        n += n_here
        n_without += held.n_customers - n_here
    recency_days = (as_of_day - local_days(frozen(last_us[:n]), zone)).astype(np.int32)
    if n < len(frequency):  # Chunks are kept until the end, so free the unused part.
        frequency, monetary = frequency[:n].copy(), monetary[:n].copy()
    together = joined_repeats(repeats) if repeats else None
    return CustomerChunk(parts, ids, recency_days, frequency, monetary, together), n_without


def decimals(
    minor: npt.NDArray[np.int64],
    scale: int,
    digits: int = MAX_DIGITS,
    valid: npt.NDArray[np.bool_] | None = None,
) -> pa.Array:
    """Return amounts in minor units as decimal128(digits, scale); those not `valid` are null."""
    words = np.empty((len(minor), 2), np.int64)
    widen(frozen(minor), words)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    kind = pa.decimal128(digits, scale)
    return pa.Array.from_buffers(kind, len(minor), [bits, pa.py_buffer(words)])


@kernel
def write_gaps(spans, orders, gaps):
    """Write spans divided by the number of orders less one, and -1 if there is one order.

    Unsigned, because a signed division takes twice the time.
    """
    for i in range(len(spans)):
        n = np.uint64(orders[i])
        gaps[i] = np.int64(np.uint64(spans[i]) // (n - np.uint64(1))) if n > 1 else -1


@kernel
def widen(minor, words):
    """Write integers as 128 bits with the low word first."""
    for i in range(len(minor)):
        words[i, 0] = minor[i]
        words[i, 1] = minor[i] >> 63
