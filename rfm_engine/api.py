"""score(): orders to customers with scores and segments; the only place that knows the stages."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import date
from importlib.metadata import version
from typing import Any

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.csv_format import null_words
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.reading import ClvUnit, Frequency, Ids, Reading, Refunds, Zero, conditions_of
from rfm_engine.orders.scan import Seconds
from rfm_engine.orders.sources.deadline import STORE_TIMEOUT, seconds_of
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write_groups
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.model import Model, model_name, plan_by
from rfm_engine.result.result import Result, SegmentTotals, cuts_in_units
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.catalogue import scheme_file
from rfm_engine.segments.first_orders import refuse_first_orders
from rfm_engine.segments.labels import refuse_value_column
from rfm_engine.segments.plan import Monetary, Plan
from rfm_engine.segments.scheme import CutPoint, Scheme
from rfm_engine.state import state_of
from rfm_engine.totals.aggregation import Aggregated, Progress, aggregate
from rfm_engine.totals.given import given_totals, refuse_beside_totals
from rfm_engine.totals.groups import Grouping
from rfm_engine.totals.memory.budget import batch_bytes
from rfm_engine.totals.memory.system import limit_of, threads_of
from rfm_engine.totals.population import Population
from rfm_engine.totals.totals import population_of

__version__ = version("rfm-engine")
METADATA_KEY = b"rfm_engine"
# They change no result, so they are not written beside one.
_RUNNING = ("threads", "memory_limit")


def score(
    orders: object,
    *,
    as_of: date | str | None = None,
    window: str | None = None,
    customer: str = "customer_id",
    time: str = "order_time",
    amount: str = "amount",
    order: str | None = None,
    quantity: str | None = None,
    currency: str | None = None,
    rates: str | os.PathLike[str] | None = None,
    by: str | None = None,
    overall: bool = False,
    where: Sequence[str] = (),
    timezone: str = "UTC",
    amount_scale: int | None = None,
    refunds: Refunds = "net",
    zero: Zero | None = None,
    frequency: Frequency | None = None,
    ids: Ids = "auto",
    csv_delimiter: str = ",",
    csv_decimal: str = ".",
    csv_thousands: str | None = None,
    csv_null: Sequence[str] = (),
    csv_encoding: str = "utf-8",
    time_format: str | None = None,
    as_files: bool = False,
    strict: bool = False,
    customer_level: bool = False,
    n_orders: str | None = None,
    distinct: str | Sequence[str] = (),
    clv: bool = False,
    clv_unit: ClvUnit | None = None,
    method: str | Sequence[str] | None = None,
    bins: int | Sequence[int] | None = None,
    r_cuts: Sequence[CutPoint] | None = None,
    f_cuts: Sequence[CutPoint] | None = None,
    m_cuts: Sequence[CutPoint] | None = None,
    monetary: Monetary | None = None,
    weights: Sequence[CutPoint] | None = None,
    scheme: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | Model | None = None,
    output: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    spill_dir: str | os.PathLike[str] | None = None,
    store_timeout: float | str = STORE_TIMEOUT,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Score customers by recency, frequency and monetary value, and name their segments.

    Parameters
    ----------
    orders
        Path, list of paths, directory, glob or URI of Parquet, Arrow IPC or CSV; `-` for an IPC
        stream on stdin; or anything with `__arrow_c_stream__`, a record batch, a pyarrow dataset,
        a Polars LazyFrame, or a list or iterator of these. A row is an order or order line.
        Or a `State`, its path, `CustomerTotals` or `Totals`: these have their reading options.
    as_of
        Date of analysis, inclusive: later rows are dropped. `"newest"` takes the local date of
        the newest row that counts. Required, except of totals.
    window
        Keep `as_of - window < date <= as_of`: `"365d"` or, in calendar months, `"12mo"`.
    customer, time, amount
        Columns of who bought, when, and for how much. Ids: integers, text, binary or uuid. Times:
        dates, timestamps or text, naive ones in `timezone`; numbers with a `time_format`. Amounts:
        integers, floats or decimals.
    order
        Column that makes rows lines of one order: distinct ids a customer are counted.
    quantity
        Integer column that multiplies the amount of its row, exactly.
    currency
        Column that must hold one value in all rows counted, unless there are rates.
    rates
        CSV of `currency,rate` and perhaps `date`: amounts are multiplied by the rate of their row's
        currency, the one of the newest date not after the row's day, and rounded once.
    by
        Column of groups (sellers, shops, countries), of the types of ids: a customer of two groups
        is two, and each group is scored for itself. Null is a group.
    overall
        With `by`: score the customers of all groups together as well, with one read; see
        `Result.overall`. In `output` they stand under a null group.
    where
        Conditions `COL=V1,V2` or `COL!=V1,V2`, all of which a row must meet.
    timezone
        IANA zone of naive times and of calendar days.
    amount_scale
        Digits behind the point in `monetary`, 0 to 18; by default a decimal's own, 0 for integers
        (for which it says where the point stands), 2 for floats and CSV.
    refunds
        Negative amounts: `net` (lower monetary, never an order), `drop`, `error`, or `net-order`,
        which needs `order`: as `net`, but an order counts only when the sum of its rows is above
        0, or is 0 without a refund, so that a cancelled order is no order.
    zero
        Zero amounts: `count` or `drop`; `count` unless the scheme says otherwise.
    frequency
        `orders`, or `days` for distinct local dates with an order; `orders` unless the scheme says
        otherwise.
    ids, csv_delimiter, csv_decimal, csv_thousands
        CSV only: ids as `text` (default) or `int`; the delimiter, or `space` for runs of blanks;
        the decimal point; the sign between groups of three digits (a character, or `space`).
    csv_null, csv_encoding
        CSV only: unquoted words that are null, such as `["NULL", "NA"]`; `utf-8`, `latin-1`,
        `cp1252` or `utf-16`.
    time_format
        What text and numbers in the time column mean: a format of strptime, or `epoch` (seconds
        since 1970), `epoch-ms` or `excel` (serial days). Without it, text is ISO 8601.
    as_files
        Read files that belong to a Delta, Iceberg or Hudi table, which are refused otherwise: rows
        that the table has deleted or rewritten are in them and count.
    strict
        Refuse rows with nulls, bad times, amounts that are not finite or had to be rounded.
    customer_level, n_orders
        Rows are customers, or parts of their totals: `time` is the last order, `n_orders` the
        column of the number of orders (`orders` by default), `amount` the total. `first_order` is
        then null.
    distinct
        Column, or columns, in which rows must differ: of rows that are equal in all of them one is
        counted, and the others are dropped as `duplicate`. They must be equal in all other values
        that are read (customer, time, amount, order, group, currency). Null equals nothing.
    clv, clv_unit
        Add what models of customer lifetime value take, by days as lifetimes and PyMC-Marketing
        do: `x` repeat purchases, `t_x` from the first to the last, `T` from the first to `as_of`,
        `zbar` their mean amount. Times in days (`D`) or weeks of seven (`W`).
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
        A score model (`save_model`) by its path, or a `Model`: its cut points, options and scheme
        are applied as they are, `frequency` and `zero` among them.
    output
        Where to write the customers as well: `.parquet`, `.arrow`, `.csv`, `.csv.gz`, `-` for an
        IPC stream on stdout; without an ending, or with a trailing `/`, a directory of Parquet
        parts. It appears whole or not at all.
    threads
        Threads, all processors available by default. They never change the result.
    memory_limit
        Most memory of the process, in bytes or as a text like `"2GB"`: what does not fit goes to
        disk, and the result is the same. By default what is in use and 80% of what is available,
        limits of containers respected.
    spill_dir
        Where on disk; by default the system's folder for temporary files.
    store_timeout
        How long an object store may make no progress, retries included, in seconds or as a text
        like `"30s"`. A transfer that advances, however slowly, is not cut.
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
    marks = [clock.perf_counter()]
    chosen, plan = plan_by(
        {
            "method": method, "bins": bins, "r_cuts": r_cuts, "f_cuts": f_cuts, "m_cuts": m_cuts,
            "monetary": monetary, "weights": weights, "scheme": scheme, "model": model,
            "frequency": frequency, "zero": zero,
        }
    )  # fmt: skip
    implied = chosen.options
    state, given = state_of(orders), given_totals(orders, as_of)
    built: dict[str, Any] = given.options if given else state.options if state else {}
    if customer_level or built.get("customer_level"):
        refuse_first_orders(chosen)
        implied = {}  # of a scheme, what looks at single orders
    reading: dict[str, Any] = {
        "window": window, "customer": customer, "time": time, "amount": amount, "order": order,
        "quantity": quantity, "currency": currency, "rates": rates, "by": by,
        "where": conditions_of(where), "timezone": timezone, "amount_scale": amount_scale,
        "refunds": refunds, "zero": implied.get("zero", "count") if zero is None else zero,
        "frequency": implied.get("frequency", "orders") if frequency is None else frequency,
        "ids": ids, "csv_delimiter": csv_delimiter, "csv_decimal": csv_decimal,
        "csv_thousands": csv_thousands, "csv_null": null_words(csv_null),
        "csv_encoding": csv_encoding, "time_format": time_format, "as_files": as_files,
        "strict": strict, "clv": clv, "clv_unit": clv_unit,
        "customer_level": customer_level, "n_orders": n_orders,
        "distinct": column_names(distinct),
    }  # fmt: skip
    asked = reading | {"zero": zero, "frequency": frequency}
    who = f"scheme {chosen.name}" if model is None else "the model"
    if given is not None:
        asked |= {"overall": overall, "memory_limit": memory_limit, "spill_dir": spill_dir}
        refuse_beside_totals(given, asked | {"as_of": as_of}, implied, who)
        reading, by = built, built["by"]
    if state is not None:
        reading = state.agreed(asked, implied, who)
        by = reading["by"]
        if overall:
            raise UsageError(
                "overall must not be asked of a state, which knows no customers but those of "
                "groups; got it. Keep a second state without by."
            )
    if overall and by is None:
        raise UsageError("overall must come with by; got it alone. Name the column of groups.")
    refuse_value_column(plan.weights, [reading["customer"], by])
    n_threads = threads_of(threads)
    patience = seconds_of(store_timeout)
    if output is not None:
        check_output(output)
    refuse_overwriting(output, "the rates file", rates)
    model_file = None if isinstance(model, Model) else model
    refuse_overwriting(output, "the model file", model_file)
    refuse_overwriting(output, "the scheme file", scheme_file(scheme))
    compares = bool(reading["distinct"]) and state is None
    a_thread = batch_bytes(by=by is not None, clv=clv, distinct=compares)
    limit = given.budget.limit if given else limit_of(memory_limit, n_threads, a_thread)
    running = {"threads": n_threads, "memory_limit": limit, "spill_dir": spill_dir}
    if given is not None:
        aggregated, spent = Aggregated(given), Seconds()
    elif state is not None:
        refuse_inside(output, "the state", state.path)
        totals = state.totals_as(reading | {"as_of": as_of}, running)
        aggregated, spent = Aggregated(population_of(totals)), Seconds()
    else:
        assert as_of is not None
        known = Reading(as_of=as_of, **reading)
        sources = open_sources(
            orders, known.columns, csv_format=known.csv, as_files=known.as_files,
            store_timeout=patience,
        )  # fmt: skip
        for source in sources:
            refuse_overwriting(output, "an input", source.name)
        aggregated, spent = aggregate(sources, known, running, progress, overall=overall)
    marks.append(clock.perf_counter())
    aggregated.tell(progress, "score")
    options = (
        reading
        | plan.options()
        | {
            "overall": overall,
            "rates": None if reading["rates"] is None else os.fspath(reading["rates"]),
            "n_orders": aggregated.totals.reading.n_orders,
            "scheme": chosen.name if scheme is None else os.fspath(scheme),
            "model": model_name(model),
        }
    )
    said = options | {"threads": n_threads, "memory_limit": limit}
    seconds: dict[str, float] = {}
    with ThreadPoolExecutor(n_threads) as pool:
        platform = None
        if aggregated.overall is not None:
            alone = said | {"by": None, "overall": False}
            platform = _scored(aggregated.overall, chosen, plan, pool, alone, seconds, None)
        result = _scored(aggregated.totals, chosen, plan, pool, said, seconds, platform)
    marks.append(clock.perf_counter())
    if output is not None:
        aggregated.tell(progress, "write")
        write_groups(result.pieces(), result.schema, output, threads=n_threads)
    if output is None or given is not None:
        # Now, so that what is wrong with an id is said now, and before totals are added to.
        result.make_tables()
    marks.append(clock.perf_counter())
    seconds.update(spent.stages(marks))
    return result


def _scored(
    population: Population,
    scheme: Scheme,
    plan: Plan,
    pool: Executor,
    options: dict[str, Any],
    seconds: dict[str, float],
    overall: Result | None,
) -> Result:
    chunks, n_without_orders = population.chunks(pool)
    as_of, grouping = population.as_of, None
    if population.reading.by is not None:
        grouping = Grouping.of(chunks, population.hash_key, pool)
        if grouping.has_none and overall is not None:
            raise DataError(
                f"rows must have a group where overall is asked for, whose customers stand under "
                f"none; got null in {population.reading.by!r}. Fill it, or leave overall out."
            )
    everyone = Everyone(chunks, population.scale, grouping)
    scoring = score_everyone(everyone, scheme, plan, pool)
    cuts, money_scale = scoring.fitted.cuts, plan.money_scale(population.scale)
    about = {
        "version": __version__,
        "as_of": None if as_of is None else as_of.isoformat(),
        "cuts": cuts_in_units(cuts, money_scale),
        "options": {key: options[key] for key in options if key not in _RUNNING},
    }
    if overall is not None:
        about["overall"] = {"cuts": cuts_in_units(overall.cuts, overall.money_scale)}
    metadata = {METADATA_KEY: json.dumps(about, default=str)}
    parts = chunks, scoring.cells, scoring.segments
    return Result(
        _scored=ScoredCustomers(*parts, scoring.labels, population, metadata),
        _rules=scoring.rules,
        _plan=plan,
        scheme=scheme,
        as_of=as_of,
        rows=population.intake.ledger.counts(),
        cuts=cuts,
        cuts_by_group=scoring.fitted.n_sets,
        segment_totals=tuple(
            SegmentTotals(name, *sums)
            for name, sums in zip(scoring.labels.names, scoring.sums, strict=True)
        ),
        customers_by_score=scoring.by_score,
        customers_without_orders=n_without_orders,
        warnings=population.intake.warnings,
        overall=overall,
        scale=population.scale,
        money_scale=money_scale,
        seconds=seconds,
        options=options,
        version=__version__,
    )
