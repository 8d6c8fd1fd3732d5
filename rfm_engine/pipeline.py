"""score(): orders to customers with scores and segments; the only place that knows the stages."""

from __future__ import annotations

import json
import os
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.aggregate.survey import newest_day
from rfm_engine.aggregate.totals import CustomerTotals
from rfm_engine.errors import UsageError
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import NEWEST, Frequency, Ids, Reading, Refunds, Zero, day_date
from rfm_engine.orders.source import open_sources
from rfm_engine.result import Result, SegmentTotals
from rfm_engine.scan import scan
from rfm_engine.score.cells import Bins, Cuts, Scores, cell_sums, score_cells, tally
from rfm_engine.segments.assign import Labels, segment_names, segment_sums
from rfm_engine.segments.plan import CutPoint, Plan, plan_scoring
from rfm_engine.segments.scheme import Scheme, load_scheme
from rfm_engine.sink import check_output, write

VERSION = version("rfm-engine")
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
    [('ada', '535'), ('bob', '313')]
    """
    chosen = load_scheme(scheme)
    plan = plan_scoring(chosen, method, bins, {"r": r_cuts, "f": f_cuts, "m": m_cuts})
    reading: dict[str, Any] = {
        "window": window, "customer": customer, "time": time, "amount": amount, "order": order,
        "quantity": quantity, "currency": currency, "where": tuple(where), "timezone": timezone,
        "amount_scale": amount_scale, "refunds": refunds, "zero": zero, "frequency": frequency,
        "ids": ids, "csv_delimiter": csv_delimiter, "csv_decimal": csv_decimal,
        "time_format": time_format, "strict": strict,
    }  # fmt: skip
    run = _Run(_threads(threads), progress)
    if output is not None:
        check_output(output)
    # The columns are known before the date is: with a window, the newest row is found first.
    known = Reading(as_of=NEWEST, **(reading | {"window": None}))
    sources = open_sources(orders, known.columns, csv_delimiter=csv_delimiter)
    _refuse_overwriting(sources, output)
    if as_of == NEWEST and window is not None:
        as_of = _newest(sources, known, run)
    totals = CustomerTotals(as_of=as_of, **reading)
    for source in sources:
        totals.join(source.name, source.schema, text=source.text)
    run.read(sources, totals)
    ...
