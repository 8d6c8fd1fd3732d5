"""State: totals on disk, updated with each batch of orders and scored at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Self, Unpack

from rfm_engine.errors import UsageError
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import StateOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.kinds import Kinds
from rfm_engine.orders.reading import NEWEST
from rfm_engine.orders.workers import Workers
from rfm_engine.state.addition import Addition
from rfm_engine.state.creation import create, store_at
from rfm_engine.state.disk import Disk
from rfm_engine.state.erasure import Forgetting
from rfm_engine.state.history import LIFETIME, History
from rfm_engine.state.ingest import Ingested
from rfm_engine.state.ledger import in_files
from rfm_engine.state.manifest import Manifest
from rfm_engine.state.next_generation import Building, shape_of
from rfm_engine.state.parts import PartReader, PartWriter
from rfm_engine.state.store import Current, Snapshot, Store
from rfm_engine.state.summary import summary_of
from rfm_engine.state.table_versions import add_table, delta_of
from rfm_engine.state.totals import Stored, row_counts, sealed_by, stored_totals
from rfm_engine.state.verification import faults
from rfm_engine.totals.aggregation import Progress
from rfm_engine.totals.memory.system import threads_of
from rfm_engine.totals.totals import Totals


class State:
    """A state on disk, read at the generation that was the newest when it was opened.

    What this object reads does not change while other processes write. Methods that write always
    start from the newest generation on disk, not from the opened one. After a write, this object
    reads the generation that was written.

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
    ) -> Self:
        """Create a state and set how it reads orders.

        Parameters
        ----------
        path
            A new or empty folder. Its parent folder must exist.
        history
            `lifetime`: one record per customer, for dates of analysis from the newest order on.
            `rolling:365d`: day detail of this number of days and 31 more, for any date and window
            within them.
        keep_batches
            Number of the last batches that can be replaced. The state also keeps their order ids.
        keep
            Number of generations to keep. A kept generation can be restored.
        disk
            Replaces the local file system in tests.
        {options}

        Raises
        ------
        UsageError
            An option has an invalid value, or the history does not support it.
        StateError
            The path is a file or a folder that is not empty.
        """
        store = store_at(path, disk)
        create(store, history, keep_batches, keep, given("State.create", StateOptions, options))
        return cls(store)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, disk: Disk | None = None) -> Self:
        """Open a state at its newest generation.

        Raises
        ------
        StateError
            There is no state at the path, or its manifest is damaged or was changed.
        """
        return cls(store_at(path, disk))

    @property
    def _snapshot(self) -> Snapshot:
        # After a write, this is the generation that it made, or a newer one.
        if self._seen is None:
            self._seen = Snapshot(self._store)
            if self._is_closed:
                self._seen.close()
        return self._seen

    @property
    def path(self) -> Path:
        """The folder of the state."""
        return self._store.folder

    @property
    def manifest(self) -> Manifest:
        """The manifest of the generation that this object reads."""
        return self._snapshot.manifest

    @property
    def options(self) -> dict[str, Any]:
        """The reading options, which were fixed when the state was created."""
        return dict(self.manifest.options)

    def summary(self) -> dict[str, Any]:
        """Return a summary of the state, in values that JSON supports.

        `options` contains the options that differ from their defaults. `bytes` and `files` are
        the size and the number of files of the generation that this object reads.
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
        """Return the totals, which are equal to those of `CustomerTotals` of all orders.

        Raises
        ------
        UsageError
            The history does not support the options; the message says why.
        """
        asked = {"as_of": as_of, "window": window, "clv": clv, "clv_unit": clv_unit}
        if frequency is not None:
            asked["frequency"] = frequency
        running = {
            "threads": threads_of(threads), "memory_limit": memory_limit, "spill_dir": spill_dir,
        }  # fmt: skip
        return self.totals_as(self.options | asked, running)

    def totals_as(self, options: dict[str, Any], running: dict[str, Any]) -> Totals:
        """Return the totals under reading options, including `as_of`, `window` and `clv`."""
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
        # Amounts are already converted and duplicates dropped. The file of rates may be deleted.
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
        """Add orders, either all or none; skip those that were already ingested.

        Parameters
        ----------
        orders
            The same inputs as for `rfm_engine.score`. `delta:PATH@41..47` adds the rows of these
            versions of a Delta table, both ends included, each version as a batch. `delta:PATH`
            adds the table as it is, and later what its newer versions have added;
            `delta:PATH@47` does so up to this version.
        batch_id
            Id of the batch. If the id was already ingested, the orders are skipped. Without an id,
            files are recognised by their content, whatever their path. Orders in memory and from
            pipes need an id. Versions of a Delta table have their own.
        replace_batch
            Id of a batch that is still kept. The orders, from files or memory, replace this batch.
        progress
            The same as for `rfm_engine.score`.
        {options}

        Raises
        ------
        UsageError
            An input is missing, or the batch to be replaced is not kept.
        DataError
            The data are invalid, or a version of a table removes rows; nothing was added. Of
            several versions, those before the invalid one were added.
        StateError
            Another process is writing to the state, or the state is missing or damaged.
        RfmError
            An object store cannot be reached, denies access or breaks off; nothing was added.
        """
        running = resolve(RunningOptions, given("State.ingest", RunningOptions, options))
        earlier = partial(State._publish, self)
        addition = Addition(self._store, self._writing, self._publish, earlier, running)
        place = delta_of(orders)
        if place is not None:
            return add_table(addition, place, batch_id, replace_batch, progress)
        return addition.of_orders(orders, batch_id, replace_batch, progress)

    def compact(self, *, threads: int | None = None) -> int:
        """Merge all settled batches into one part; return the number of the generation."""
        n_threads = threads_of(threads)
        with self._writing() as current, Workers(n_threads) as pool:
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
        """Delete files that belong to no generation, left by failed writers; return their names."""
        with self._writing() as current:
            return self._store.collect(current.manifest, all_generations=True)

    def restore(self, generation: int) -> int:
        """Make a kept generation the newest again; return its new number.

        Raises
        ------
        UsageError
            The generation is not kept any more, or never existed.
        """
        with self._writing() as current, Workers(1) as pool:
            numbers = [each.number for each in current.manifest.generations]
            if generation not in numbers:
                listed = ", ".join(map(str, numbers))
                raise UsageError(
                    message(
                        "{generation} must be one that is kept ({}); got {!r}. "
                        "rfm state show lists them.",
                        listed,
                        generation,
                    )
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
        """Delete customers from all generations; return those that were found.

        In a state with groups, customers are deleted from all groups. The numbers of rows that were
        read, counted and dropped do not change.

        Parameters
        ----------
        *customers
            Ids, as values of the customer column or as text.

        Raises
        ------
        UsageError
            An id has another type than the ids of the state.
        """
        with self._writing() as current, Workers(1) as pool:
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
        """Read all kept generations; return one line per damaged, changed or missing file.

        Raises
        ------
        StateError
            The manifest is damaged or was changed.
        """
        return faults(self._store)

    def close(self) -> None:
        """Close the open files, which are otherwise closed when this object is deleted."""
        self._is_closed = True
        if self._seen is not None:
            self._seen.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a State cannot be pickled because it has open files; open it by its path")

    @contextmanager
    def _writing(self) -> Iterator[Current]:
        """Lock the state against other writers and yield the newest generation."""
        self._store.refuse_missing()
        with self._store.disk.locked(self._store.folder):
            self._store.settle()
            yield Current(self._store)

    def _publish(self, manifest: Manifest) -> None:
        self._store.publish(manifest)
        self._seen = None
        with suppress(OSError):  # The generation is published; the next writer deletes the rest.
            self._store.collect(manifest)
