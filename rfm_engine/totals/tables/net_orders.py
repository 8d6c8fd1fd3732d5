"""The orders of a table's customers with their net amounts, so that cancelled orders do not count.

A row that cancels an order may be read at any time, so it is only known at the end which orders
count. Until then there is one entry per (customer, order): the exact net amount, whether one of its
rows is a refund, and the earliest and latest purchase. If days matter, there is one entry per
(customer, order, day). Rows without an order id are separate orders, which are added to the records
at once; if days matter, they have one entry per customer and day.

Entries are appended as rows arrive. Repeats are added up whenever the number of new entries reaches
the number of distinct entries before, as in `rfm_engine.totals.tables.pairs`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import BufferRows, Codes, Integers, Words
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.time.clock import local_days
from rfm_engine.totals.buffer.narrow_rows import Fields
from rfm_engine.totals.buffer.rows import Layout, Pieces, Waiting
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.contents import NetEntries
from rfm_engine.totals.tables.keys import ByteTable
from rfm_engine.totals.tables.net_rows import (
    NetColumns,
    ReadRows,
    append_rows,
    blocks,
    net_sum,
    read_orders,
)
from rfm_engine.totals.tables.slots import Slots, find_pair, slot_of

# With fewer entries it is not worth searching for repeats.
_FEWEST = 1 << 10
# A search for repeats stays well below 100 ms per call, so that Ctrl-C is answered.
_MOST_PER_CALL = 1 << 20


class NetOrders:
    """Entries per (customer code, order), or per (customer code, order, local day)."""

    def __init__(self, key: HashKey, layout: Layout) -> None:
        assert layout.net is not None
        self._key = key
        self._by_day = layout.net.by_day
        self._zone = layout.net.zone
        self._table = ByteTable(0) if layout.orders == "bytes" else None
        self._columns: list[Growing[Any]] = [
            Growing(np.uint32), Growing(np.int64), Growing(np.int64), Growing(np.uint32),
            Growing(np.int64), Growing(np.int64),
        ]  # fmt: skip
        self._marks: Growing[np.int32] = Growing(np.int32)
        self._n = 0
        self._n_distinct = 0

    @property
    def nbytes(self) -> int:
        """Bytes in use, including those of repeats."""
        each = sum(column.array.itemsize for column in self._columns) + 4 * self._by_day
        return each * self._n + (0 if self._table is None else self._table.nbytes)

    def add(self, codes: Codes, waiting: Waiting, pieces: Pieces) -> None:
        """Add buffered rows; `codes` are the codes of their customers."""
        for some, part in blocks(codes, pieces):
            read = ReadRows.room(part.n_rows)
            times, _, values, alone = read
            layout = waiting.layout
            column = layout.order_column if self._table is None else -1
            read_orders(waiting.rows, part, Fields.of(narrow=layout.narrow), column, read)
            if self._table is not None:
                with_id = np.flatnonzero(alone == 0)
                columns = slice(layout.order_column, layout.order_column + 2)
                found = np.ascontiguousarray(waiting.rows[values[with_id], columns])
                values[:] = 0
                values[with_id] = self._numbers(found, waiting.texts)
            marks = np.empty(0, np.int32)
            if self._by_day:
                marks = local_days(frozen(times), self._zone).astype(np.int32) << 1 | alone
            self._append(some, read, marks)

    def absorb(
        self, codes: Codes, entries: NetEntries, found: BufferRows | None, texts: Words | None
    ) -> None:
        """Add other entries; `codes` are the codes of their customers here.

        Their keys are `found`, `int64[n, 2]`: the hash and the offset in `texts`.
        """
        values = entries.values
        if found is not None and texts is not None:
            with_id = np.arange(len(values))
            if entries.marks is not None:
                with_id = np.flatnonzero(entries.marks & 1 == 0)
            numbers = self._numbers(found[values[with_id]], texts)
            values = np.zeros(len(values), np.int64)
            values[with_id] = numbers
        given: list[npt.NDArray[Any]] = [codes, values, *entries.columns[2:]]
        done = 0
        while done < len(codes):
            room = self._room()
            n = min(room - self._n, len(codes) - done)
            here, there = slice(self._n, self._n + n), slice(done, done + n)
            for column, more in zip(self._columns, given, strict=True):
                column.array[here] = more[there]
            if entries.marks is not None:
                self._marks.array[here] = entries.marks[there]
            self._n += n
            done += n

    @property
    def has_repeats(self) -> bool:
        """Whether entries were added after repeats were last added up."""
        return self._n > self._n_distinct

    def settle(self) -> None:
        """Add up repeats."""
        if not self.has_repeats:
            return
        slots = Slots.of(self._n, self._key)
        n = 0
        for first in range(0, self._n, _MOST_PER_CALL):
            n = add_up_orders(
                self._arrays, self._by_day, first, min(first + _MOST_PER_CALL, self._n), n,
                self._n_distinct, slots,
            )  # fmt: skip
        self._n = self._n_distinct = int(n)

    def entries(self) -> NetEntries:
        """Return all entries, in order of first appearance."""
        self.settle()
        columns = [column.array[: self._n] for column in self._columns]
        marks = self._marks.array[: self._n] if self._by_day else None
        return NetEntries.of(columns, marks, None if self._table is None else self._table.keys())

    @property
    def _arrays(self) -> NetColumns:
        return NetColumns(*[column.array for column in (*self._columns, self._marks)])

    def _numbers(self, found: BufferRows, texts: Words) -> Integers:
        """Return the number of each byte-string order id; a new id gets the next number."""
        assert self._table is not None
        n = len(found)
        pieces = Pieces(np.zeros(1, np.int64), np.full(1, n, np.int64), n)
        return self._table.assign(found, texts, pieces, column=1).astype(np.int64)

    def _append(self, codes: Codes, read: ReadRows, marks: npt.NDArray[np.int32]) -> None:
        done = 0
        while done < len(codes):
            room = self._room()
            done, self._n = append_rows(
                codes, read, marks, self._by_day, done, room, self._n, self._arrays
            )

    def _room(self) -> int:
        """Make room for at least one more entry; return the number of entries there is room for."""
        room = max(2 * self._n_distinct, _FEWEST)
        if self._n >= room:
            self.settle()
            room = max(2 * self._n_distinct, _FEWEST)
        for column in self._columns:
            column.reach(room)
        if self._by_day:
            self._marks.reach(room)
        return room


@kernel
def add_up_orders(entries, by_day, begin, end, n, n_distinct, slots):
    """Append the entries of `begin:end` at `n`, or add them to equal ones of `:n`; return `n`.

    The first `n_distinct` entries are known to be distinct, and are not compared.
    """
    codes, values, marks = entries.codes, entries.values, entries.marks
    high, low = entries.high, entries.low
    first, last = entries.first, entries.last
    places = slots.places
    last_slot = np.uint64(len(places) - 1)
    for i in range(begin, end):
        mark = np.int64(marks[i]) if by_day else np.int64(0)
        code, value = codes[i], values[i]
        known = i < n_distinct
        slot = slot_of(slots, value, np.uint64(code) | np.uint64(mark) << np.uint64(32))
        slot = find_pair(slots, slot, codes, values, code, value, known)
        while by_day and places[slot] != 0 and marks[np.int64(places[slot]) - 1] != mark:
            slot = (slot + np.uint64(1)) & last_slot
            slot = find_pair(slots, slot, codes, values, code, value, known)
        place = np.int64(places[slot]) - 1
        if place < 0:
            codes[n] = code
            values[n] = value
            high[n] = high[i]
            low[n] = low[i]
            first[n] = first[i]
            last[n] = last[i]
            if by_day:
                marks[n] = mark
            n += 1
            places[slot] = n
        else:
            high[place], low[place] = net_sum(
                high[place], np.int64(low[place]), high[i], np.int64(low[i])
            )
            first[place] = max(first[place], first[i])
            last[place] = max(last[place], last[i])
    return n
