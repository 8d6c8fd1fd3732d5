"""All customers, in tables by hash that several threads fill at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from threading import Condition

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import RfmError
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.buffer.batch import Batch
from rfm_engine.totals.buffer.rounds import Round
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS, Layout, Pieces, Span, Waiting
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes
from rfm_engine.totals.records import Held
from rfm_engine.totals.tables.contents import Contents, together
from rfm_engine.totals.tables.dense_ids import DenseRange, DenseTable, dense_range
from rfm_engine.totals.tables.keys import ByteTable, IntTable
from rfm_engine.totals.tables.merge import absorb
from rfm_engine.totals.tables.partition import KeyTable, Partition

# Tables are taken out in so many runs at most: as many as a state has buckets.
_RUN_BITS = 8
# Few customers are found fastest in few tables, many in tables that fit the cache.
_FEW_BITS = 4
_MANY_BITS = BIN_BITS
_FEW_CUSTOMERS = 1 << 18
# When all rows are there more tables would only serve rows to come: of a million orders of 600,000
# customers moving them took half the time.
_FEW_CUSTOMERS_IN_THE_END = 1 << 21
# Where a batch is so large, more will come, and to begin with many tables saves moving to them;
# unless it is known that they will not: 4 M orders of 2 M customers took 0.33 s in few tables, 0.40
# in many, 1 M orders half the time, 8 M orders more.
_MANY_ROWS = 1 << 18
_MANY_ROWS_IN_ALL = 5_000_000
# Rows that wait take up to twice the bytes of the tables: a table then comes into the cache once
# for some four rows of each customer.
_WAITING_TIMES = 2
_LEAST_WAITING_BYTES = 1 << 26
# From here on every table goes to disk before it takes more rows: a few long runs of each are
# cheaper than many short ones of some.
_NEARLY = 0.9


class Partitions:
    """The tables, and the rows that wait to be added to them."""

    def __init__(
        self,
        key: HashKey,
        layout: Layout,
        budget: Budget,
        spill: SpillFile,
        *,
        signed: bool,
        days_in: Zone | None = None,
        n_rows: int | None = None,
        dense: bool = True,
    ) -> None:
        self._key = key
        self._n_rows = n_rows
        self._may_be_dense = dense
        self._days_in = days_in
        self._budget = budget
        self._tables_bytes = budget.tables_bytes_for(of_bytes=layout.of_bytes)
        self._most_others = 0
        self._spill = spill
        self.layout = layout
        self._signed = signed
        self._dense: DenseRange | None = None
        self._hashed = self._new_tables(_FEW_BITS)
        self._direct: list[Partition] = []
        self._waiting = Waiting(layout._replace(narrow=True))
        self._lock = Condition()
        self._n_writing = 0
        self._round: Round | None = None
        self._failed: BaseException | None = None
        self._fresh = True
        self._wanted_bytes = min(_LEAST_WAITING_BYTES, budget.waiting_bytes)
        self._n_seen = 0
        self._n_bytes = 0
        self._leaving = False

    @property
    def n_customers(self) -> int:
        """Customers known at least: some may only stand in waiting rows or on disk."""
        self._n_seen = max(self._n_seen, sum(p.measures.n_seen for p in self._all))
        return self._n_seen

    @property
    def n_records(self) -> int:
        """Records in memory and on disk: customers at most, but for rows that wait."""
        return sum(partition.n_records for partition in self._all)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory for the customers."""
        return sum(partition.nbytes for partition in self._all)

    def add(self, rows: OrderRows) -> None:
        """Add a batch's counted rows, now or with later ones; from any thread."""
        try:
            self._take_in(rows)
        except BaseException as error:  # The account has the rows already.
            with self._lock:
                self._failed = self._failed or error
            raise

    def _take_in(self, rows: OrderRows) -> None:
        if self._fresh:
            self._choose_tables(rows)
        narrow = self._waiting.layout.narrow
        batch = Batch.of(rows, self._key, self._dense, narrow=narrow)
        if not batch.n_rows:
            return
        span = self._reserve(batch)
        try:
            self._write(batch, span)
        finally:
            with self._lock:
                self._n_writing -= 1
                self._lock.notify_all()

    def settled(self, pool: Executor, bytes_a_customer: int = 0) -> Sequence[Partition]:
        """Add all rows that wait, with the threads of `pool`, and return the partitions.

        So many bytes a customer are left free in the budget.
        """
        with self._alone(pool):
            list(pool.map(Partition.settle, [p for p in self._all if p.has_repeats]))
            self._waiting.drop_room()
            self._leave_free(bytes_a_customer, pool)
        return self._all

    def in_order(self, pool: Executor) -> list[Callable[[], Contents]]:
        """Add all rows that wait, and return what takes out the customers, some tables at a time.

        Those that each takes have hashes above those of the one before; none are addressed
        directly.
        """
        settled = self.settled(pool)
        assert not self._direct
        each = max(len(settled) >> _RUN_BITS, 1)
        groups = [settled[start : start + each] for start in range(0, len(settled), each)]
        return [partial(self._taken_out, group) for group in groups]

    def _taken_out(self, partitions: Sequence[Partition]) -> Contents:
        found = together(list(map(self.contents, partitions)))
        for partition in partitions:
            partition.clear()
        return found

    def contents(self, partition: Partition) -> Contents:
        """Return all that is known of a settled partition's customers."""
        if not partition.runs:
            return partition.contents()
        self._gather(partition)
        return self._spill.read(partition.runs[0])

    def held(self, partition: Partition) -> Held:
        """Return a settled partition's customers, in the same order every time."""
        if not partition.runs:
            return partition.held()
        self._gather(partition)
        contents = self._spill.read(partition.runs[0], orders=self.layout.are_distinct)
        return partition.held_from(contents)

    def n_held(self, partition: Partition) -> int:
        """Return how many customers a settled partition has."""
        return self.held(partition).n_customers if partition.runs else partition.measures.n_seen

    def absorb(self, parts: Iterable[Contents]) -> None:
        """Add customers, those of other partitions or of none."""
        with self._alone():
            self._fresh = False
            for contents in parts:
                self._absorb(self._all, self._borders, contents)
                if self.nbytes > self._budget.tables_bytes:
                    list(map(self._put_away, self._all))

    @property
    def _all(self) -> list[Partition]:
        return self._hashed + self._direct

    @property
    def _borders(self) -> npt.NDArray[np.int64]:
        """The first bin of each table, and the end."""
        each = N_BINS // len(self._hashed)
        direct = np.arange(N_BINS + 1, N_BINS + 1 + len(self._direct))
        return np.concatenate([np.arange(0, N_BINS + 1, each), direct])

    def _new_tables(self, bits: int) -> list[Partition]:
        of_bytes = self.layout.of_bytes

        # Rows come sorted by the bits that choose the bin: slots chosen by them, too, would fill
        # from one end, and every search would run through all that stands there.
        def table() -> KeyTable:
            if of_bytes:
                return ByteTable(BIN_BITS)
            return IntTable(self._key, BIN_BITS)

        return [self._new_partition(table) for _ in range(1 << bits)]

    def _new_partition(self, table: Callable[[], KeyTable]) -> Partition:
        return Partition(self._key, self.layout, table, self._days_in)

    def _choose_tables(self, rows: OrderRows) -> None:
        """Let the first batch decide, before any other is sorted into bins."""
        with self._lock:
            if not self._fresh:
                return
            if not rows.keys.of_bytes and self._may_be_dense:
                bits = rows.keys.bits
                if rows.reason.any():
                    bits = bits[rows.reason == 0]
                self._dense = dense_range(bits, signed=self._signed)
            if self._dense is not None:
                self._direct = [
                    self._new_partition(partial(DenseTable, self._dense, number))
                    for number in range(N_BINS)
                ]
            elif len(rows.reason) > _MANY_ROWS and self._many_will_come:
                self._hashed = self._new_tables(_MANY_BITS)
            self._fresh = False

    @property
    def _many_will_come(self) -> bool:
        return self._n_rows is None or self._n_rows > _MANY_ROWS_IN_ALL

    def _reserve(self, batch: Batch) -> Span:
        """Find a place for a batch; while there is none, help to add what stands there."""
        n_rows, n_words = batch.n_rows, batch.n_text_words
        with self._lock:
            while True:
                self._refuse_after_failure()
                if self._round is not None:
                    self._take_part(self._round)
                    continue
                too_wide = self._waiting.layout.narrow and batch.packed is None
                if not self._n_writing and not self._waiting.n_rows:
                    if too_wide:
                        self._waiting.widen()
                    self._waiting.make_room(n_rows, n_words, self._wanted_bytes)
                    too_wide = False
                span = None if too_wide else self._waiting.reserve(n_rows, n_words)
                if span is not None:
                    self._n_writing += 1
                    return span
                if self._n_writing:
                    self._lock.wait()
                else:
                    self._round = self._new_round()

    def _write(self, batch: Batch, span: Span) -> None:
        batch.write(self._waiting, span, self._key)
        with self._lock:
            self._waiting.enter(batch.route.bounds + span.row)

    def _new_round(self, *, held: bool = False) -> Round:
        return Round(self._waiting, self._all, self._borders, self._add, held=held)

    def _add(self, partition: Partition, pieces: Pieces) -> None:
        before = partition.nbytes
        if self._leaving:
            self._put_away(partition)
        partition.add(self._waiting, pieces)
        with self._lock:
            self._n_bytes += partition.nbytes - before
            full = self._n_bytes > self._tables_bytes
            if full:
                self._n_bytes -= partition.nbytes
        if full:
            self._put_away(partition)

    def _take_part(self, current: Round) -> None:
        """Work in a round with the lock let go, and come back when it is over."""
        self._lock.release()
        try:
            current.work()
        finally:
            self._lock.acquire()
            if current.ended:
                self._lock.notify_all()
                if not current.held:
                    self._end(current)
        self._lock.wait_for(lambda: self._round is not current)

    @contextmanager
    def _alone(self, pool: Executor | None = None) -> Iterator[None]:
        """Add all rows that wait and keep others out."""
        with self._lock:
            # Rows of an update that has returned may be in the hands of another thread.
            self._lock.wait_for(lambda: self._round is None and self._n_writing == 0)
            self._refuse_after_failure()
            current = self._round = self._new_round(held=True)
        try:
            if pool is None:
                current.work()
            else:
                list(pool.map(lambda _: current.step(), range(current.n_tables)))
            with self._lock:
                self._lock.wait_for(lambda: current.ended)
                # The thread that failed may be one that came to help, with an update of its own.
                self._failed = self._failed or current.error
                self._refuse_after_failure()
            yield
        finally:
            with self._lock:
                self._end(current)

    def _end(self, current: Round) -> None:
        if self._round is not current:
            return
        self._failed = self._failed or current.error
        self._waiting.clear()
        if self._failed is None:
            self._adapt(_FEW_CUSTOMERS_IN_THE_END if current.held else _FEW_CUSTOMERS)
            self._n_bytes = self.nbytes
        self._round = None
        self._lock.notify_all()

    def _adapt(self, few_customers: int) -> None:
        """Make room for more rows to wait, and more tables, as the customers become more."""
        tables_bytes = self.nbytes
        wanted = max(_WAITING_TIMES * tables_bytes, self._wanted_bytes)
        self._wanted_bytes = min(wanted, self._budget.waiting_bytes)
        n_hashed = sum(partition.measures.n_seen for partition in self._hashed)
        few = len(self._hashed) < 1 << _MANY_BITS
        if few and n_hashed > few_customers and not any(p.runs for p in self._hashed):
            self._move_to_many()
        self._hold_to_limit(tables_bytes)
        self._leaving = tables_bytes > _NEARLY * self._tables_bytes

    def _hold_to_limit(self, tables_bytes: int) -> None:
        """Let tables have no more than what batches and the allocator are seen to leave them.

        How much those take depends on the ids and the row groups. They are seen when a round is
        over, and take more between.
        """
        budget = self._budget
        if budget.limit is None:
            return
        others = anonymous_bytes() - tables_bytes - self._waiting.room_bytes
        self._most_others = max(self._most_others, others)
        left = budget.limit - self._most_others * 7 // 6 - self._wanted_bytes
        self._tables_bytes = max(min(self._tables_bytes, left), budget.least_tables_bytes)

    def _move_to_many(self) -> None:
        few, self._hashed = self._hashed, self._new_tables(_MANY_BITS)
        for partition in few:
            self._absorb(self._all, self._borders, partition.contents())
            partition.clear()

    def _leave_free(self, bytes_a_customer: int, pool: Executor) -> None:
        self._budget.refuse_without_room(bytes_a_customer, self.n_customers)
        room = self._budget.tables_bytes + self._budget.waiting_bytes
        n_most = sum(p.measures.n_seen + sum(run.n for run in p.runs) for p in self._all)
        if self.nbytes + bytes_a_customer * n_most > room:
            list(pool.map(self._put_away, self._all))

    def _absorb(
        self, ours: Sequence[Partition], borders: npt.NDArray[np.int64], theirs: Contents
    ) -> None:
        absorb(ours, borders, self._key, self.layout, self._dense, theirs)

    def _put_away(self, partition: Partition) -> None:
        """Move what a partition holds in memory to disk."""
        if partition.customers.n:
            partition.runs.append(self._spill.write(partition.contents()))
            partition.clear()

    def _gather(self, partition: Partition) -> None:
        """Make one run of all of a partition's runs and what it has in memory."""
        if len(partition.runs) == 1 and not partition.customers.n:
            return
        number = self._all.index(partition)
        borders = self._borders[number : number + 2]
        for run in partition.runs:
            self._absorb([partition], borders, self._spill.read(run))
        partition.runs = []
        self._put_away(partition)

    def _refuse_after_failure(self) -> None:
        if self._failed is not None:
            raise RfmError(
                "totals must not be used after adding to them has failed; "
                f"got {self._failed!r} before. Start again."
            ) from self._failed
