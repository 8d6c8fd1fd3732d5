"""Gather orders into the sorted rows of one batch, by customer or by customer and day."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from threading import Lock
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Records
from rfm_engine.orders.group_keys import GroupIds, customers_of, group_words, within_groups
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.keys import IntKeys, Keys
from rfm_engine.orders.kinds import Kinds
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.state.days import day_words, first_word
from rfm_engine.state.manifest import Generation
from rfm_engine.state.merge import NO_DAYS, Rows
from rfm_engine.state.row_order import sorted_rows
from rfm_engine.totals.buffer.rows import Layout
from rfm_engine.totals.duplicates.filter import Duplicates
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.tables.contents import Contents
from rfm_engine.totals.tables.measures import COUNT, COUNT_BITS, FIRST, TOO_MANY
from rfm_engine.totals.tables.partitions import Partitions
from rfm_engine.totals.tables.table_plan import TablePlan

_COUNT_MASK = (1 << COUNT_BITS) - 1


class Gathered(NamedTuple):
    """Rows of a batch: totals, and distinct orders if orders have ids.

    Both have bounds of all buckets.
    """

    totals: Rows
    orders: Rows | None


class Gathering:
    """Collect batches from any thread, as `rfm_engine.orders.scan.Consumer`.

    In a rolling history, the day is a part of the key, in the same way as a group of customers.
    The code that aggregates groups therefore aggregates days too. All days of a customer are in the
    bin of the customer, so that the buckets of a state can be made a few at a time.

    Attributes
    ----------
    most_orders
        The greatest number of orders in a row that `runs` has made.
    duplicates
        Drops rows that repeat other rows; None if the state has no distinct columns.
    """

    def __init__(
        self,
        reading: Reading,
        newest: Generation,
        hash_key: HashKey,
        budget: Budget,
        spill_dir: str | os.PathLike[str] | None,
        *,
        daily: bool,
        n_rows: int | None,
    ) -> None:
        self.duplicates: Duplicates | None = None
        if reading.options["distinct"]:
            budget, most_bytes = budget.shared_with_rows()
            self.duplicates = Duplicates(reading, hash_key, most_bytes)
        self._intake = Intake(reading, self.duplicates, by_day=daily)
        if newest.kinds is not None:
            self._intake.agree("the state", Kinds(*newest.kinds))
        self._intake.ledger.currencies = frozenset(newest.currencies)
        self._key = hash_key
        self._budget = budget
        self._spill = SpillFile(spill_dir)
        self._daily = daily
        self._n_rows = n_rows
        self._lock = Lock()
        self._known: Partitions | None = None
        self._by_day: dict[int, int] = {}
        self.most_orders = 0

    @property
    def kinds(self) -> Kinds:
        """The kinds agreed on with the state."""
        return self._intake.kinds

    @property
    def counts(self) -> RowCounts:
        """The numbers of rows."""
        return self._intake.ledger.counts()

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows. A batch need not have all values that conditions name."""
        return tuple(each for each in self._intake.warnings if each.code != "unseen_values")

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currency of the state and the rows, if a column contains it; at most one."""
        return tuple(sorted(self._intake.ledger.currencies))

    @property
    def newest_day(self) -> int | None:
        """The newest day of rows that were counted, or dropped only by `refunds` or `zero`."""
        return self._intake.ledger.newest_day

    def newest_since(self, first_day: int | None) -> int | None:
        """Return the newest day; None if it is before `first_day`, since such rows are too late."""
        newest = self.newest_day
        return None if newest is None or (first_day is not None and newest < first_day) else newest

    @property
    def rows_by_day(self) -> dict[int, int]:
        """Counted rows per local day, if the state keeps days."""
        return dict(sorted(self._by_day.items()))

    @property
    def n_customers_so_far(self) -> int:
        """Number of customers so far, or of days of customers; for progress reports."""
        return 0 if self._known is None else self._known.n_customers

    @property
    def n_most(self) -> int:
        """Upper bound of the number of rows, available after `runs` was called."""
        return 0 if self._known is None else self._known.n_records

    @property
    def knows_customers(self) -> bool:
        """Whether the state or the rows determine the kinds of customers and amounts."""
        return self._intake.knows_customers

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of sources agree with each other and with all earlier orders."""
        self._intake.join(sources)

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Add a batch of a source that has joined."""
        for rows in self._intake.take(batch, place, text=text):
            if not rows.counts[COUNTED]:
                continue
            keyed = rows
            if rows.groups is not None:
                keyed = rows._replace(keys=within_groups(rows.keys, rows.groups))
            if self._daily:
                keyed = self._within_days(keyed)
            self._partitions(Layout.of(keyed)).add(keyed)

    def runs(self, first_day: int | None, pool: Executor) -> list[Callable[[], Gathered]]:
        """Return functions that each make the rows of some buckets, from `first_day` on.

        The buckets of each function come after those of the function before. The memory of rows
        that were made is released.

        Raises
        ------
        DataError
            A customer has more orders than a record can store. Raised when the rows are made.
        """
        if self._known is None:
            return []
        return [partial(self._run, first_day, run) for run in self._known.in_order(pool)]

    def _run(self, first_day: int | None, contents: Callable[[], Contents]) -> Gathered:
        """Sort the customers of some partitions."""
        keys, records, entries, *_ = contents()
        self._refuse_too_many(keys, records)
        words, orders = NO_DAYS, None
        if self._daily:
            keys, words = self._without_days(keys)
        if entries is not None:
            rows = entries.rows.astype(np.intp)
            which: Keys = IntKeys(entries.values.view(np.uint64))
            if entries.keys is not None:
                which = entries.keys.take(entries.values)
            owners = keys.take(rows)
            pairs = within_groups(owners, GroupIds(which, None))
            days = words[rows] if self._daily else NO_DAYS
            nothing = np.empty((len(rows), 0), np.int64)
            orders = _since(first_day, sorted_rows(pairs, nothing, days, self._key, owners))
            records = records.copy()
            records[:, COUNT] += np.bincount(rows, minlength=len(records))
        counts = records[:, COUNT] & _COUNT_MASK
        with self._lock:
            self.most_orders = max(self.most_orders, int(counts.max(initial=0)))
        totals = _since(first_day, sorted_rows(keys, records, words, self._key))
        return Gathered(totals, orders)

    def _partitions(self, layout: Layout) -> Partitions:
        with self._lock:
            if self._known is None:
                signed = self.kinds.customer == "int"
                key = self._key
                if self._daily:
                    key = key._replace(owners=partial(customers_of, of_bytes=self._ids.of_bytes))
                plan = TablePlan(key, signed, n_rows=self._n_rows, in_order=True)
                self._known = Partitions(plan, layout, self._budget, self._spill)
            return self._known

    def _within_days(self, rows: OrderRows) -> OrderRows:
        days = local_days(frozen(rows.time_us), self._intake.reading.zone).astype(np.int64)
        counted = rows.reason == 0
        self._count_days(days if counted.all() else days[counted])
        words = day_words(days, days, rows.amount_minor < 0)
        groups = GroupIds(IntKeys(frozen(words.view(np.uint64))), None)
        return rows._replace(keys=within_groups(rows.keys, groups))

    def _count_days(self, days: Integers) -> None:
        if not len(days):
            return
        first = int(days.min())
        counts = np.bincount(days - first)
        found = np.flatnonzero(counts)
        with self._lock:
            for day, n in zip((found + first).tolist(), counts[found].tolist(), strict=True):
                self._by_day[day] = self._by_day.get(day, 0) + n

    def _without_days(self, keys: Keys) -> tuple[Keys, Integers]:
        customers = customers_of(keys, of_bytes=self._ids.of_bytes)
        return customers, group_words(keys).view(np.int64)

    @property
    def _ids(self) -> IdColumns:
        return IdColumns(self.kinds.customer, self.kinds.by)

    def _refuse_too_many(self, keys: Keys, records: Records) -> None:
        counts = records[:, COUNT] & _COUNT_MASK
        # Counts in files and in sums of batches are signed.
        faulty = np.flatnonzero((records[:, FIRST] == TOO_MANY) | (counts >> (COUNT_BITS - 1) > 0))
        if len(faulty):
            raise DataError(
                f"orders must be below 2^{COUNT_BITS - 1} per customer; customer "
                f"{self._ids.name(keys.take(faulty[:1]))} has more. Correct the number."
            )


def _since(first_day: int | None, rows: Rows) -> Rows:
    """Return the rows from `first_day` on."""
    if first_day is None or not len(rows.days):
        return rows
    return rows.take(np.flatnonzero(rows.days >= first_word(first_day)))
