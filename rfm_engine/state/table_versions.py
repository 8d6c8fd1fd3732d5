"""Add what the versions of a Delta table have added to a state, each version as a batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rfm_engine.errors import DataError, Message, RfmError, StateError, UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.sources.table_places import DeltaPlace, table_place
from rfm_engine.orders.sources.tables.delta_log import DeltaLog
from rfm_engine.orders.workers import Workers
from rfm_engine.state.addition import Addition
from rfm_engine.state.ingest import Ingested, Inputs, nothing_to_add
from rfm_engine.state.known_versions import KnownVersions
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.version_plan import Step, plan_of
from rfm_engine.totals.aggregation import Progress, Report
from rfm_engine.totals.memory.system import threads_of

_KINDS = (UsageError, DataError, StateError, RfmError)


def delta_of(orders: object) -> DeltaPlace | None:
    """Return the Delta table that the orders are; None if they are something else.

    Raises
    ------
    UsageError
        The table is given together with other inputs, or is an Iceberg table.
    """
    several = [*orders] if isinstance(orders, list | tuple) else [orders]
    texts = (os.fspath(each) for each in several if isinstance(each, str | os.PathLike))
    for text in texts:
        place = table_place(text) if isinstance(text, str) else None
        if place is None:
            continue
        if not isinstance(place, DeltaPlace):
            raise UsageError(
                f"a state must be given the rows that are new; got {place.name}, which has all "
                "rows of a table. Write the new ones to files, or pass a scan of them in Python "
                "with a batch_id."
            )
        if len(several) > 1:
            raise UsageError(
                f"a Delta table must be ingested alone; got {len(several)} inputs. Ingest one "
                "after the other."
            )
        return place
    return None


def add_table(
    addition: Addition,
    place: DeltaPlace,
    batch: str | None,
    replaced: str | None,
    report: Report | None,
) -> Ingested:
    """Add the rows of versions of a table; the parameters are those of `State.ingest`.

    A range adds its versions. Without a range, the first ingest adds the whole table, and a later
    one adds the versions since then.

    Raises
    ------
    UsageError
        A version does not exist, or a batch is named.
    DataError
        A version removes rows, or the log is damaged; nothing was added.
    """
    if batch is not None or replaced is not None:
        raise UsageError(
            message(
                "{batch_id} and {replace_batch} must be omitted with a Delta table; got {}. "
                "Each version is a batch with the name of the version, and never changes.",
                place.name,
            )
        )
    timeout = addition.running["store_timeout"]
    log = DeltaLog(place.path, timeout)
    definition = log.definition()
    with addition.writing() as current:
        plan = plan_of(log, definition, place, current, timeout)
    nothing = nothing_to_add(current.generation, plan.skipped)
    done = replace(nothing, without_rows=plan.without_rows, gaps=plan.gaps)
    lengths = [source.n_rows for step in plan.steps for source in step.sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    for step in plan.steps:
        tell = None if report is None else _after(done.rows.read, n_rows, report)
        is_last = step is plan.steps[-1]
        with _naming(done):
            added = _added(addition, log, definition.id, step, tell, is_last=is_last)
        done = _joined(done, added)
    return done


@contextmanager
def _naming(done: Ingested) -> Iterator[None]:
    """Add the versions that were added before to the message of an error.

    Raises
    ------
    RfmError
        The error, of the same class.
    """
    try:
        yield
    except RfmError as error:
        if not done.batches:
            raise
        before = [*done.batches]
        what = before[0] if len(before) == 1 else f"{before[0]} to {before[-1]}"
        text = f" Before this, {what} {'was' if len(before) == 1 else 'were'} added."
        kind = next(each for each in _KINDS if isinstance(error, each))
        raise kind(Message(f"{error}{text}", f"{error.typed}{text}")) from error


def _added(
    addition: Addition,
    log: DeltaLog,
    table: str,
    step: Step,
    report: Report | None,
    *,
    is_last: bool,
) -> Ingested:
    """Add one step, unless another process has done it since the plan was made."""
    n_threads = threads_of(addition.running["threads"])
    with addition.writing() as current, Workers(n_threads) as pool:
        newest = current.generation
        known = KnownBatches(newest.ledger, current)
        held = KnownVersions.of(log, table, known).batch(step.version)
        if held is not None:
            return nothing_to_add(newest, {step.batch: held})
        inputs = Inputs(step.batch, (step.mark,), step.sources, {}, unmarked=False)
        return addition.of_inputs(current, known, inputs, None, pool, report, is_last=is_last)


def _after(n_before: int, n_rows: int | None, report: Report) -> Report:
    """Return a report that also counts the rows of the versions before."""

    def tell(at: Progress) -> None:
        report(replace(at, rows=at.rows + n_before, total_rows=n_rows))

    return tell


def _joined(done: Ingested, added: Ingested) -> Ingested:
    """Return what several versions have added."""
    warnings = dict.fromkeys((*done.warnings, *added.warnings))
    return Ingested(
        added.generation,
        added.batch or done.batch,
        done.rows.plus(added.rows),
        done.skipped | added.skipped,
        tuple(warnings),
        done.n_inputs + added.n_inputs,
        done.batches | added.batches,
        done.without_rows,
        done.gaps,
    )
