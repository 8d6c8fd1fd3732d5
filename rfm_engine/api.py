"""score(): orders to customers with scores and segments; the only place that knows the stages."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, Unpack

from rfm_engine.errors import DataError, UsageError
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import ScoreOptions, TotalsOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds
from rfm_engine.orders.sources.deadline import seconds_of
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write_groups
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.model import scheme_and_plan
from rfm_engine.result.result import Result, SegmentTotals, cuts_in_units
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.catalogue import scheme_file
from rfm_engine.segments.first_orders import refuse_first_orders
from rfm_engine.segments.labels import refuse_value_column
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.scheme import Scheme
from rfm_engine.state import State, state_of
from rfm_engine.state.creation import refuse_others
from rfm_engine.totals.aggregation import Aggregated, Report, aggregate
from rfm_engine.totals.builder import CustomerTotals
from rfm_engine.totals.groups import Grouping
from rfm_engine.totals.memory.budget import batch_bytes, default_limit, parse_size
from rfm_engine.totals.memory.system import anonymous_bytes, available_bytes, threads_of

__version__ = version("rfm-engine")
METADATA_KEY = b"rfm_engine"
# They change no row, so they are not among the options that are written beside the rows.
_RUNNING = ("threads", "memory_limit", "sort")


@documented(ScoreOptions)
def score(
    orders: object,
    *,
    output: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
    **options: Unpack[ScoreOptions],
) -> Result:
    """Score customers by recency, frequency and monetary value, and name their segments.

    Parameters
    ----------
    orders
        Path, list of paths, directory, glob or URI of Parquet, Arrow IPC or CSV; `-` for an IPC
        stream on stdin; anything with `__arrow_c_stream__`, a record batch, a pyarrow dataset,
        a Polars LazyFrame, or a list or iterator of these; or a `State`. A row is an order or an
        order line.
    output
        Where to write the customers as well: `.parquet`, `.arrow`, `.csv`, `.csv.gz`, `-` for an
        IPC stream on stdout; without an ending, or with a trailing `/`, a directory of Parquet
        parts. It appears whole or not at all.
    progress
        Called with a `Progress` from the calling thread, a few times per second.
    {options}

    Returns
    -------
    Result
        The customers, cut points, segments and the account of rows.

    Raises
    ------
    UsageError
        An option, column or place is wrong; nothing was read.
    DataError
        The data were refused; nothing was written.
    StateError
        An option differs from what a state has set.
    RfmError
        An object store cannot be reached, refuses or breaks off; or the machine fails.

    Notes
    -----
    Bins are cut at quantiles by inverted CDF (Hyndman and Fan's type 1), on exact integers: equal
    values share a bin. Recency is cut in days and reversed, so the most recent score highest.

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
    return score_given(orders, given("score", ScoreOptions, options), {}, output, progress)


def score_given(
    orders: object,
    explicit: Mapping[str, Any],
    config: Mapping[str, Any],
    output: str | os.PathLike[str] | None,
    progress: Report | None,
) -> Result:
    """Score customers by options of which some are explicit and others from a config file.

    Raises
    ------
    RfmError
        As `score`.
    """
    marks = [clock.perf_counter()]
    state = state_of(orders)
    if state is not None:  # It has set how orders are read; a file for all commands gives way.
        config = {name: config[name] for name in config if name not in state.options}
    asked = {**config, **explicit}
    scheme, plan = scheme_and_plan(asked)
    implied: Mapping[str, Any] = scheme.options
    if asked.get("customer_level") or (state is not None and state.options["customer_level"]):
        refuse_first_orders(scheme)
        implied = {}  # of a scheme, what looks at single orders
    kept: Mapping[str, Any] = {}
    if state is not None:
        who = "the model" if asked.get("model") is not None else f"scheme {scheme.name}"
        refuse_others(state.manifest, asked, implied, who)
        kept = state.options
    settled = resolve(ScoreOptions, asked, implied, kept)
    _check(settled, plan, state, output)
    n_threads = threads_of(settled["threads"])
    running = {
        "threads": n_threads,
        "memory_limit": _memory_limit(settled, n_threads, state),
        "spill_dir": settled["spill_dir"],
    }
    reading = {name: settled[name] for name in declared(TotalsOptions)}
    if state is not None:
        aggregated, spent = Aggregated(state.totals_as(reading, running)), Seconds()
    else:
        known = Reading(**reading)
        sources = open_sources(
            orders, known.columns, csv_format=known.csv, as_files=known.options["as_files"],
            store_timeout=seconds_of(settled["store_timeout"]),
        )  # fmt: skip
        for source in sources:
            refuse_overwriting(output, "an input", source.name)
        reading = known.options
        overall = settled["overall"]
        aggregated, spent = aggregate(sources, known, running, progress, overall=overall)
    marks.append(clock.perf_counter())
    aggregated.tell(progress, "score")
    said = {name: reading[name] for name in reading if name != "as_of"} | plan.options()
    for name in ("rates", "scheme", "model"):
        said[name] = None if settled[name] is None else os.fspath(settled[name])
    said |= {
        "overall": settled["overall"],
        "scheme": said["scheme"] or scheme.name,
        "threads": n_threads,
        "memory_limit": running["memory_limit"],
        "sort": settled["sort"],
    }
    seconds: dict[str, float] = {}
    with ThreadPoolExecutor(n_threads) as pool:
        platform = None
        if aggregated.overall is not None:
            alone = said | {"by": None, "overall": False}
            platform = _scored(aggregated.overall, scheme, plan, pool, alone, seconds, None)
        result = _scored(aggregated.totals, scheme, plan, pool, said, seconds, platform)
    marks.append(clock.perf_counter())
    if output is not None:
        aggregated.tell(progress, "write")
        write_groups(result.pieces(), result.schema, output, threads=n_threads)
    else:
        result.make_tables()  # Now, so that what is wrong with an id is said now.
    marks.append(clock.perf_counter())
    seconds.update(_stages(marks, spent))
    return result


def _check(
    settled: Mapping[str, Any],
    plan: Plan,
    state: State | None,
    output: str | os.PathLike[str] | None,
) -> None:
    """Refuse contradictions and places before anything is read."""
    if settled["overall"] and state is not None:
        raise UsageError(
            "overall must not be asked of a state, which knows no customers but those of "
            "groups; got it. Keep a second state without by."
        )
    if settled["overall"] and settled["by"] is None:
        raise UsageError("overall must come with by; got it alone. Name the column of groups.")
    refuse_value_column(plan.weights, [settled["customer"], settled["by"]])
    if output is not None:
        check_output(output)
    if state is not None:
        refuse_inside(output, "the state", state.path)
    else:
        refuse_overwriting(output, "the rates file", settled["rates"])
    refuse_overwriting(output, "the model file", settled["model"])
    refuse_overwriting(output, "the scheme file", scheme_file(settled["scheme"]))


def _memory_limit(settled: Mapping[str, Any], n_threads: int, state: State | None) -> int | None:
    if settled["memory_limit"] is not None:
        return parse_size(settled["memory_limit"])
    per_thread = batch_bytes(
        by=settled["by"] is not None,
        clv=settled["clv"],
        distinct=bool(settled["distinct"]) and state is None,
    )
    return default_limit(available_bytes(), anonymous_bytes(), n_threads, per_thread)


def _scored(
    totals: CustomerTotals,
    scheme: Scheme,
    plan: Plan,
    pool: Executor,
    options: dict[str, Any],
    seconds: dict[str, float],
    overall: Result | None,
) -> Result:
    chunks, n_without_orders = totals.chunks(pool)
    grouping = None
    if totals.reading.by is not None:
        grouping = Grouping.of(chunks, totals.hash_key, pool)
        if grouping.has_none and overall is not None:
            raise DataError(
                f"rows must have a group where overall is asked for, whose customers stand under "
                f"none; got null in {totals.reading.by!r}. Fill it, or leave overall out."
            )
    everyone = Everyone(chunks, totals.scale, grouping)
    scoring = score_everyone(everyone, scheme, plan, pool)
    cuts, money_scale = scoring.fitted.cuts, plan.money_scale(totals.scale)
    about = {
        "version": __version__,
        "as_of": None if totals.as_of is None else totals.as_of.isoformat(),
        "cuts": cuts_in_units(cuts, money_scale),
        "options": {key: options[key] for key in options if key not in _RUNNING},
        **({} if options["sort"] is None else {"sorted": options["sort"]}),
    }
    if overall is not None:
        about["overall"] = {"cuts": cuts_in_units(overall.cuts, overall.money_scale)}
    metadata = {METADATA_KEY: json.dumps(about, default=str)}
    parts = chunks, scoring.cells, scoring.segments
    return Result(
        _scored=ScoredCustomers(*parts, scoring.labels, totals, metadata),
        _rules=scoring.rules,
        _plan=plan,
        scheme=scheme,
        as_of=totals.as_of,
        rows=totals.rows,
        cuts=cuts,
        cuts_by_group=scoring.fitted.n_sets,
        segment_totals=tuple(
            SegmentTotals(name, *sums)
            for name, sums in zip(scoring.labels.names, scoring.sums, strict=True)
        ),
        customers_by_score=scoring.by_score,
        customers_without_orders=n_without_orders,
        warnings=totals.warnings,
        overall=overall,
        scale=totals.scale,
        money_scale=money_scale,
        seconds=seconds,
        options=options,
        version=__version__,
    )


def _stages(marks: list[float], spent: Seconds) -> dict[str, float]:
    began, aggregated, scored, written = marks
    # Reading and grouping overlap; their wall time is shared out as the threads spent it.
    share = spent.read / (spent.read + spent.work) if spent.read + spent.work else 0.0
    return {
        "read": (aggregated - began) * share,
        "aggregate": (aggregated - began) * (1 - share),
        "score": scored - aggregated,
        "write": written - scored,
        "total": written - began,
    }
