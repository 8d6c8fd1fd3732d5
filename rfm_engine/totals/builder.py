"""CustomerTotals: what is known of every customer, fed batch by batch from any thread."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from functools import partial
from threading import Lock
from typing import Unpack

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import is_text, plain_type
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.group_keys import within_groups
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.kinds import OUTPUT_TYPES
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.totals.buffer.rows import Layout, NetRule
from rfm_engine.totals.chunks import (
    CHUNK_BYTES_A_CUSTOMER,
    CLV_BYTES_A_CUSTOMER,
    GROUP_BYTES_A_CUSTOMER,
    CustomerChunk,
    chunk_of,
)
from rfm_engine.totals.customers import Customers, Some, grouped
from rfm_engine.totals.duplicates.filter import Duplicates
from rfm_engine.totals.memory.budget import Budget, batch_bytes, parse_size, plan_memory
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.repeat_purchases import CLV_FIELDS, clv_columns
from rfm_engine.totals.tables.hashing import HashKey
from rfm_engine.totals.tables.partitions import Partitions


class CustomerTotals:
    """Per-customer totals of orders: first and last order, number of orders, net amount.

    `update(a); update(b)` equals `update(a + b)`, `merge` is associative and commutative, fresh
    totals are neutral, and `finish` changes nothing. All of it is integers, so the results are
    the same bits however the orders are cut, ordered or spread over threads. `update` may be
    called from many threads at once.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> orders = pa.table({
    ...     "customer_id": [1, 1, 2],
    ...     "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, 7.0],
    ... })
    >>> totals = rfm.CustomerTotals(as_of="2026-10-31")
    >>> totals.update(orders)
    >>> sorted(totals.finish().select(["customer_id", "frequency"]).to_pylist(), key=str)
    [{'customer_id': 1, 'frequency': 2}, {'customer_id': 2, 'frequency': 1}]
    """

    _is_mergeable = True

    @documented(TotalsOptions)
    def __init__(
        self,
        *,
        hash_key: int | None = None,
        memory_limit: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
        threads: int = 1,
        sharing: int = 1,
        n_rows: int | None = None,
        **options: Unpack[TotalsOptions],
    ) -> None:
        """Create empty totals.

        Parameters
        ----------
        hash_key
            Secret of the hash tables; drawn at random unless given. It never changes a result.
        memory_limit
            Most memory of the process, in bytes or as a text like `"2GB"`; None is no limit. What
            does not fit goes to disk. It never changes a result.
        spill_dir
            Where on disk; by default the system's folder for temporary files.
        threads
            How many threads will call `update`: the limit is to hold their batches too.
        sharing
            How many totals, this one among them, share the limit.
        n_rows
            How many rows will come, where that is known. It never changes a result.
        {options}

        Raises
        ------
        UsageError
            An option is none of its choices, or two contradict each other.
        """
        limit = None if memory_limit is None else parse_size(memory_limit)
        self._spill = SpillFile(spill_dir)
        known = Reading(**given("CustomerTotals", TotalsOptions, options))
        a_thread = batch_bytes(
            by=known.by is not None, clv=known.clv, distinct=bool(known.distinct)
        )
        self._budget = plan_memory(limit, anonymous_bytes(), threads, sharing, a_thread)
        self._hash_key = HashKey.from_int(secrets.randbits(63) if hash_key is None else hash_key)
        duplicates = None
        if known.distinct:
            self._budget, most_bytes = self._budget.shared_with_rows()
            duplicates = Duplicates(known, self._hash_key, most_bytes)
        self._intake = Intake(known, duplicates)
        if self.reading.window is not None and self.reading.as_of_day is None:
            raise UsageError("as_of must be a date when a window is given; got 'newest'.")
        self._n_rows = n_rows
        self._empty = partial(
            CustomerTotals, hash_key=hash_key, memory_limit=memory_limit,
            spill_dir=spill_dir, threads=threads, sharing=sharing, **known.but().options,
        )  # fmt: skip
        self._lock = Lock()
        self._partitions: Partitions | None = None

    @property
    def hash_key(self) -> HashKey:
        """The secret of the hash tables."""
        return self._hash_key

    @property
    def budget(self) -> Budget:
        """How the memory is divided."""
        return self._budget

    @property
    def spill(self) -> SpillFile:
        """The file for what memory has no room for."""
        return self._spill

    @property
    def rows(self) -> RowCounts:
        """Rows read, counted, and dropped by reason; always balanced."""
        return self._intake.ledger.counts()

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows so far: records of code and text."""
        return self._intake.warnings

    @property
    def n_customers(self) -> int:
        """Customers seen, those without orders included."""
        with ThreadPoolExecutor(1) as pool:
            settled = self.settle(pool)
        known = self._customers
        return 0 if known is None else sum(map(known.n_held, settled))

    @property
    def n_customers_so_far(self) -> int:
        """Customers seen, those in rows that wait not counted yet: for progress."""
        return 0 if self._customers is None else self._customers.n_customers

    @property
    def nbytes(self) -> int:
        """Bytes held in memory for the customers, and for distinct rows."""
        with ThreadPoolExecutor(1) as pool:
            self.settle(pool)
        held = 0 if self._partitions is None else self._partitions.nbytes
        duplicates = self._intake.duplicates
        return held if duplicates is None else held + duplicates.rows.nbytes

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None when the newest row decides and there is none yet."""
        day = self._intake.as_of_day
        return None if day is None else day_date(day)

    def update(self, orders: object) -> None:
        """Add orders: a record batch, a table, or anything with `__arrow_c_stream__`.

        Raises
        ------
        UsageError
            A column is missing.
        DataError
            A column has a type its role cannot have or differs from earlier orders, an amount
            has more than 18 digits, currencies are mixed, or `strict` meets a faulty row. Column
            types are checked before anything is added. Of streams, iterators and text times, whose
            kinds only show as they are read, everything is added or nothing. Where a row of other
            orders is refused, or `distinct` is given, the batches before it stay added.
        """
        reading = self._intake.reading
        sources = open_sources(
            orders, reading.columns, csv_format=reading.csv, as_files=reading.as_files
        )
        if not self._is_mergeable or reading.distinct or not any(map(self._shows_late, sources)):
            self._take(sources)
            return
        aside = self._empty()
        aside._intake.adopt_kinds(self._intake)
        aside._take(sources)
        self._take_over(aside)

    def _shows_late(self, source: Source) -> bool:
        """Whether only reading shows what a source holds: batches to come, or text times."""
        time = plain_type(source.schema.field(self.reading.time).type)
        return not source.repeatable or is_text(time)

    def _take(self, sources: Sequence[Source]) -> None:
        self.join(sources)
        for source in sources:
            for read in source.reads():
                for batch, place in read:
                    self.add(batch, place, text=source.text)

    def _take_over(self, other: CustomerTotals) -> None:
        """Add all of other totals with the same options; they are not used afterwards."""
        with self._lock:
            if self._partitions is None:
                self._intake.merge(other._intake)
                self._partitions = other._partitions
                return
        self.merge(other)

    @property
    def reading(self) -> Reading:
        """The reading options and the days they come to."""
        return self._intake.reading

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of sources agree with one another and with all before them."""
        self._intake.join(sources)

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool = False) -> None:
        """Add a batch of a source that has joined."""
        for rows in self._intake.take(batch, place, text=text):
            if not rows.counts[COUNTED]:  # Nor need their ids be of the kind that others have.
                continue
            keyed = rows
            if rows.groups is not None:
                keyed = rows._replace(keys=within_groups(rows.keys, rows.groups))
            self._known(Layout.of(keyed)).add(keyed)

    def merge(self, other: CustomerTotals) -> None:
        """Add everything that `other` holds; `other` stays as it is and must stand still meanwhile.

        Raises
        ------
        UsageError
            `other` was made with other options.
        DataError
            `other` holds another kind of ids, another scale or another currency.
        """
        if other is self:
            raise UsageError("totals must be merged into others; got the same. Copy them first.")
        if not (self._is_mergeable and other._is_mergeable):
            raise UsageError("totals must be of orders to be merged; got those of a state.")
        self._refuse_rows_apart("merged")
        other._refuse_rows_apart("merged")
        if other.reading != self.reading:
            raise UsageError("totals must be made with the same options to be merged; they differ.")
        self._intake.merge(other._intake)
        with ThreadPoolExecutor(1) as pool:
            other.settle(pool)
        if other._partitions is not None:
            self._known(other._partitions.layout).absorb(other._partitions)

    def finish(self) -> pa.Table:
        """Return the customers with an order, in no order.

        Returns
        -------
        pyarrow.Table
            The customer column under its input name, with `by` that of groups, `first_order` (null
            with `customer_level`) and `last_order` (timestamp[us, UTC]), `recency_days` (int32:
            days from the local date of the last order to `as_of`), `frequency` (int64: orders, or
            days with one) and `monetary` (decimal128(18, scale): net sum, refunds included); with
            `clv` also `x` (int64), `t_x`, `T` and `zbar` (float64).

        Raises
        ------
        DataError
            A customer's net sum has more than 18 digits, its orders more than 40 bits, or a text
            id is not UTF-8.
        """
        with ThreadPoolExecutor(1) as pool:
            chunks, _ = self.chunks(pool)
        schema = pa.schema([*self.fields, *self.clv_fields])
        tables = [
            pa.table([*chunk.columns(self.scale), *self.clv_columns(chunk)], schema=schema)
            for chunk in chunks
        ]
        return pa.concat_tables([pa.Table.from_batches([], schema), *tables])

    @property
    def scale(self) -> int:
        """Digits of the minor units behind the point."""
        return self._intake.kinds.scale

    @property
    def fields(self) -> list[pa.Field]:
        """The columns of `finish`, those of `clv` not among them."""
        instant, kinds = pa.timestamp("us", "UTC"), self._intake.kinds
        return [
            pa.field(self.reading.customer, OUTPUT_TYPES[kinds.customer]),
            *([] if kinds.by is None else [pa.field(self.reading.by, OUTPUT_TYPES[kinds.by])]),
            pa.field("first_order", instant),
            pa.field("last_order", instant),
            pa.field("recency_days", pa.int32()),
            pa.field("frequency", pa.int64()),
            pa.field("monetary", pa.decimal128(MAX_DIGITS, self.scale)),
        ]

    @property
    def clv_fields(self) -> list[pa.Field]:
        """The columns of `clv`, none unless asked for."""
        return CLV_FIELDS if self.reading.clv else []

    def clv_columns(self, chunk: CustomerChunk) -> list[pa.Array]:
        """Return the columns of `clv_fields` for a chunk."""
        as_of_day = self._intake.as_of_day
        if chunk.repeats is None or as_of_day is None:
            return []
        return clv_columns(chunk.repeats, as_of_day, self.reading.clv_unit or "D", self.scale)

    def chunks(self, pool: Executor) -> tuple[list[CustomerChunk], int]:
        """Return the customers with an order as arrays, and how many customers have none.

        The threads of `pool` take the partitions.
        """
        as_of_day = self._intake.as_of_day or 0
        zone, kinds = self.reading.zone, self._intake.kinds
        known = self._customers
        if known is None:
            return [], 0

        def finished(group: Sequence[Some]) -> tuple[CustomerChunk, int]:
            loads = [partial(known.held, partition) for partition in group]
            n_records = sum(partition.n_records for partition in group)
            return chunk_of(loads, n_records, as_of_day, zone, kinds)

        each = CHUNK_BYTES_A_CUSTOMER
        each += 0 if kinds.by is None else GROUP_BYTES_A_CUSTOMER
        each += CLV_BYTES_A_CUSTOMER if self.reading.clv else 0
        settled = known.settled(pool, each)
        done = list(pool.map(finished, grouped(settled)))
        self._budget.refuse_without_room(each, sum(len(chunk.frequency) for chunk, _ in done))
        return [chunk for chunk, _ in done], sum(n for _, n in done)

    def settle(self, pool: Executor) -> Sequence[Some]:
        """Add the rows that wait, with the threads of `pool`; return who there is, in parts."""
        return () if self._customers is None else self._customers.settled(pool)

    def __getstate__(self) -> object:
        """Return what a copy is made of; with `distinct` there are no copies."""
        self._refuse_rows_apart("copied or pickled")
        return super().__getstate__()

    def _refuse_rows_apart(self, done: str) -> None:
        if self.reading.distinct:
            raise UsageError(
                f"totals with distinct must not be {done}, because rows are compared within one "
                "builder only; got such totals. Add all orders to one."
            )

    @property
    def _customers(self) -> Customers | None:
        return self._partitions

    def _known(self, layout: Layout) -> Partitions:
        with self._lock:
            if self._partitions is None:
                signed = self._intake.kinds.customer == "int"
                reading = self.reading
                days_in = reading.zone if reading.clv else None
                if reading.refunds == "net-order":
                    rule = NetRule(reading.zone, reading.frequency == "days", reading.clv)
                    layout, days_in = layout._replace(net=rule), None
                self._partitions = Partitions(
                    self._hash_key, layout, self._budget, self._spill, signed=signed,
                    days_in=days_in,
                    n_rows=self._n_rows,
                )  # fmt: skip
            return self._partitions
