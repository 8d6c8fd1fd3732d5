"""score(): orders to customers with scores and segments; the only place that knows the stages."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from rfm_engine.aggregate.budget import default_limit, parse_size
from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.aggregate.intake import Survey
from rfm_engine.aggregate.totals import CustomerTotals
from rfm_engine.available import anonymous_bytes, available_bytes, available_processors
from rfm_engine.customers import ScoredCustomers
from rfm_engine.errors import UsageError
from rfm_engine.model import load_model
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import NEWEST, Frequency, Ids, Reading, Refunds, Zero, day_date
from rfm_engine.orders.sources.opening import open_sources
from rfm_engine.result import Result, SegmentTotals, cuts_in_units
from rfm_engine.scan import Seconds, scan
from rfm_engine.scoring import Scoring, score_chunks
from rfm_engine.segments.load import load_scheme
from rfm_engine.segments.plan import Monetary, plan_scoring
from rfm_engine.segments.scheme import CutPoint
from rfm_engine.sink import check_output, same_place, write_groups

__version__ = version("rfm-engine")
METADATA_KEY = b"rfm_engine"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; `stage` is read, score or write."""

    stage: str
    rows: int
    total_rows: int | None
    customers: int


def score(
    orders: object,
    *,
    as_of: date | str,
    window: str | None = None,
    customer: str = "customer_id",
    time: str = "order_time",
    amount: str = "amount",
    order: str | None = None,
    quantity: str | None = None,
    currency: str | None = None,
    where: Sequence[str] = (),
    timezone: str = "UTC",
    amount_scale: int | None = None,
    refunds: Refunds = "net",
    zero: Zero | None = None,
    frequency: Frequency | None = None,
    ids: Ids = "auto",
    csv_delimiter: str = ",",
    csv_decimal: str = ".",
    time_format: str | None = None,
    strict: bool = False,
    method: str | Sequence[str] | None = None,
    bins: int | Sequence[int] | None = None,
    r_cuts: Sequence[CutPoint] | None = None,
    f_cuts: Sequence[CutPoint] | None = None,
    m_cuts: Sequence[CutPoint] | None = None,
    monetary: Monetary | None = None,
    weights: Sequence[CutPoint] | None = None,
    scheme: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    spill_dir: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Score customers by recency, frequency and monetary value, and name their segments.

    Parameters
    ----------
    orders
        Path, list of paths, directory, glob or URI of Parquet, Arrow IPC or CSV; `-` for an IPC
        stream on stdin; or anything with `__arrow_c_stream__`, a record batch, an iterator of
        record batches, a pyarrow dataset or a Polars LazyFrame. A row is an order or order line.
    as_of
        Date of analysis, inclusive: later rows are dropped. `"newest"` takes the local date of
        the newest row that counts.
    window
        Keep `as_of - window < date <= as_of`: `"365d"` or, in calendar months, `"12mo"`.
    customer, time, amount
        Columns of who bought, when, and for how much. Ids: integers, text, binary or uuid. Times:
        dates or timestamps, naive ones in `timezone`. Amounts: integers, floats or decimals.
    order
        Column that makes rows lines of one order: distinct ids a customer are counted.
    quantity
        Integer column that multiplies the amount of its row, exactly.
    currency
        Column that must hold one value in all rows counted.
    where
        Conditions `COL=V1,V2` or `COL!=V1,V2`, all of which a row must meet.
    timezone
        IANA zone of naive times and of calendar days.
    amount_scale
        Digits behind the point in `monetary`, 0 to 18; by default a decimal's own, 0 for integers
        (for which it says where the point stands), 2 for floats and CSV.
    refunds
        Negative amounts: `net` (lower monetary, never an order), `drop` or `error`.
    zero
        Zero amounts: `count` or `drop`; `count` unless the scheme says otherwise.
    frequency
        `orders`, or `days` for distinct local dates with an order; `orders` unless the scheme says
        otherwise.
    ids, csv_delimiter, csv_decimal, time_format
        CSV only: ids as `text` (default) or `int`; the delimiter; the decimal point; the
        strptime format of times that are not ISO.
    strict
        Refuse rows with nulls, bad times, amounts that are not finite or had to be rounded.
    method, bins
        How scores are cut, by default as the scheme says, and 2 to 100 bins; one value, or three
        for r, f, m. The methods: `quantile` (inverted CDF), `quantile-linear` (type 7),
        `qcut-drop` and `rank-linear` (of pandas), `r-rfm`, `ntile` (of SQL), `mean`,
        `reserve-one-timers`, `nested` (of SPSS) and `thresholds`.
    r_cuts, f_cuts, m_cuts
        Ascending cut points in days, orders and major units: bin = 1 + cut points below.
    monetary
        What the m score is cut on: the net `sum`, or its `mean` by order (or day). The column
        `monetary` is the sum in any case.
    weights
        Three numbers: `rfm_value` is then the weighted sum of the scores r, f, m.
    scheme
        Name of a shipped scheme, or path of a TOML file; `classic` by default.
    model
        Path of a score model (`save_model`): its cut points, options and scheme are applied as
        they are.
    output
        Where to write the customers as well: `.parquet`, `.arrow`, `.csv`, `-` for an IPC stream
        on stdout, else a directory of Parquet parts. It appears whole or not at all.
    threads
        Threads, all processors available by default. They never change the result.
    memory_limit
        Most memory of the process, in bytes or as a text like `"2GB"`: what does not fit goes to
        disk, and the result is the same. By default what is in use and 80% of what is available,
        limits of containers respected.
    spill_dir
        Where on disk; by default the system's folder for temporary files.
    progress
        Called from the calling thread, a few times a second.

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
    marks = [clock.perf_counter()]
    if model is None:
        chosen = load_scheme(scheme or "classic")
    else:
        fitting = (method, bins, r_cuts, f_cuts, m_cuts, monetary, weights, scheme)
        if any(given is not None for given in fitting):
            raise UsageError(
                "model must come without method, bins, cuts, monetary, weights and scheme, which "
                "it holds; got both. Leave them out."
            )
        loaded = load_model(model)
        chosen, weights = loaded.scheme, loaded.weights
    cuts_given = {"r": r_cuts, "f": f_cuts, "m": m_cuts}
    plan = plan_scoring(chosen, method, bins, cuts_given, monetary, weights)
    conditions = (where,) if isinstance(where, str) else tuple(where)
    reading: dict[str, Any] = {
        "window": window, "customer": customer, "time": time, "amount": amount, "order": order,
        "quantity": quantity, "currency": currency, "where": conditions, "timezone": timezone,
        "amount_scale": amount_scale, "refunds": refunds,
        "zero": zero or chosen.options.get("zero", "count"),
        "frequency": frequency or chosen.options.get("frequency", "orders"),
        "ids": ids, "csv_delimiter": csv_delimiter, "csv_decimal": csv_decimal,
        "time_format": time_format, "strict": strict,
    }  # fmt: skip
    n_threads = _threads(threads)
    if output is not None:
        check_output(output)
    if memory_limit is None:
        limit = default_limit(available_bytes(), anonymous_bytes(), n_threads)
    else:
        limit = parse_size(memory_limit)
    running = {"threads": n_threads, "memory_limit": limit, "spill_dir": spill_dir}
    totals, spent = _aggregate(orders, as_of, reading, running, output, progress)
    marks.append(clock.perf_counter())
    _tell(progress, "score", totals)
    options = (
        reading
        | plan.options()
        | {
            "scheme": os.fspath(scheme) if scheme else chosen.name,
            "model": None if model is None else os.fspath(model),
        }
    )
    with ThreadPoolExecutor(n_threads) as pool:
        chunks, n_without_orders = totals.chunks(pool)
        scoring = score_chunks(chunks, totals.scale, chosen, plan, pool)
    cuts, money_scale = scoring.fitted.cuts, plan.money_scale(totals.scale)
    about = {
        "version": __version__,
        "as_of": None if totals.as_of is None else totals.as_of.isoformat(),
        "cuts": cuts_in_units(cuts, money_scale),
        "options": options,
    }
    customers = _customers(totals, chunks, scoring, about)
    marks.append(clock.perf_counter())
    if output is not None:
        _tell(progress, "write", totals)
        write_groups(customers.groups(), customers.schema, output, threads=n_threads)
    result = Result(
        _scored=customers,
        _rules=scoring.rules,
        _plan=plan,
        scheme=chosen,
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
        scale=totals.scale,
        money_scale=money_scale,
        seconds={},
        options=options | {"threads": n_threads, "memory_limit": limit},
        version=__version__,
    )
    if output is None:
        result.customers  # noqa: B018 - made now, so that what is wrong with an id is said now
    marks.append(clock.perf_counter())
    result.seconds.update(_stages(marks, spent))
    return result


def _aggregate(
    orders: object,
    as_of: date | str,
    reading: dict[str, Any],
    running: dict[str, Any],
    output: str | os.PathLike[str] | None,
    progress: Callable[[Progress], None] | None,
) -> tuple[CustomerTotals, Seconds]:
    threads = running["threads"]
    known = Reading(as_of=as_of, **reading)
    sources = open_sources(orders, known.columns, csv_delimiter=known.csv_delimiter)
    _refuse_overwriting(sources, output)
    spent = Seconds()
    if known.as_of_day is None and known.window is not None:
        as_of, spent = _newest(sources, known, threads)
        if as_of == NEWEST:  # No row counts, so there is nothing to keep in a window.
            reading = reading | {"window": None}
    totals = CustomerTotals(as_of=as_of, **running, **reading)
    for source in sources:
        totals.join(source.name, source.schema, text=source.text)
    lengths = [source.n_rows for source in sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    tick = partial(_tell, progress, "read", totals, n_rows)
    counted = scan(sources, totals, threads, tick)
    # What decoding took is kept for more of it, and more of it does not come.
    pa.default_memory_pool().release_unused()
    return totals, Seconds(spent.read + counted.read, spent.work + counted.work)


def _newest(
    sources: Sequence[Source], reading: Reading, threads: int
) -> tuple[date | str, Seconds]:
    if not all(source.repeatable for source in sources):
        raise UsageError(
            "as_of must be a date when a stream is read with a window; got 'newest'. "
            "Give the date, since a stream is read only once."
        )
    survey = Survey(reading)
    for source in sources:
        survey.intake.join(source.name, source.schema, text=source.text)
    spent = scan(sources, survey, threads)
    newest = survey.intake.as_of_day
    return NEWEST if newest is None else day_date(newest), spent


def _customers(
    totals: CustomerTotals,
    chunks: Sequence[CustomerChunk],
    scoring: Scoring,
    about: dict[str, Any],
) -> ScoredCustomers:
    metadata = {METADATA_KEY: json.dumps(about, default=str)}
    schema = pa.schema([*totals.fields, *scoring.labels.fields], metadata)
    parts = chunks, scoring.cells, scoring.segments
    return ScoredCustomers(*parts, scoring.labels, schema, totals.scale)


def _refuse_overwriting(sources: Sequence[Source], output: str | os.PathLike[str] | None) -> None:
    for source in sources:
        if output is not None and same_place(source.name, output):
            raise UsageError(
                f"output must not be an input; got {source.name} for both. Write elsewhere."
            )


def _threads(given: int | None) -> int:
    if given is not None and given < 1:
        raise UsageError(f"threads must be 1 or more; got {given}.")
    return available_processors() if given is None else given


def _tell(
    progress: Callable[[Progress], None] | None,
    stage: str,
    totals: CustomerTotals,
    n_rows: int | None = None,
) -> None:
    if progress is not None:
        progress(Progress(stage, totals.rows.read, n_rows, totals.n_customers_so_far))


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
