"""How many hash tables to use, and of which kind; the first batch decides.

A table is fastest when it fits the processor's cache. More tables than that only add Python work in
every round: 10 M orders of 1 M customers took 0.60 s with 512 tables and 0.44 s with 64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Integers, Mask
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import ByteKeys, IntKeys, RowKeys
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.buffer.inline_ids import common_length
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS, Layout
from rfm_engine.totals.tables.dense_ids import DenseRange, DenseTable, dense_range
from rfm_engine.totals.tables.inline_keys import InlineTable
from rfm_engine.totals.tables.keys import ByteTable, IntTable
from rfm_engine.totals.tables.partition import KeyTable, Partition

_FEW_BITS = 4
MANY_BITS = BIN_BITS
_CUSTOMERS_A_TABLE = 1 << 14
# A table for fewer rows costs more than it saves.
_ROWS_A_TABLE = 1 << 12
# So few rows are one table, because each table takes 0.2 ms.
_ROWS_OF_ONE_TABLE = 1 << 10
_SAMPLE_ROWS = 1 << 16
# If customers are skewed, the estimate is a third to a half of their number, and too many tables
# cost less than too few.
_TIMES = 2
# If the number of rows is unknown, the estimate assumes this many batches like the first one. But
# the number of tables is limited by the rows of the first batch.
_BATCHES = 64
# If every row were a new customer, would the tables fit the memory limit? If not, some may go to
# disk, and many small tables are better there.
_BYTES_A_CUSTOMER = 128
# New tables, to which customers are moved, are made for this many times the customers seen so far.
_TO_COME = 4


class Tables(NamedTuple):
    """Tables by hash, and tables that are addressed directly by the ids of `dense`."""

    hashed: list[Partition]
    direct: list[Partition]
    dense: DenseRange | None = None

    @property
    def all(self) -> list[Partition]:
        """All of them, in the order of their bins."""
        return self.hashed + self.direct

    @property
    def borders(self) -> Integers:
        """The first bin of each table, and the end."""
        each = N_BINS // len(self.hashed)
        direct = np.arange(N_BINS + 1, N_BINS + 1 + len(self.direct))
        return np.concatenate([np.arange(0, N_BINS + 1, each), direct])


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The options that determine the number and the kind of tables.

    `n_rows` is the expected number of rows, None if unknown. `in_order` means that customers will
    be returned in the order of their hashes.
    """

    key: HashKey
    signed: bool
    days_in: Zone | None = None
    n_rows: int | None = None
    in_order: bool = False

    def few(self, layout: Layout) -> Tables:
        """Return tables for an unknown number of customers."""
        return Tables(self._hashed(layout, _FEW_BITS), [])

    def more(self, layout: Layout, tables: Tables) -> Tables:
        """Return more tables, to move the customers to."""
        n_customers = sum(partition.measures.n_seen for partition in tables.hashed)
        at_least = len(tables.hashed).bit_length()  # twice as many
        bits = max(_table_bits(_TO_COME * n_customers), at_least)
        return tables._replace(hashed=self._hashed(layout, min(bits, MANY_BITS)))

    def as_many(self, layout: Layout, tables: Tables) -> Tables:
        """Return the same number of tables for another layout."""
        return tables._replace(hashed=self._hashed(layout, len(tables.hashed).bit_length() - 1))

    def chosen(self, layout: Layout, rows: OrderRows, tables_bytes: int) -> tuple[Layout, Tables]:
        """Choose layout and tables based on the first batch.

        `tables_bytes` is the memory that tables may use.
        """
        keys, counted = rows.keys, rows.reason == 0
        if isinstance(keys, ByteKeys) and not self.in_order:
            layout = layout._replace(id_bytes=common_length(keys, frozen(rows.reason)))
        elif isinstance(keys, IntKeys) and not self.in_order:
            dense = dense_range(keys.bits[counted], signed=self.signed)
            if dense is not None:
                few = self._hashed(layout, _FEW_BITS)
                return layout, Tables(few, self._direct(layout, dense), dense)
        bits, room = self._size(keys, counted, tables_bytes)
        return layout, Tables(self._hashed(layout, bits, room), [])

    def _size(self, keys: RowKeys, counted: Mask, tables_bytes: int) -> tuple[int, int]:
        """Return the number of tables as a power of 2, and their initial room in keys each."""
        known = len(counted) if self.n_rows is None else self.n_rows
        if self.n_rows is not None and self.n_rows <= _ROWS_OF_ONE_TABLE:
            return 0, 0
        most_bits = min((known // _ROWS_A_TABLE).bit_length(), MANY_BITS)
        if most_bits <= _FEW_BITS:
            return _FEW_BITS, 0
        n_rows = _BATCHES * known if self.n_rows is None else known
        if n_rows * _BYTES_A_CUSTOMER > tables_bytes:
            return most_bits, 0
        sample = keys.hash(self.key)[counted][:_SAMPLE_ROWS]
        n_customers = expected_customers(sample, n_rows)
        bits = min(_table_bits(_TIMES * n_customers), most_bits)
        return bits, 0 if self.n_rows is None else n_customers >> bits

    def _hashed(self, layout: Layout, bits: int, room: int = 0) -> list[Partition]:
        """Return tables that each initially have room for `room` customers."""

        # Rows arrive sorted by the bits that choose the bin. If these bits chose the slot too, the
        # slots would fill from one end, and every search would pass all keys stored there.
        def table() -> KeyTable:
            if layout.id_bytes:
                return InlineTable(self.key, BIN_BITS, layout.id_bytes, room)
            if layout.of_bytes:
                return ByteTable(BIN_BITS, room)
            return IntTable(self.key, BIN_BITS, room)

        return [self._partition(layout, table) for _ in range(1 << bits)]

    def _direct(self, layout: Layout, dense: DenseRange) -> list[Partition]:
        return [self._partition(layout, partial(DenseTable, dense, n)) for n in range(N_BINS)]

    def _partition(self, layout: Layout, table: Callable[[], KeyTable]) -> Partition:
        return Partition(self.key, layout, table, self.days_in)


def _table_bits(n_customers: int) -> int:
    """Return the number of tables as a power of 2, for `_CUSTOMERS_A_TABLE` customers each."""
    n_tables = max(n_customers // _CUSTOMERS_A_TABLE, 1)
    return min(max((n_tables - 1).bit_length(), _FEW_BITS), MANY_BITS)


def expected_customers(hashes: Hashes, n_rows: int) -> int:
    """Estimate the number of customers in `n_rows` rows from the hashes of a sample.

    Chao (1984) estimates the customers not seen yet from the numbers of those seen once and twice;
    Chao et al. (2014) how many of them further rows will show. Both are lower bounds. Consecutive
    rows of one customer, such as the lines of an order, count once, because they do not tell how
    often the customer comes back.
    """
    if not len(hashes):
        return 0
    changes = hashes[1:] != hashes[:-1]
    ordered = np.sort(hashes[np.flatnonzero(np.concatenate([[True], changes]))])
    n = len(ordered)
    n_rows = n_rows * n // len(hashes)
    starts = np.flatnonzero(ordered[1:] != ordered[:-1])
    counts = np.diff(starts, prepend=-1, append=n - 1)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    unseen = once * once / (2 * max(twice, 1))
    share = 0.0
    if once:
        more = max(n_rows - n, 0)
        share = -np.expm1(more * np.log1p(-once / (n * unseen + once)))
    return int(len(counts) + unseen * share)
