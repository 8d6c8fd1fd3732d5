"""Polars: group in the streaming engine, cut points are elements of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.bench.child import Job

_SCORED = {"r_score": "recency_days", "f_score": "frequency", "m_score": "monetary"}


def from_file(job: Job) -> None:
    """Read a file and write Parquet."""
    orders = pl.scan_parquet(job.input)
    if job.csv:
        ids = pl.Int64 if job.int_ids else pl.String
        kinds = {"customer_id": ids, "order_time": pl.Datetime("us")}
        orders = pl.scan_csv(job.input, schema_overrides=kinds)
    answer = _answer(orders, job)
    # Level 1, as rfm: 0.16 s of processor time per million customers, 0.24 s by default.
    answer.sink_parquet(job.output, compression="zstd", compression_level=1)


def from_table(orders: pa.Table, job: Job) -> pa.Table:
    """Score an Arrow table and return an Arrow table."""
    frame = pl.DataFrame(orders)
    return _answer(frame.lazy(), job).collect(engine="streaming").to_arrow()


def _answer(orders: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    totals = _totals(orders, job).collect(engine="streaming")
    return _scored(totals, job)


def _totals(orders: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    bought = pl.when(pl.col("amount") >= 0).then("order_time")  # filter() takes a third longer
    cents = (pl.col("amount") * 100).round(mode="half_to_even").cast(pl.Int64)
    measures = {"first_order": bought.min(), "last_order": bought.max(), "monetary": cents.sum()}
    if job.lines:
        # Two groupings take 0.99 s, n_unique takes 1.03 s (11 M lines).
        by_order = orders.group_by("customer_id", "order_id").agg(**measures)
        totals = by_order.group_by("customer_id").agg(
            pl.col("first_order").min(),
            pl.col("last_order").max(),
            pl.col("monetary").sum(),
            frequency=pl.col("first_order").count(),
        )
    else:
        totals = orders.group_by("customer_id").agg(**measures, frequency=bought.count())
    newest = orders.select(pl.col("order_time").max()).collect(engine="streaming").item()
    days = pl.lit(newest).dt.date() - pl.col("last_order").dt.date()
    return totals.filter(pl.col("frequency") > 0).with_columns(
        recency_days=days.dt.total_days().cast(pl.Int32)
    )


def _scored(totals: pl.DataFrame, job: Job) -> pl.LazyFrame:
    n = max(1, totals.height)
    # The middle between two steps, so that rounding cannot select the next element.
    shares = [(-(-i * n // 5) - 0.5) / n for i in range(1, 5)]
    cuts = totals.select(
        pl.col(measure).quantile(shares, "equiprobable") for measure in _SCORED.values()
    )
    above = {score: _above(measure, cuts[measure].item()) for score, measure in _SCORED.items()}
    above["r_score"] = 4 - above["r_score"]
    scores = {score: (1 + count).cast(pl.Int8) for score, count in above.items()}
    # Explicit arithmetic and a gather from an Enum take 0.55 s of processor time for 4 M customers,
    # including the sink; sum_horizontal takes 0.76 s, replace_strict 0.68 s.
    r, f, m = (pl.col(score).cast(pl.UInt8) for score in _SCORED)
    cell = r * 25 + f * 5 + m - 31
    segments = pl.Series(job.segments, dtype=pl.Enum(list(dict.fromkeys(job.segments))))
    return totals.lazy().with_columns(**scores).with_columns(segment=pl.lit(segments).gather(cell))


def _above(measure: str, cuts: pl.Series) -> pl.Expr:
    """Count the cut points below a value."""
    first, *others = ((pl.col(measure) > int(cut)).cast(pl.Int8) for cut in cuts)
    return sum(others, first)
