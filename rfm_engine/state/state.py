"""State: totals on disk that take a day of orders and give the scores of all, night after night."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, NoReturn, Unpack

from rfm_engine.errors import UsageError
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import StateOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.kinds import Kinds
from rfm_engine.orders.reading import NEWEST
from rfm_engine.state.creation import create, store_at
from rfm_engine.state.disk import Disk
from rfm_engine.state.erasure import Forgetting
from rfm_engine.state.history import LIFETIME, History
from rfm_engine.state.ingest import (
    Ingested,
    budget_of,
    check_ids,
    gathering_of,
    inputs_of,
    next_generation,
    nothing_to_add,
    reading_of,
)
from rfm_engine.state.ledger import KnownBatches, in_files
from rfm_engine.state.manifest import Manifest
from rfm_engine.state.next_generation import Building, shape_of
from rfm_engine.state.parts import PartReader, PartWriter
from rfm_engine.state.store import Current, Snapshot, Store
from rfm_engine.state.summary import summary_of
from rfm_engine.state.totals import Stored, row_counts, sealed_by, stored_totals
from rfm_engine.state.verification import faults
from rfm_engine.totals.aggregation import Progress
from rfm_engine.totals.memory.system import threads_of
from rfm_engine.totals.totals import Totals


class State:
    """A state on disk, seen as of the generation that was the newest when it was opened.

    What is read through it stays the same while others write. Methods that write take the newest
    generation, whatever was opened, and this object then sees what they have written.

    Examples
    --------
    >>> import tempfile, pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> orders = pa.table({
    ...     "customer_id": [1, 1, 2],
    ...     "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, 7.0],
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = rfm.State.create(folder + "/state")
    ...     state.ingest(orders, batch_id="october").rows.counted
    ...     state.ingest(orders, batch_id="october").batch is None
    ...     sorted(state.totals().finish()["frequency"].to_pylist())
    3
    True
    [1, 2]
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: Snapshot | None = Snapshot(store)
        self._is_closed = False

    @classmethod
    @documented(StateOptions)
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        history: str = LIFETIME,
        keep_batches: int = 7,
        keep: int = 3,
        disk: Disk | None = None,
        **options: Unpack[StateOptions],
    ) -> State:
        """Create a state, and set how its orders are read.

        Parameters
        ----------
        path
            A folder that is empty or not there; its parent is.
        history
            `lifetime`: one record a customer, for dates of analysis from the newest order on.
            `rolling:365d`: day detail of so many days and 31 more, for any date and window within
            them.
        keep_batches
            How many of the last batches can be replaced, and know their order ids.
        keep
            How many generations stand and can be restored.
        disk
            What is written to instead of the local file system, in tests.
        {options}

        Raises
        ------
        UsageError
            An option is none of its choices, or the history cannot keep what it asks for.
        StateError
            Something is there already.
        """
        store = store_at(path, disk)
        create(store, history, keep_batches, keep, given("State.create", StateOptions, options))
        return cls(store)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, disk: Disk | None = None) -> State:
        """Open a state as it is now.

        Raises
        ------
        StateError
            There is none, or its manifest is not as it was written.
        """
        return cls(store_at(path, disk))

    @property
    def _snapshot(self) -> Snapshot:
        # After a write, that which it made, or one that came after it.
        if self._seen is None:
            self._seen = Snapshot(self._store)
            if self._is_closed:
                self._seen.close()
        return self._seen

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._store.folder

    @property
    def manifest(self) -> Manifest:
        """The document of the generation that is seen."""
        return self._snapshot.manifest

    @property
    def options(self) -> dict[str, Any]:
        """The reading options set for good."""
        return dict(self.manifest.options)

    def summary(self) -> dict[str, Any]:
        """Say what is in the state, in values that JSON has.

        `options` are those that differ from the defaults; `bytes` and `files` are those of the
        generation that is seen.
        """
        return summary_of(self.manifest)

    def totals(
        self,
        *,
        as_of: date | str = NEWEST,
        window: str | None = None,
        frequency: str | None = None,
        clv: bool = False,
        clv_unit: str | None = None,
        threads: int = 1,
        memory_limit: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
    ) -> Totals:
        """Return the totals, exactly those of `CustomerTotals` of all orders.

        Raises
        ------
        UsageError
            The history cannot answer; the message says why.
        """
        asked = {"as_of": as_of, "window": window, "clv": clv, "clv_unit": clv_unit}
        if frequency is not None:
            asked["frequency"] = frequency
        running = {
            "threads": threads_of(threads), "memory_limit": memory_limit, "spill_dir": spill_dir,
        }  # fmt: skip
        return self.totals_as(self.options | asked, running)

    def totals_as(self, options: dict[str, Any], running: dict[str, Any]) -> Totals:
        """Return the totals under reading options, `as_of`, `window` and `clv` among them."""
        manifest, newest = self.manifest, self.manifest.newest
        newest_day = newest.last_day
        history = History.parse(manifest.history)
        asked, window = history.asked(options, newest_day, newest.first_day)
        kinds = None if newest.kinds is None else Kinds(*newest.kinds)
        read = None
        if kinds is not None:
            read = PartReader(self._snapshot, shape_of(manifest, kinds), newest.totals)
        counts = row_counts(newest.whole_account, window)
        stored = Stored(read, kinds, counts, newest_day, frozenset(newest.currencies))
        # Amounts have been converted and duplicates dropped; the file of rates may be gone.
        given = running | asked | {"rates": None, "distinct": ()}
        return stored_totals(stored, window, given, sealed_by(asked))

    @documented(RunningOptions)
    def ingest(
        self,
        orders: object,
        *,
        batch_id: str | None = None,
        replace_batch: str | None = None,
        progress: Callable[[Progress], None] | None = None,
        **options: Unpack[RunningOptions],
    ) -> Ingested:
        """Add orders, all of them in one step; those that are there already are left out.

        Parameters
        ----------
        orders
            As `rfm_engine.score` takes them.
        batch_id
            Names the batch: orders under an id that was ingested are taken for the same. By
            default files are told by their content, wherever they stand; orders in memory and
            from pipes need an id.
        replace_batch
            Puts the orders in the place of a batch that is still kept.
        progress
            As `rfm_engine.score` takes it.
        {options}

        Raises
        ------
        UsageError
            An input is missing, or the batch to be replaced is not kept.
        DataError
            The data were refused; nothing was added.
        StateError
            Another writer is at work.
        RfmError
            An object store cannot be reached, refuses or breaks off; nothing was added.
        """
        running = resolve(RunningOptions, given("State.ingest", RunningOptions, options))
        n_threads = threads_of(running["threads"])
        with self._writing() as current, ThreadPoolExecutor(n_threads) as pool:
            manifest, newest = current.manifest, current.generation
            known = KnownBatches(newest.ledger, current)
            check_ids(newest, known, batch_id, replace_batch)
            if batch_id is not None and batch_id in known:
                return nothing_to_add(newest, {batch_id: batch_id})
            reading = reading_of(manifest)
            inputs = inputs_of(
                orders,
                reading,
                newest,
                known,
                batch_id,
                replace_batch,
                pool,
                running["store_timeout"],
            )
            if inputs.are_in(newest, replace_batch):
                return nothing_to_add(newest, inputs.skipped)
            budget = budget_of(manifest, running["memory_limit"], n_threads)
            gathering = gathering_of(
                inputs,
                reading,
                current,
                replace_batch,
                budget,
                running["spill_dir"],
                n_threads,
                progress,
            )
            inputs.refuse_changed()
            made, batch = next_generation(
                self._store, current, inputs, gathering, known, replace_batch, pool, self._publish
            )
        return Ingested(made.number, batch.id, batch.account, inputs.skipped, gathering.warnings)

    def compact(self, *, threads: int | None = None) -> int:
        """Make one part of all batches that are not kept; return the generation."""
        n_threads = threads_of(threads)
        with self._writing() as current, ThreadPoolExecutor(n_threads) as pool:
            newest = current.generation
            if newest.kinds is None or not newest.settled:
                return newest.number
            building = Building(self._store, current, Kinds(*newest.kinds), pool)
            with building.writing.published_or_discarded():
                manifest = in_files(current.manifest, current, building.writing)
                made = building.compacted(manifest.newest._replace(number=newest.number + 1))
                self._publish(manifest.with_newest(made))
        return made.number

    def gc(self) -> list[str]:
        """Take away files that belong to no generation, left by writers that did not end well."""
        with self._writing() as current:
            return self._store.collect(current.manifest, all_generations=True)

    def restore(self, generation: int) -> int:
        """Make a generation that still stands the newest again; return its new number.

        Raises
        ------
        UsageError
            It does not stand any more, or never did.
        """
        with self._writing() as current, ThreadPoolExecutor(1) as pool:
            numbers = [each.number for each in current.manifest.generations]
            if generation not in numbers:
                listed = ", ".join(map(str, numbers))
                raise UsageError(
                    f"generation must be one that stands ({listed}); got {generation!r}. "
                    "rfm state show lists them."
                )
            if generation == numbers[0]:
                return generation
            writing = PartWriter(self._store, pool, numbers[0] + 1)
            with writing.published_or_discarded():
                manifest = in_files(current.manifest, current, writing)
                again = manifest.generations[numbers.index(generation)]
                made = again._replace(number=writing.number)
                self._publish(manifest.with_newest(made))
        return made.number

    def forget(self, *customers: object) -> list[object]:
        """Take customers out of all generations; return those that any had.

        In a state with groups, out of all of them. The account of rows stays as it is.

        Parameters
        ----------
        *customers
            Ids, as values of the customer column or as their text.

        Raises
        ------
        UsageError
            An id is of another kind than those of the state.
        """
        with self._writing() as current, ThreadPoolExecutor(1) as pool:
            manifest = current.manifest
            writing = PartWriter(self._store, pool, manifest.newest.number + 1)
            forgetting = Forgetting(self._store, manifest, customers, writing)
            with writing.published_or_discarded():
                standing = tuple(map(forgetting.generation, manifest.generations))
                if forgetting.found:
                    manifest = manifest._replace(generations=standing)
                    manifest = in_files(manifest, current, writing)
                    made = manifest.newest._replace(number=writing.number)
                    manifest = manifest.with_newest(made)
                    self._store.publish(manifest)
            self._store.purge(manifest)
            self._seen = None
        return [customer for customer in customers if customer in forgetting.found]

    def verify(self) -> list[str]:
        """Read all generations that stand; return what is not as it was written, a line each.

        Raises
        ------
        StateError
            The manifest is not as it was written.
        """
        return faults(self._store)

    def close(self) -> None:
        """Let go of the files, which otherwise are let go of with this object."""
        self._is_closed = True
        if self._seen is not None:
            self._seen.close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a State cannot be pickled: it holds files open; open it by its path")

    @contextmanager
    def _writing(self) -> Iterator[Current]:
        """Keep other writers out, and see the newest generation."""
        self._store.refuse_missing()
        with self._store.disk.locked(self._store.folder):
            self._store.settle()
            yield Current(self._store)

    def _publish(self, manifest: Manifest) -> None:
        self._store.publish(manifest)
        self._seen = None
        with suppress(OSError):  # The state has changed; the next writer collects the rest.
            self._store.collect(manifest)
