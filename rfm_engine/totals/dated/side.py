"""The totals of one date at a time: within groups, or across all groups."""

from __future__ import annotations

import os
from threading import Lock

from rfm_engine.orders.group_keys import within_groups
from rfm_engine.orders.intake import Intake, Taken
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.reading import Reading
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.buffer.rows import Layout
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.population import Population
from rfm_engine.totals.tables.partitions import Partitions

# Spilled data of earlier dates may take this much disk space before it is freed.
_MOST_BYTES = 1 << 28
_SEALED = (
    "totals must be built for one date to be exported; got those of one of several dates. "
    "Build totals of this date."
)


class Side:
    """The customers within groups if `by` is set, or across all groups.

    `every` has read the rows of all dates.
    """

    def __init__(
        self, every: Accumulator, spill_dir: str | os.PathLike[str] | None, *, by: bool
    ) -> None:
        self._every = every
        self._spill_dir = spill_dir
        self._by = by
        self._lock = Lock()
        self.begin(0)

    def begin(self, n_rows: int) -> None:
        """Start again without customers; `n_rows` rows are expected."""
        self._partitions: Partitions | None = None
        self._spill = SpillFile(self._spill_dir)
        self._n_rows = n_rows
        self._most_bytes = _MOST_BYTES

    def tidy(self) -> None:
        """Free disk space, if much of what was spilled for earlier dates is not needed any more."""
        if self._partitions is None or self._spill.n_bytes < self._most_bytes:
            return
        self._spill = SpillFile(self._spill_dir)
        self._partitions.move_to(self._spill)
        self._most_bytes = 2 * self._spill.n_bytes + _MOST_BYTES

    def tables(self, rows: OrderRows) -> Partitions:
        """Return the hash tables for such rows; any thread may call it."""
        with self._lock:
            if self._partitions is None:
                layout = Layout.of(rows)
                self._partitions = self._every.new_tables(layout, self._n_rows, self._spill)
            return self._partitions

    def keyed(self, rows: OrderRows) -> OrderRows:
        """Return the rows with the keys of this side."""
        if rows.groups is None or not self._by:
            return rows
        return rows._replace(keys=within_groups(rows.keys, rows.groups))

    def population(self, reading: Reading, counts: RowCounts) -> Population:
        """Return the totals of the date of a reading, of which `counts` are the row counts."""
        whole = self._every.intake
        kinds = whole.seen_kinds
        if not self._by:
            reading, kinds = reading.but(by=None), kinds._replace(by=None)
        intake = Intake(reading)
        intake.take_values(whole)
        intake.enter(
            Taken(kinds, counts, reading.as_of_day, whole.ledger.currencies, whole.seen),
            name="the orders",
        )
        return Population(
            intake, self._every.budget, self._every.hash_key, self._spill, self._partitions, _SEALED
        )
