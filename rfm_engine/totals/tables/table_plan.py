"""Which tables there are: told by the first batch, and again as customers become more.

A table is fastest when the processor's cache holds it whole. Beyond that every table is only one
more to visit in every round: 10 M orders of 1 M customers took 0.60 s in 512 tables, 0.44 in 64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Integers
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import ByteKeys
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
# A table for fewer rows would be more trouble than it saves.
_ROWS_A_TABLE = 1 << 12
_SAMPLE_ROWS = 1 << 16
# Of skewed customers a sample of that size tells a third to a half, and too many tables cost less
# than too few.
_TIMES = 2
# Where nobody knows how many rows will come, so many times those of the first batch; but there are
# no more tables than for those.
_BATCHES = 64
# If every row were a new customer, would the tables fit the memory limit? If not, some may go to
# disk, and many small tables are better there.
_BYTES_A_CUSTOMER = 128
# Customers in tables that are moved become so many times as many.
_TO_COME = 4


class Tables(NamedTuple):
    """Customers by hash, and those that are addressed directly: `dense`, where there are any."""

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
    """What tables are made for.

    `n_rows` is how many will come, where that is known; `in_order` that customers will be taken out
    in the order of their hashes.
    """

    key: HashKey
    signed: bool
    days_in: Zone | None = None
    n_rows: int | None = None
    in_order: bool = False

    def few(self, layout: Layout) -> Tables:
        """Return tables for nobody knows how many customers."""
        return Tables(self._hashed(layout, _FEW_BITS), [])

    def more(self, layout: Layout, tables: Tables) -> Tables:
        """Return more tables than there are, to move customers to."""
        n_customers = sum(partition.measures.n_seen for partition in tables.hashed)
        at_least = len(tables.hashed).bit_length()  # twice as many
        bits = max(_table_bits(_TO_COME * n_customers), at_least)
        return tables._replace(hashed=self._hashed(layout, min(bits, MANY_BITS)))

    def as_many(self, layout: Layout, tables: Tables) -> Tables:
        """Return as many tables of another layout."""
        return tables._replace(hashed=self._hashed(layout, len(tables.hashed).bit_length() - 1))

    def chosen(self, layout: Layout, rows: OrderRows, tables_bytes: int) -> tuple[Layout, Tables]:
        """Let the first batch decide, before any other is sorted into bins.

        `tables_bytes` is what they may take.
        """
        counted = rows.reason == 0
        keys = rows.keys
        if isinstance(keys, ByteKeys) and not self.in_order:
            layout = layout._replace(id_bytes=common_length(keys, frozen(rows.reason)))
        if not keys.of_bytes and not self.in_order:
            dense = dense_range(keys.bits[counted], signed=self.signed)
            if dense is not None:
                return layout, Tables(
                    self._hashed(layout, _FEW_BITS), self._direct(layout, dense), dense
                )
        known = len(counted) if self.n_rows is None else self.n_rows
        most_bits = (known // _ROWS_A_TABLE).bit_length()
        if most_bits <= _FEW_BITS:
            return layout, self.few(layout)
        n_rows = _BATCHES * known if self.n_rows is None else known
        if n_rows * _BYTES_A_CUSTOMER > tables_bytes:
            return layout, Tables(self._hashed(layout, min(most_bits, MANY_BITS)), [])
        sample = keys.hash(self.key)[counted][:_SAMPLE_ROWS]
        n_customers = expected_customers(sample, n_rows)
        bits = min(_table_bits(_TIMES * n_customers), most_bits)
        room = 0 if self.n_rows is None else n_customers >> bits
        return layout, Tables(self._hashed(layout, bits, room), [])

    def _hashed(self, layout: Layout, bits: int, room: int = 0) -> list[Partition]:
        """Return tables, each with room for so many customers to begin with."""

        # Rows come sorted by the bits that choose the bin: slots chosen by them, too, would fill
        # from one end, and every search would run through all that stands there.
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
    """Return of how many tables, as a power of 2, each has some `_CUSTOMERS_A_TABLE` customers."""
    n_tables = max(n_customers // _CUSTOMERS_A_TABLE, 1)
    return min(max((n_tables - 1).bit_length(), _FEW_BITS), MANY_BITS)


def expected_customers(hashes: Hashes, n_rows: int) -> int:
    """Return how many customers `n_rows` rows will have, given the hashes of some of them.

    Chao's estimate of the unseen (1984), from how many customers the sample holds once and twice,
    of which more rows show a share (Chao et al. 2014). It is an estimate from below. Rows of a
    customer that follow one another, such as the lines of an order, are one: they say nothing of
    how often the customer comes back.
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
