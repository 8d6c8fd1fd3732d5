"""All customers, in hash tables that several threads fill at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from threading import Condition

import numpy as np

from rfm_engine.errors import RfmError
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.keys import Keys
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer.batch import Batch
from rfm_engine.totals.buffer.inline_ids import are_of_length
from rfm_engine.totals.buffer.rounds import Round
from rfm_engine.totals.buffer.rows import Layout, Pieces, Span, Waiting
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes
from rfm_engine.totals.records import Held
from rfm_engine.totals.tables.contents import Contents, together
from rfm_engine.totals.tables.merge import absorb
from rfm_engine.totals.tables.partition import Partition
from rfm_engine.totals.tables.table_plan import MANY_BITS, TablePlan

# `in_order` returns at most this many groups of tables: the number of buckets of a state.
_RUN_BITS = 8
# Customers are moved to more tables only when a table has more than this, because moving a customer
# takes 0.1 us, as long as grouping five rows.
_MOST_A_TABLE = 1 << 17
_LEAST_WAITING_BYTES = 1 << 26
# One thread flushes fewer rows than these in less time than it takes to wait for others.
_FEW_ROWS = 1 << 14
# When tables use more than this share of their memory, every table is spilled to disk before it
# takes more rows, because a few long runs of each table are cheaper than many short runs of some.
_NEARLY = 0.9


class Partitions:
    """The hash tables, and the buffer of rows that are not yet in them."""

    def __init__(self, plan: TablePlan, layout: Layout, budget: Budget, spill: SpillFile) -> None:
        self._plan = plan
        self._key = plan.key
        self._budget = budget
        self._tables_bytes = budget.tables_bytes_for(of_bytes=layout.of_bytes)
        self._most_others = 0
        self._spill = spill
        self.layout = layout
        self._tables = plan.few(layout)
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
        """Lower bound of the number of customers: some may only be in the buffer or on disk."""
        self._n_seen = max(self._n_seen, sum(p.measures.n_seen for p in self._all))
        return self._n_seen

    @property
    def n_records(self) -> int:
        """Number of records in memory and on disk: at least the customers outside the buffer."""
        return sum(partition.n_records for partition in self._all)

    @property
    def nbytes(self) -> int:
        """Bytes in memory for the customers."""
        return sum(partition.nbytes for partition in self._all)

    def add(self, rows: OrderRows) -> None:
        """Add the counted rows of a batch to the buffer; any thread may call it."""
        try:
            self._take_in(rows)
        except BaseException as error:  # The row counts already include these rows.
            with self._lock:
                self._failed = self._failed or error
            raise

    def _take_in(self, rows: OrderRows) -> None:
        if self._fresh:
            self._choose_tables(rows)
        span = None
        while span is None:
            batch = Batch.of(rows, self._waiting.layout, self._key, self._tables.dense)
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
        """Flush the buffer with the threads of `pool`, and return the partitions.

        `bytes_a_customer` bytes per customer are left free in the budget.
        """
        with self._alone(pool):
            list(pool.map(Partition.settle, [p for p in self._all if p.has_repeats]))
            self._waiting.drop_room()
            self._leave_free(bytes_a_customer, pool)
        return self._all

    def in_order(self, pool: Executor) -> list[Callable[[], Contents]]:
        """Flush the buffer, and return functions that remove and return the customers in groups.

        The hashes of each group are greater than those of the previous group. No customers are
        addressed directly.
        """
        settled = self.settled(pool)
        assert self._plan.in_order
        each = max(len(settled) >> _RUN_BITS, 1)
        groups = [settled[start : start + each] for start in range(0, len(settled), each)]
        return [partial(self._taken_out, group) for group in groups]

    def _taken_out(self, partitions: Sequence[Partition]) -> Contents:
        found = together(list(map(self.contents, partitions)))
        for partition in partitions:
            partition.clear()
        return found

    def contents(self, partition: Partition) -> Contents:
        """Return all data of the customers of a settled partition."""
        if not partition.runs:
            return partition.contents()
        self._gather(partition)
        return self._spill.read(partition.runs[0])

    def held(self, partition: Partition) -> Held:
        """Return the customers of a settled partition, always in the same order."""
        if not partition.runs:
            return partition.held()
        self._gather(partition)
        contents = self._spill.read(partition.runs[0], orders=self.layout.are_distinct)
        return partition.held_from(contents)

    def n_held(self, partition: Partition) -> int:
        """Return the number of customers of a settled partition."""
        return self.held(partition).n_customers if partition.runs else partition.measures.n_seen

    def move_to(self, spill: SpillFile) -> None:
        """Move everything that is on disk to another file, so that the one before can be freed."""
        with self._alone():
            for partition in self._all:
                partition.runs = [spill.write(self._spill.read(run)) for run in partition.runs]
            self._spill = spill

    def absorb(self, parts: Iterable[Contents]) -> None:
        """Add customers from other totals."""
        with self._alone():
            self._fresh = False
            self._absorb_all(parts)

    def _absorb_all(self, parts: Iterable[Contents]) -> None:
        for contents in parts:
            if not self._takes(contents.keys):
                self._widen(self._waiting.layout._replace(id_bytes=0))
            self._absorb(self._all, self._tables.borders, contents)
            if self.nbytes > self._budget.tables_bytes:
                list(map(self._put_away, self._all))

    @property
    def _all(self) -> list[Partition]:
        return self._tables.all

    def _choose_tables(self, rows: OrderRows) -> None:
        with self._lock:
            if not self._fresh:
                return
            self.layout, self._tables = self._plan.chosen(self.layout, rows, self._tables_bytes)
            self._waiting.take_layout(self.layout._replace(narrow=True))
            self._fresh = False

    def _reserve(self, batch: Batch) -> Span | None:
        """Reserve room in the buffer for a batch; while it is full, help to empty it.

        Returns None if the layout of the buffer has changed, so that the batch must be redone.
        """
        n_rows, n_words = batch.n_rows, batch.n_text_words
        with self._lock:
            while True:
                self._refuse_after_failure()
                if self._round is not None:
                    self._take_part(self._round)
                    continue
                is_wider = batch.layout != self._waiting.layout
                if is_wider and not batch.layout.is_as_wide_as(self._waiting.layout):
                    return None
                if not self._n_writing and not self._waiting.n_rows:
                    if is_wider:
                        self._widen(batch.layout)
                    self._waiting.make_room(n_rows, n_words, self._wanted_bytes)
                    is_wider = False
                span = None if is_wider else self._waiting.reserve(n_rows, n_words)
                if span is not None:
                    self._n_writing += 1
                    return span
                if self._n_writing:
                    self._lock.wait()
                else:
                    self._round = self._new_round()

    def _widen(self, layout: Layout) -> None:
        """Change the layout of rows while the buffer is empty."""
        self._waiting.take_layout(layout)
        if layout.id_bytes != self.layout.id_bytes:
            self._move_to_any_ids()

    def _move_to_any_ids(self) -> None:
        """Move all customers, on disk too, to tables for ids of any length."""
        former = self._tables.hashed
        self.layout = self.layout._replace(id_bytes=0)
        self._tables = self._plan.as_many(self.layout, self._tables)
        for partition in former:
            parts = chain(map(self._spill.read, partition.runs), [partition.contents()])
            self._absorb_all(parts)
            partition.clear()
        self._n_bytes = self.nbytes

    def _write(self, batch: Batch, span: Span) -> None:
        batch.write(self._waiting, span, self._key)
        with self._lock:
            self._waiting.enter(batch.route.bounds + span.row)

    def _new_round(self, *, held: bool = False) -> Round:
        borders = self._tables.borders
        return Round(self._waiting, self._all, borders, self._add, held=held)

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
        """Work in a round with the lock released, and return when the round is over."""
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
        """Flush the buffer, and block other threads until the context is left."""
        with self._lock:
            # Another thread may still be adding rows of an update that has returned.
            self._lock.wait_for(lambda: self._round is None and self._n_writing == 0)
            self._refuse_after_failure()
            current = self._round = self._new_round(held=True)
        try:
            if pool is None or current.n_rows < _FEW_ROWS:
                current.work()
            else:
                list(pool.map(lambda _: current.step(), range(current.n_tables)))
            with self._lock:
                self._lock.wait_for(lambda: current.ended)
                # The thread that failed may be a helper that was called for another update.
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
            self._adapt(is_end=current.held)
            self._n_bytes = self.nbytes
        self._round = None
        self._lock.notify_all()

    def _adapt(self, *, is_end: bool) -> None:
        """Use a larger buffer, and more tables, as the number of customers grows.

        The buffer gets as many bytes as the tables, so that a table is loaded into the cache once
        per two rows of each customer. At the end there is no need for more tables, because they
        would only help rows that follow.
        """
        tables_bytes = self.nbytes
        wanted = max(tables_bytes, self._wanted_bytes)
        self._wanted_bytes = min(wanted, self._budget.waiting_bytes)
        hashed = self._tables.hashed
        n_hashed = sum(partition.measures.n_seen for partition in hashed)
        few = len(hashed) < 1 << MANY_BITS and n_hashed > len(hashed) * _MOST_A_TABLE
        if few and not is_end and not any(partition.runs for partition in hashed):
            self._move_to_more()
        self._hold_to_limit(tables_bytes)
        self._leaving = tables_bytes > _NEARLY * self._tables_bytes

    def _hold_to_limit(self, tables_bytes: int) -> None:
        """Limit the tables to the memory that batches and the allocator leave, as measured.

        These take more or less memory, depending on the ids and the row groups. They are measured
        at the end of a round, and take more between rounds.
        """
        budget = self._budget
        if budget.limit is None:
            return
        others = anonymous_bytes() - tables_bytes - self._waiting.room_bytes
        self._most_others = max(self._most_others, others)
        left = budget.limit - self._most_others * 7 // 6 - self._wanted_bytes
        self._tables_bytes = max(min(self._tables_bytes, left), budget.least_tables_bytes)

    def _move_to_more(self) -> None:
        few = self._tables.hashed
        self._tables = self._plan.more(self.layout, self._tables)
        for partition in few:
            self._absorb(self._all, self._tables.borders, partition.contents())
            partition.clear()

    def _leave_free(self, bytes_a_customer: int, pool: Executor) -> None:
        self._budget.refuse_without_room(bytes_a_customer, self.n_customers)
        room = self._budget.tables_bytes + self._budget.waiting_bytes
        n_most = sum(p.measures.n_seen + sum(run.n for run in p.runs) for p in self._all)
        if self.nbytes + bytes_a_customer * n_most > room:
            list(pool.map(self._put_away, self._all))

    def _takes(self, keys: Keys) -> bool:
        n_bytes, texts = self.layout.id_bytes, keys.texts
        if not n_bytes or texts is None:
            return True
        return are_of_length(texts, frozen(np.zeros(len(texts), np.uint8)), n_bytes)

    def _absorb(self, ours: Sequence[Partition], borders: Integers, theirs: Contents) -> None:
        absorb(ours, borders, self._key, self.layout, self._tables.dense, theirs)

    def _put_away(self, partition: Partition) -> None:
        """Move what a partition has in memory to disk."""
        if partition.customers.n:
            partition.runs.append(self._spill.write(partition.contents()))
            partition.clear()

    def _gather(self, partition: Partition) -> None:
        """Combine all runs of a partition and what it has in memory to one run."""
        if len(partition.runs) == 1 and not partition.customers.n:
            return
        number = self._all.index(partition)
        borders = self._tables.borders[number : number + 2]
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
