"""score(): orders to customers with scores and segments; the only place that knows the stages."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.aggregate.budget import default_limit, parse_size
from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.aggregate.intake import Survey
from rfm_engine.aggregate.totals import CustomerTotals
from rfm_engine.available import anonymous_bytes, available_bytes, available_processors
from rfm_engine.customers import ScoredCustomers
from rfm_engine.errors import UsageError
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import NEWEST, Frequency, Ids, Reading, Refunds, Zero, day_date
from rfm_engine.orders.sources.opening import open_sources
from rfm_engine.result import Result, SegmentTotals, cuts_in_units
from rfm_engine.scan import Seconds, scan
from rfm_engine.score.cells import Cells, Cuts, cell_sums, new_sums, place_customers
from rfm_engine.segments.assign import Labels, segment_sums
from rfm_engine.segments.plan import Plan, plan_scoring
from rfm_engine.segments.scheme import CutPoint, Scheme, load_scheme
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
    zero: Zero = "count",
    frequency: Frequency = "orders",
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
    scheme: str | os.PathLike[str] = "classic",
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
        Zero amounts: `count` or `drop`.
    frequency
        `orders`, or `days` for distinct local dates with an order.
    ids, csv_delimiter, csv_decimal, time_format
        CSV only: ids as `text` (default) or `int`; the delimiter; the decimal point; the
        strptime format of times that are not ISO.
    strict
        Refuse rows with nulls, bad times, amounts that are not finite or had to be rounded.
    method, bins
        `quantile` or `thresholds`, and 2 to 100 bins; one value, or three for r, f, m.
    r_cuts, f_cuts, m_cuts
        Ascending cut points in days, orders and major units: bin = 1 + cut points below.
    scheme
        Name of a shipped scheme, or path of a TOML file.
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
    chosen = load_scheme(scheme)
    plan = plan_scoring(chosen, method, bins, {"r": r_cuts, "f": f_cuts, "m": m_cuts})
    conditions = (where,) if isinstance(where, str) else tuple(where)
    reading: dict[str, Any] = {
        "window": window, "customer": customer, "time": time, "amount": amount, "order": order,
        "quantity": quantity, "currency": currency, "where": conditions, "timezone": timezone,
        "amount_scale": amount_scale, "refunds": refunds, "zero": zero, "frequency": frequency,
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
    options = reading | plan.options() | {"scheme": os.fspath(scheme)}
    with ThreadPoolExecutor(n_threads) as pool:
        scored = _score(totals, chosen, plan, options, pool)
    marks.append(clock.perf_counter())
    if output is not None:
        _tell(progress, "write", totals)
        groups = scored.customers.groups()
        write_groups(groups, scored.customers.schema, output, threads=n_threads)
    result = Result(
        _scored=scored.customers,
        as_of=totals.as_of,
        rows=totals.rows,
        cuts=scored.cuts,
        segment_totals=scored.segments,
        customers_without_orders=scored.n_without_orders,
        scale=totals.scale,
        seconds={},
        options=options | {"threads": n_threads, "memory_limit": limit},
        version=__version__,
    )
    if output is None:
        result.customers  # noqa: B018 - made now, so that what is wrong with an id is said now
    marks.append(clock.perf_counter())
    result.seconds.update(_stages(marks, spent))
    return result


class _Scored(NamedTuple):
    """Scored customers, and what they add up to."""

    customers: ScoredCustomers
    cuts: Cuts
    segments: tuple[SegmentTotals, ...]
    n_without_orders: int


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


def _score(
    totals: CustomerTotals, scheme: Scheme, plan: Plan, options: dict[str, Any], pool: Executor
) -> _Scored:
    chunks, n_without_orders = totals.chunks(pool)
    cuts = Cuts(
        plan.r.fit([chunk.recency_days for chunk in chunks], 0, pool.map),
        plan.f.fit([chunk.frequency for chunk in chunks], 0, pool.map),
        plan.m.fit([chunk.monetary_minor for chunk in chunks], totals.scale, pool.map),
    )
    bins = plan.bins

    def place(chunk: CustomerChunk) -> tuple[Cells, npt.NDArray[np.int64]]:
        sums = new_sums(bins)
        measures = chunk.recency_days, chunk.frequency, chunk.monetary_minor
        return place_customers(*measures, cuts, bins, sums), sums

    sums = new_sums(bins)
    cells = []
    for of_chunk, sums_of_chunk in pool.map(place, chunks):
        cells.append(of_chunk)
        sums += sums_of_chunk
    labels = Labels(scheme, bins, sums[:, 0] > 0)
    by_segment = segment_sums(cell_sums(sums), labels.segment, len(labels.names))
    segments = tuple(
        SegmentTotals(name, *row) for name, row in zip(labels.names, by_segment, strict=True)
    )
    about = {
        "version": __version__,
        "as_of": None if totals.as_of is None else totals.as_of.isoformat(),
        "cuts": cuts_in_units(cuts, totals.scale),
        "options": options,
    }
    schema = pa.schema(
        [*totals.fields, *labels.fields], {METADATA_KEY: json.dumps(about, default=str)}
    )
    customers = ScoredCustomers(chunks, cells, labels, schema, totals.scale)
    return _Scored(customers, cuts, segments, n_without_orders)


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
