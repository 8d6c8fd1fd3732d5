"""Add one batch after the other to a state, each in a generation of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from rfm_engine.orders.workers import Workers
from rfm_engine.state.batch_ids import check_ids
from rfm_engine.state.ingest import (
    Ingested,
    Inputs,
    budget_of,
    gathering_of,
    ingested_of,
    inputs_of,
    next_generation,
    nothing_to_add,
    reading_of,
)
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.manifest import Manifest
from rfm_engine.state.store import Current, Store
from rfm_engine.totals.aggregation import Report
from rfm_engine.totals.memory.system import threads_of


@dataclass(frozen=True)
class Addition:
    """Adds batches to a state.

    Attributes
    ----------
    store
        The store of the state.
    writing
        Locks the state against other writers and gives its newest generation.
    publish
        Publishes the manifest of the last batch.
    publish_earlier
        Publishes the manifest of a batch that is followed by others of the same ingest.
    running
        Options of the machine.
    """

    store: Store
    writing: Callable[[], AbstractContextManager[Current]]
    publish: Callable[[Manifest], None]
    publish_earlier: Callable[[Manifest], None]
    running: Mapping[str, Any]

    def of_orders(
        self, orders: object, batch: str | None, replaced: str | None, report: Report | None
    ) -> Ingested:
        """Add orders as one batch; the parameters are those of `State.ingest`."""
        n_threads = threads_of(self.running["threads"])
        with self.writing() as current, Workers(n_threads) as pool:
            newest = current.generation
            known = KnownBatches(newest.ledger, current)
            check_ids(newest, known, batch, replaced)
            if batch is not None and batch in known:
                return nothing_to_add(newest, {batch: batch})
            reading = reading_of(current.manifest)
            timeout = self.running["store_timeout"]
            inputs = inputs_of(orders, reading, newest, known, batch, replaced, pool, timeout)
            if inputs.are_in(newest, replaced):
                return nothing_to_add(newest, inputs.skipped)
            return self.of_inputs(current, known, inputs, replaced, pool, report)

    def of_inputs(
        self,
        current: Current,
        known: KnownBatches,
        inputs: Inputs,
        replaced: str | None,
        pool: Executor,
        report: Report | None,
        *,
        is_last: bool = True,
    ) -> Ingested:
        """Add opened inputs as one batch to the newest generation, which is locked."""
        manifest, running = current.manifest, self.running
        n_threads = threads_of(running["threads"])
        budget = budget_of(manifest, running["memory_limit"], n_threads)
        gathering = gathering_of(
            inputs,
            reading_of(manifest),
            current,
            replaced,
            budget,
            running["spill_dir"],
            n_threads,
            report,
        )
        inputs.refuse_changed()
        publish = self.publish if is_last else self.publish_earlier
        made, batch = next_generation(
            self.store, current, inputs, gathering, known, replaced, pool, publish
        )
        return ingested_of(made, batch, inputs, gathering)
