"""score(): turn orders into scored customers. Only this module calls all stages."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Unpack, overload

from rfm_engine.clv.model import ClvModel
from rfm_engine.errors import UsageError
from rfm_engine.job import Choice, Job, memory_limit
from rfm_engine.options.columns import AttributeOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import BuiltOptions, ScoreOptions, TotalsOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.attributes import refuse_line_attributes
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds
from rfm_engine.orders.workers import Workers
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write_groups
from rfm_engine.result.assembly import VERSION, Recipe, assemble
from rfm_engine.result.model import Model, scheme_and_plan
from rfm_engine.result.population import SnapshotPopulation
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.additions import Additions
from rfm_engine.segments.catalogue import scheme_file
from rfm_engine.segments.fact_plan import plan_facts
from rfm_engine.state.inputs import state_of
from rfm_engine.totals.aggregation import Aggregated, Report, aggregate
from rfm_engine.totals.dated.totals import DatedTotals
from rfm_engine.totals.given import refuse_beside_totals
from rfm_engine.totals.memory.system import threads_of
from rfm_engine.totals.totals import Totals, population_of

if TYPE_CHECKING:
    from rfm_engine.state.state import State

__version__ = VERSION


@overload
def score(
    orders: Totals,
    *,
    output: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
    **options: Unpack[BuiltOptions],
) -> Result: ...


@overload
def score(
    orders: object,
    *,
    output: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
    **options: Unpack[ScoreOptions],
) -> Result: ...


@documented(ScoreOptions)
def score(
    orders: object,
    *,
    output: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
    **options: Any,
) -> Result:
    """Score customers by recency, frequency and monetary value, and name their segments.

    Parameters
    ----------
    orders
        Path, list of paths, directory, glob or URI of Parquet, Arrow IPC or CSV;
        `delta:PATH[@VERSION]` or `iceberg:CATALOG.TABLE[@SNAPSHOT]`; `-` for an IPC stream on
        stdin; any object with `__arrow_c_stream__`, a record batch, a pyarrow dataset, a Polars
        LazyFrame, a Spark DataFrame, a `DeltaTable`, a table or a scan of `pyiceberg`, or a list
        or iterator of these. A row is an order or an order line.
        Or a `State`, `CustomerTotals` or `Totals`. Totals were already built with all options of
        columns, dates and reading, so these options are refused with totals.
    output
        Also write the customers here: a `.parquet`, `.arrow`, `.csv` or `.csv.gz` file, `-` for
        an IPC stream on stdout, or, without an ending or with a trailing `/`, a directory of
        Parquet parts. The output is written completely or not at all.
    progress
        Called with a `Progress` from the calling thread, a few times per second.
    {options}

    Returns
    -------
    Result
        The customers, cut points, segments and row counts.

    Raises
    ------
    UsageError
        An option, column or output place is wrong; nothing was read.
    DataError
        The data was refused; nothing was written.
    StateError
        An option differs from the value that is set in the state.
    RfmError
        An object store cannot be reached, refuses access or closes the connection; or the machine
        fails.

    Notes
    -----
    Cut points are quantiles by inverted CDF (Hyndman and Fan's type 1) of exact integers, so that
    equal values have the same score. Recency is measured in days and reversed, so that the most
    recent customers have the highest score.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> orders = pa.table({
    ...     "customer_id": ["ada", "ada", "bob"],
    ...     "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, 7.0],
    ... })
    >>> result = rfm.score(orders, as_of="2026-10-31")
    >>> sorted(zip(result.customers["customer_id"].to_pylist(),
    ...            result.customers["rfm_score"].to_pylist()))
    [('ada', '533'), ('bob', '311')]
    """
    required = not isinstance(orders, Totals)
    explicit = given("score", ScoreOptions, options, required=required)
    return score_given(orders, explicit, {}, output, progress)


def score_given(
    orders: object,
    explicit: Mapping[str, Any],
    config: Mapping[str, Any],
    output: str | os.PathLike[str] | None,
    progress: Report | None,
    *,
    keep: bool = True,
    write: Callable[[Result], None] | None = None,
) -> Result:
    """Score customers with explicit options and options from a config file.

    Without an output, the customers are built and kept in the result, unless `keep` is False.
    `write` writes the customers to a place of its own instead.

    Raises
    ------
    RfmError
        As `score`.
    """
    marks = [clock.perf_counter()]
    built = population_of(orders) if isinstance(orders, Totals) else None
    state = None if built is not None else state_of(orders)
    kept = state.options if state is not None else {} if built is None else built.options
    # One config file serves all commands, so options that are already set here are ignored.
    config = {name: config[name] for name in config if name not in kept}
    if state is not None:
        refuse_line_attributes(explicit)
        config = {name: config[name] for name in config if name not in declared(AttributeOptions)}
    asked = {**config, **explicit}
    choice = Choice.of(asked, kept)
    if built is not None:
        refuse_beside_totals(built, asked, choice.implied, choice.who)
    if state is not None:
        from rfm_engine.state.creation import refuse_others

        refuse_others(state.manifest, asked, choice.implied, choice.who)
    job = Job(choice, asked, kept)
    _check(job, state, output)
    spent, reading = Seconds(), job.reading_options
    if built is not None:
        aggregated = Aggregated(built)
        additions = job.additions(built.reading)
    else:
        running = job.running(is_read=state is None)
        if state is not None:
            aggregated = Aggregated(population_of(state.totals_as(reading, running)))
            additions = job.additions(aggregated.totals.reading)
        else:
            known = Reading(**reading)
            reading, overall = {**known.options}, job.settled["overall"]
            additions = job.additions(known)
            sources = job.sources(orders, known, output)
            aggregated, spent = aggregate(sources, known, running, progress, overall=overall)
    marks.append(clock.perf_counter())
    aggregated.tell(progress, "score")
    result = job.scored(aggregated, additions, reading)
    marks.append(clock.perf_counter())
    if output is not None or write is not None:
        aggregated.tell(progress, "write")
    if output is not None:
        write_groups(result.pieces(), result.schema, output, threads=job.threads)
    if write is not None:
        write(result)
    elif built is not None or (output is None and keep):
        # Build the tables now, so that an invalid id raises here, before totals can change.
        result.make_tables()
    elif output is None:
        _check_ids(result)
    marks.append(clock.perf_counter())
    result.seconds.update(spent.stages(marks))
    return result


def score_dates(
    orders: object,
    dates: Sequence[date],
    options: Mapping[str, Any],
    progress: Report | None,
) -> Iterator[Result]:
    """Yield the customers scored at each date, from one pass over the orders.

    A result is that of `score_given` with the date as `as_of`. It is valid until the next one is
    requested, because the totals of its customers are then continued. Nothing is written.

    Parameters
    ----------
    orders
        As for `score`, without states and totals.
    dates
        The dates of analysis, ascending and without repeats.
    options
        The options of `score`; `as_of` is ignored.

    Raises
    ------
    UsageError
        Also if the orders are totals per customer (`customer_level`), which have no single dates.
    RfmError
        As `score`.
    """
    asked = {**options, "as_of": dates[0]}
    job = Job(Choice.of(asked, {}), asked, {})
    _check(job, None, None)
    if job.settled["customer_level"]:
        raise UsageError(
            message(
                "orders must be single orders or lines for several dates of analysis; got "
                "{customer_level}, which reads totals that are valid at one date. Remove it, or "
                "score each date from the totals of that date."
            )
        )
    known = Reading(**job.reading_options)
    additions = job.additions(known)
    readings = [known.but(as_of=day) for day in dates]
    sources = job.sources(orders, known.spanning(readings), None)
    totals = DatedTotals(readings, job.running(), overall=job.settled["overall"])
    totals.read(sources, progress)
    for aggregated in totals:
        aggregated.tell(progress, "score")
        yield job.scored(aggregated, additions, known.options)


def _check(job: Job, state: State | None, output: str | os.PathLike[str] | None) -> None:
    """Refuse contradicting options and unusable places before anything is read."""
    settled = job.settled
    if settled["overall"] and state is not None:
        raise UsageError(
            message(
                "{overall} must not be used with a state, which contains only customers within "
                "groups; got it. Keep a second state without {by}."
            )
        )
    if state is not None and job.predictor is not None:
        raise UsageError(
            message(
                "{clv_model} must not be used with a state, because it has no days or no first "
                "orders; got a state. Give the files that were ingested, or join the output of rfm "
                "clv by {attributes}."
            )
        )
    if settled["overall"] and settled["by"] is None:
        raise UsageError(
            message("{overall} must be used with {by}; got it alone. Name the column of groups.")
        )
    job.refuse_names()
    if output is not None:
        check_output(output)
    if state is not None:
        refuse_inside(output, "the state", state.path)
    else:
        refuse_overwriting(output, "the rates file", settled["rates"])
    for name, kind in (("model", Model), ("clv_model", ClvModel)):
        if not isinstance(settled[name], kind):
            refuse_overwriting(output, "the model file", settled[name])
    refuse_overwriting(output, "the scheme file", scheme_file(settled["scheme"]))
    refuse_overwriting(output, "the attributes file", settled["attributes"])


def _check_ids(result: Result) -> None:
    """Build the customers without keeping them, so that an invalid id raises here."""
    with Workers(result.options["threads"]) as pool:
        list(pool.map(lambda make: len(make()), result.pieces()))


def score_snapshot(
    snapshot: Snapshot,
    options: Mapping[str, Any],
    running: Mapping[str, Any],
    write: Callable[[Result], None],
) -> Result:
    """Score the customers of a snapshot again from its values, and write the result.

    Parameters
    ----------
    snapshot
        The customers.
    options
        The options of `score`, with those of reading as in the snapshot.
    running
        The options of the machine: `threads`, `memory_limit` and `spill_dir`.
    write
        Writes the customers.

    Raises
    ------
    UsageError
        An option is wrong, or needs more than the values of customers.
    """
    scheme, plan = scheme_and_plan(options)
    settled = resolve(ScoreOptions, {**options, **running}, scheme.options)
    fact_plan = plan_facts(settled, scheme)
    n_threads = threads_of(settled["threads"])
    limit = memory_limit(settled, n_threads, is_read=False)
    machine = {"threads": n_threads, "memory_limit": limit, "spill_dir": settled["spill_dir"]}
    reading = Reading(**{name: settled[name] for name in declared(TotalsOptions)})
    said = {**snapshot.options, **plan.options()}
    said |= {name: settled[name] for name in ("facts", "sort", "overall")}
    said |= {"threads": n_threads, "memory_limit": limit}
    if fact_plan is not None:
        said |= {"whales": fact_plan.share_text, "whale_by": fact_plan.by}
    result = None
    with Workers(n_threads) as pool:
        for own in reversed(snapshot.populations):
            is_within = own is snapshot
            its_reading = reading if is_within else reading.but(by=None)
            population = SnapshotPopulation(own, its_reading, machine)
            additions = Additions.read(fact_plan, settled, its_reading, weighted=False)
            its_options = said if is_within else said | {"by": None, "overall": False}
            result = assemble(
                population, Recipe(scheme, plan, additions), pool, its_options, result
            )
    assert result is not None
    result = replace(result, warnings=snapshot.warnings)
    write(result)
    return result
