"""Build totals batch by batch, from any thread, or from other totals."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from functools import partial
from threading import Lock

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import is_text, plain_type
from rfm_engine.options.messages import message
from rfm_engine.orders.group_keys import within_groups
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.buffer.rows import Layout, NetRule
from rfm_engine.totals.digest import refuse_other_options
from rfm_engine.totals.duplicates.filter import Duplicates
from rfm_engine.totals.memory.budget import batch_bytes, parse_size, plan_memory
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes
from rfm_engine.totals.population import Population
from rfm_engine.totals.tables.partitions import Partitions
from rfm_engine.totals.tables.table_plan import TablePlan

_DISTINCT = (
    "totals with distinct must not be {done}, because rows are only compared within one builder; "
    "got totals with distinct. Add all orders to one builder."
)


class Accumulator(Population):
    """The totals that `rfm_engine.CustomerTotals` builds.

    `sharing` is the number of accumulators that share the memory limit, including this one.
    `n_rows` is the expected number of rows, or None if it is unknown. Neither changes a result.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        hash_key: int | None = None,
        memory_limit: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
        threads: int = 1,
        sharing: int = 1,
        n_rows: int | None = None,
    ) -> None:
        limit = None if memory_limit is None else parse_size(memory_limit)
        a_thread = batch_bytes(
            by=reading.options["by"] is not None,
            clv=reading.options["clv"],
            distinct=bool(reading.options["distinct"]),
        )
        budget = plan_memory(limit, anonymous_bytes(), threads, sharing, a_thread)
        key = HashKey.from_int(secrets.randbits(63) if hash_key is None else hash_key)
        duplicates = sealed = None
        if reading.options["distinct"]:
            sealed = _DISTINCT.format(done="exported")
            budget, most_bytes = budget.shared_with_rows()
            duplicates = Duplicates(reading, key, most_bytes)
        intake, spill = Intake(reading, duplicates), SpillFile(spill_dir)
        super().__init__(intake, budget, key, spill, sealed=sealed)
        if reading.options["window"] is not None and reading.as_of_day is None:
            raise UsageError(
                message("{as_of} must be a date when {window} is given; got 'newest'.")
            )
        self._n_rows = n_rows
        self.empty = partial(
            Accumulator, reading, hash_key=hash_key, memory_limit=memory_limit,
            spill_dir=spill_dir, threads=threads, sharing=sharing,
        )  # fmt: skip
        self._lock = Lock()
        self._partitions: Partitions | None = None

    @property
    def customers(self) -> Partitions | None:
        """The hash tables; None until the first row is counted."""
        return self._partitions

    @property
    def nbytes(self) -> int:
        """Bytes held in memory for the customers, and for distinct rows."""
        with Workers(1) as pool:
            self.settle(pool)
        held = 0 if self._partitions is None else self._partitions.nbytes
        duplicates = self.intake.duplicates
        return held if duplicates is None else held + duplicates.rows.nbytes

    def update(self, sources: Sequence[Source]) -> None:
        """Add all orders of the sources.

        If the content of a source is only known after reading it (see `_shows_late`), either all
        orders are added or none, except with `distinct`.
        """
        if self.reading.options["distinct"] or not any(map(self._shows_late, sources)):
            self._take(sources)
            return
        aside = self.empty()
        aside.intake.adopt_kinds(self.intake)
        aside._take(sources)
        self.take_over(aside)

    def _shows_late(self, source: Source) -> bool:
        """Return whether a source must be read to check it: a stream, or times as text."""
        time = plain_type(source.schema.field(self.reading.options["time"]).type)
        return not source.repeatable or is_text(time)

    def _take(self, sources: Sequence[Source]) -> None:
        self.join(sources)
        for source in sources:
            for read in source.reads():
                for batch, place in read:
                    self.add(batch, place, text=source.text)

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of the sources match each other and all earlier sources."""
        self.intake.join(sources)

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool = False) -> None:
        """Add a batch of a source that was passed to `join`."""
        for rows in self.intake.take(batch, place, text=text):
            if not rows.counts[COUNTED]:  # Their ids may be of another kind.
                continue
            keyed = rows
            if rows.groups is not None:
                keyed = rows._replace(keys=within_groups(rows.keys, rows.groups))
            self.tables(Layout.of(keyed)).add(keyed)

    def merge(self, other: Accumulator) -> None:
        """Add everything that another accumulator contains, without changing it."""
        if other is self:
            raise UsageError("totals must be merged into other totals; got the same. Copy them.")
        self.refuse_distinct("merged")
        other.refuse_distinct("merged")
        refuse_other_options(self.reading, other.reading)
        self.intake.merge(other.intake)
        theirs = other._partitions
        if theirs is not None:
            with Workers(1) as pool:
                settled = theirs.settled(pool)
            self.tables(theirs.layout).absorb(map(theirs.contents, settled))

    def take_over(self, other: Accumulator) -> None:
        """Add everything that another accumulator contains; do not use `other` afterwards."""
        with self._lock:
            if self._partitions is None:
                self.intake.merge(other.intake)
                self._partitions = other._partitions
                return
        self.merge(other)

    def refuse_distinct(self, done: str) -> None:
        """Raise a `UsageError` if `distinct` is given, because rows are compared then."""
        if self.reading.options["distinct"]:
            raise UsageError(_DISTINCT.format(done=done))

    def tables(self, layout: Layout) -> Partitions:
        """Return the hash tables; create them for rows of this layout if there are none yet."""
        with self._lock:
            if self._partitions is None:
                self._partitions = self.new_tables(layout, self._n_rows, self.spill)
            return self._partitions

    def new_tables(self, layout: Layout, n_rows: int | None, spill: SpillFile) -> Partitions:
        """Return empty hash tables for about `n_rows` rows, which are spilled to a given file."""
        options, zone = self.reading.options, self.reading.zone
        days_in = zone if options["clv"] else None
        if options["refunds"] == "net-order":
            rule = NetRule(zone, options["frequency"] == "days", options["clv"])
            layout, days_in = layout._replace(net=rule), None
        plan = TablePlan(self.hash_key, self.kinds.customer == "int", days_in, n_rows)
        return Partitions(plan, layout, self.budget, spill)
