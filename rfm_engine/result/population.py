"""The customers of a snapshot as totals, so that they can be scored again from their values."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.kinds import SeenKinds, kind_of_ids
from rfm_engine.orders.reading import Reading
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.memory.budget import BATCH_BYTES, plan_memory
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes
from rfm_engine.totals.population import Population

_CHUNK_CUSTOMERS = 1 << 18
_MEASURES = ("first_order", "last_order", "recency_days", "frequency", "monetary")


class SnapshotPopulation(Population):
    """Customers with the values that a snapshot has; nothing is read from orders.

    Parameters
    ----------
    snapshot
        The customers.
    reading
        The options of reading of the snapshot, with its date of analysis.
    running
        `threads`, `memory_limit` in bytes or None, and `spill_dir`.
    """

    def __init__(self, snapshot: Snapshot, reading: Reading, running: Mapping[str, Any]) -> None:
        intake = Intake(reading)
        by = reading.options["by"]
        read = [reading.options["customer"], *([] if by is None else [by]), *_MEASURES]
        self._table = snapshot.columns(read)
        self._n_without_orders = snapshot.customers_without_orders
        kinds = SeenKinds(
            kind_of_ids(self._table.schema.types[0]),
            amount="decimal",
            scale=snapshot.scale,
            by=None if by is None else kind_of_ids(self._table.schema.types[1]),
        )
        intake.agree(f"snapshot {str(snapshot.path)!r}", kinds)
        intake.ledger.enter(snapshot.rows, reading.as_of_day, frozenset())
        limit = running["memory_limit"]
        budget = plan_memory(limit, anonymous_bytes(), running["threads"], 1, BATCH_BYTES)
        spill = SpillFile(running["spill_dir"])
        super().__init__(intake, budget, HashKey.from_int(0), spill, sealed="read from a snapshot")

    def chunks(self, pool: Executor, more_bytes: int = 0) -> tuple[list[CustomerChunk], int]:
        """Return the customers as arrays, and the number of customers without an order."""
        del pool
        self.budget.refuse_without_room(more_bytes, len(self._table))
        is_within = self.reading.options["by"] is not None
        starts = range(0, len(self._table), _CHUNK_CUSTOMERS)
        found = [
            chunk_of_table(self._table.slice(start, _CHUNK_CUSTOMERS), within=is_within)
            for start in starts
        ]
        return found, self._n_without_orders
