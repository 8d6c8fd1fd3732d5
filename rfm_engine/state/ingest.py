"""Add orders to a state: skip what was ingested before, and add the rest as a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import NamedTuple

from rfm_engine.errors import DataError, UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.place import MissingColumnError, Source
from rfm_engine.orders.reading import NEWEST, day_date
from rfm_engine.orders.reading import Reading as OrderReading
from rfm_engine.orders.scan import scan
from rfm_engine.orders.sources.discovery import File as OrderFile
from rfm_engine.orders.sources.discovery import Input
from rfm_engine.orders.sources.entry import files_of, open_files, open_sources
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.state.batch_rows import Gathering
from rfm_engine.state.fingerprints import Stamp, fingerprints, id_of, stamp_of
from rfm_engine.state.history import History
from rfm_engine.state.kept_rows import remember, written
from rfm_engine.state.ledger import KnownBatches, in_files, with_batch
from rfm_engine.state.manifest import NOTHING, Account, Batch, Generation, Manifest
from rfm_engine.state.next_generation import Building
from rfm_engine.state.store import Current, Store
from rfm_engine.totals.aggregation import Progress
from rfm_engine.totals.memory.budget import (
    Budget,
    batch_bytes,
    plan_memory,
)
from rfm_engine.totals.memory.system import anonymous_bytes, limit_of
from rfm_engine.totals.tables.measures import COUNT_BITS


@dataclass(frozen=True, slots=True)
class Ingested:
    """The result of an ingest.

    Attributes
    ----------
    generation
        The number of the newest generation after the ingest.
    batch
        The id of the batch; None if there was nothing to add.
    rows
        The numbers of its rows: `read`, `counted`, `dropped` by reason, `too_late`.
    skipped
        Inputs that were already ingested, each with the id of its batch.
    warnings
        The warnings about the rows: records with a code and a text.
    n_inputs
        Number of inputs that were added.
    batches
        The rows of each batch that was added, by its id. Versions of a table are several batches;
        `batch` is then the last one, and `rows` are those of all.
    without_rows
        Versions of a table that added no rows, each with what made it, such as `OPTIMIZE`.
    gaps
        Versions of a table between those that were ingested, that are in no batch, as inputs that
        add them.
    """

    generation: int
    batch: str | None
    rows: Account
    skipped: dict[str, str]
    warnings: tuple[DataWarning, ...] = ()
    n_inputs: int = 0
    batches: dict[str, Account] = field(default_factory=dict)
    without_rows: dict[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


class Inputs(NamedTuple):
    """The inputs to read, and the marks that prevent reading them twice.

    `unmarked` is True if an input has no fingerprint, so that only the id of the batch marks it.
    """

    batch: str
    fingerprints: tuple[str, ...]
    sources: list[Source]
    skipped: dict[str, str]
    unmarked: bool
    stamps: tuple[tuple[OrderFile, Stamp], ...] = ()

    def are_in(self, newest: Generation, replaced: str | None) -> bool:
        """Whether there is nothing to add, or the batch to replace consists of these inputs."""
        return not self.sources or (
            not self.unmarked and newest.has_batch_of(replaced, self.fingerprints)
        )

    def refuse_changed(self) -> None:
        """Raise an error if a file has changed since its fingerprint was taken.

        Raises
        ------
        DataError
            A file was written or replaced meanwhile.
        """
        for file, before in self.stamps:
            if stamp_of(file) != before:
                raise DataError(
                    f"{file.name} must not change while it is ingested; got a changed file. Write "
                    "files under another name, rename them when complete, and ingest it again."
                )


def inputs_of(
    orders: object,
    reading: OrderReading,
    newest: Generation,
    known: KnownBatches,
    batch: str | None,
    replaced: str | None,
    pool: Executor,
    store_timeout: float | str,
) -> Inputs:
    """Open the inputs that the ledger does not contain.

    Raises
    ------
    UsageError
        No batch id was given for orders in memory or from a pipe, so that the state could not
        recognise them when they are ingested again.
    """
    named = batch or replaced
    files = files_of(orders, as_files=reading.options["as_files"], store_timeout=store_timeout)
    plain = [file for file in files or [] if isinstance(file, OrderFile)]
    unmarked = files is None or len(plain) < len(files)
    if unmarked and named is None:
        raise UsageError(
            message(
                "{batch_id} must be given for orders in memory or from a pipe, because only this "
                "id shows whether they were ingested before; got none. Use, for example, the day."
            )
        )
    if files is None:
        sources = open_sources(orders, reading.columns, csv_format=reading.csv, roles=reading.roles)
        return Inputs(str(named), (), sources, {}, unmarked)
    stamps = [(file, stamp_of(file)) for file in plain]
    marks = fingerprints(plain, reading.columns, pool)
    held = {m: each for m, each in known.batches_of(marks).items() if each != replaced}
    fresh: dict[str, str] = {}
    for file, mark in zip(plain, marks, strict=True):
        if mark not in held:
            fresh.setdefault(mark, file.name)
    own = named or id_of(list(fresh), known)
    names = set(fresh.values())
    left = [file for file in files if not isinstance(file, OrderFile) or file.name in names]
    skipped = {
        file.name: held.get(mark, own)
        for file, mark in zip(plain, marks, strict=True)
        if file.name not in names
    }
    sources = opened(left, reading, newest) if left else []
    return Inputs(own, tuple(fresh), sources, skipped, unmarked, tuple(stamps))


def opened(files: Sequence[Input], reading: OrderReading, newest: Generation) -> list[Source]:
    """Open files with the columns of the state.

    Raises
    ------
    DataError
        A file is damaged, or lacks a column that all earlier orders have.
    """
    try:
        return open_files(files, reading.columns, csv_format=reading.csv, roles=reading.roles)
    except MissingColumnError as error:
        if newest.kinds is None:
            raise
        raise DataError(
            f"column {error.column!r} must exist in all input; got it in the state and not in "
            f"{error.name}. Add it, or omit that file."
        ) from error


def gathering_of(
    inputs: Inputs,
    reading: OrderReading,
    current: Current,
    replaced: str | None,
    budget: Budget,
    spill_dir: str | os.PathLike[str] | None,
    threads: int,
    report: Callable[[Progress], None] | None,
) -> Gathering:
    """Read all rows."""
    manifest = current.manifest
    lengths = [source.n_rows for source in inputs.sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    gathering = Gathering(
        reading,
        manifest.newest.without(replaced),
        HashKey.from_int(manifest.hash_key),
        budget,
        spill_dir,
        daily=History.parse(manifest.history).daily,
        n_rows=n_rows,
    )
    if gathering.duplicates is not None:
        remember(gathering.duplicates.rows, current, replaced)
    gathering.join(inputs.sources)

    def tell() -> None:
        if report is not None:
            known = gathering.n_customers_so_far
            report(Progress("read", gathering.counts.read, n_rows, known))

    scan(inputs.sources, gathering, threads, tell)
    return gathering


def next_generation(
    store: Store,
    current: Current,
    inputs: Inputs,
    gathering: Gathering,
    known: KnownBatches,
    replaced: str | None,
    pool: Executor,
    publish: Callable[[Manifest], None],
) -> tuple[Generation, Batch]:
    """Write the gathered rows as a batch, publish a generation with it, and return both.

    Raises
    ------
    DataError
        The newest day is probably a typing error, or a customer has too many orders.
    """
    manifest, newest = current.manifest, current.generation
    first_day = first_day_of(gathering, manifest, replaced)
    account = account_of(gathering, first_day)
    newest_day = gathering.newest_since(first_day)
    batch = Batch(inputs.batch, inputs.fingerprints, newest_day, account)
    made = newest._replace(
        number=newest.number + 1,
        kinds=tuple(gathering.kinds) if gathering.knows_customers else newest.kinds,
        currencies=gathering.currencies,
        first_day=first_day,
    )
    building = Building(store, current, gathering.kinds, pool)
    with building.writing.published_or_discarded():
        runs = gathering.runs(first_day, pool)
        batch = building.written(batch, runs, gathering.n_most)
        rows = written(gathering, building.writing, manifest)
        batch = batch._replace(most_orders=gathering.most_orders, distinct=rows)
        made = building.settled(building.with_batch(made, batch))
        refuse_too_many(made)
        manifest = in_files(manifest, current, building.writing)
        ledger = with_batch(manifest.newest.ledger, batch, known, current, building.writing)
        made = made._replace(ledger=ledger)
        publish(manifest.with_newest(made))
    return made, batch


def ingested_of(made: Generation, batch: Batch, inputs: Inputs, gathering: Gathering) -> Ingested:
    """Return the result of an ingest that has made a generation."""
    n_inputs = len(inputs.sources)
    rows, warnings = batch.account, gathering.warnings
    return Ingested(
        made.number, batch.id, rows, inputs.skipped, warnings, n_inputs, {batch.id: rows}
    )


def account_of(gathering: Gathering, first_day: int | None) -> Account:
    """Return the account of a batch; rows of days before `first_day` are too late."""
    counts = gathering.counts
    days = gathering.rows_by_day
    late = 0
    if first_day is not None:
        late = sum(n for day, n in days.items() if day < first_day)
        days = {day: n for day, n in days.items() if day >= first_day}
    return Account(
        counts.read, counts.counted - late, counts.dropped, counts.amounts_rounded, late, days
    )


def first_day_of(gathering: Gathering, manifest: Manifest, replaced: str | None) -> int | None:
    """Return the oldest day of the history after a batch is added; None if it has none.

    Raises
    ------
    DataError
        The newest day is so far after all others that the history would contain no other day. This
        is probably a typing error. It is refused even if the row of this day is dropped.
    """
    history, newest = History.parse(manifest.history), manifest.newest
    before, last = newest.without(replaced).last_day, gathering.newest_day
    known = [day for day in (before, last) if day is not None]
    first = history.first_day(newest.first_day, max(known, default=None))
    others = [day for day in gathering.rows_by_day if day != last]
    others += [] if before is None else [before]
    if first is not None and last is not None and others and max(others) < first <= last:
        raise DataError(
            f"order times must not move the history past all earlier orders; got {day_date(last)}, "
            f"and {day_date(max(others))} as the newest day before it. Remove rows with wrong "
            "dates, or create a new state."
        )
    return first


def reading_of(manifest: Manifest) -> OrderReading:
    """Return how orders are read: by order, because a rolling history stores days in any case."""
    return OrderReading(as_of=NEWEST, **manifest.options | {"frequency": "orders"})


def budget_of(manifest: Manifest, memory_limit: int | str | None, threads: int) -> Budget:
    """Divide the memory limit, or its default; days are part of the keys, as groups are."""
    has_days = History.parse(manifest.history).daily
    by = has_days or manifest.options["by"] is not None
    a_thread = batch_bytes(by=by, clv=False, distinct=bool(manifest.options.get("distinct")))
    limit = limit_of(memory_limit, threads, a_thread)
    return plan_memory(limit, anonymous_bytes(), threads, a_thread=a_thread)


def refuse_too_many(made: Generation) -> None:
    """Raise an error if a customer could have more orders than a record can store.

    Raises
    ------
    DataError
        The sum of `most_orders` of all batches does not fit into a record.
    """
    if made.most_orders >> (COUNT_BITS - 1):
        raise DataError(
            f"orders must be below 2^{COUNT_BITS - 1} per customer in all batches; got "
            f"{made.most_orders:,}, the sum of the most in each batch. Correct the numbers."
        )


def nothing_to_add(newest: Generation, skipped: dict[str, str]) -> Ingested:
    """Return the result of an ingest whose inputs were all ingested before."""
    return Ingested(newest.number, None, NOTHING, skipped)
