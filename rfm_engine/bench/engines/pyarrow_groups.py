"""pyarrow: Table.group_by in threads, cut points by selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from rfm_engine.bench.child import Job


def from_file(job: Job) -> None:
    """Read a file and write Parquet."""
    if job.csv:
        kinds = {"customer_id": pa.int64() if job.int_ids else pa.string()}
        options = pyarrow.csv.ConvertOptions(column_types=kinds, include_columns=job.columns)
        orders = pyarrow.csv.read_csv(job.input, convert_options=options)
    else:
        orders = pq.read_table(job.input, columns=job.columns)
    answer = from_table(orders, job)
    pq.write_table(answer, job.output, compression="zstd", use_dictionary=["segment"])


def from_table(orders: pa.Table, job: Job) -> pa.Table:
    """Score an Arrow table and return an Arrow table."""
    newest = pc.max(orders["order_time"])
    totals = _totals(orders, job)
    totals = totals.filter(pc.greater(totals["frequency"], 0))
    days = pc.days_between(pc.cast(totals["last_order"], pa.date32()), newest.cast(pa.date32()))
    totals = totals.append_column("recency_days", days.cast(pa.int32()))
    above = [_cuts_below(totals[name]) for name in ("recency_days", "frequency", "monetary")]
    r, f, m = pc.subtract(pa.scalar(5, pa.int8()), above[0]), _next(above[1]), _next(above[2])
    rows = pc.multiply(_wide(r), pa.scalar(25, pa.int16()))
    cells = pc.add(pc.add(rows, pc.multiply(_wide(f), pa.scalar(5, pa.int16()))), _wide(m))
    segments = pa.array(job.segments).dictionary_encode()
    segment = segments.take(pc.subtract(cells, pa.scalar(31, pa.int16())).combine_chunks())
    for name, column in (("r_score", r), ("f_score", f), ("m_score", m), ("segment", segment)):
        totals = totals.append_column(name, column)
    return totals


def _totals(orders: pa.Table, job: Job) -> pa.Table:
    bought = pc.if_else(pc.greater_equal(orders["amount"], 0), orders["order_time"], None)
    cents = pc.round(pc.multiply(orders["amount"], 100.0), round_mode="half_to_even")
    ids = orders["customer_id"]
    if isinstance(ids.type, pa.UuidType):
        ids = ids.cast(ids.type.storage_type)  # a uuid cannot be a grouping key
    rows = {"customer_id": ids, "time": bought, "cents": cents.cast(pa.int64())}
    measures = [("time", "min"), ("time", "max"), ("time", "count"), ("cents", "sum")]
    if not job.lines:
        groups = pa.table(rows).group_by("customer_id").aggregate(measures)
    else:
        lines = pa.table(rows | {"order_id": orders["order_id"]})
        by_order = lines.group_by(["customer_id", "order_id"]).aggregate(measures)
        of_orders = [
            ("time_min", "min"), ("time_max", "max"), ("time_min", "count"), ("cents_sum", "sum")
        ]  # fmt: skip
        groups = by_order.group_by("customer_id").aggregate(of_orders)
    return groups.rename_columns(
        ["customer_id", "first_order", "last_order", "frequency", "monetary"]
    )


def _cuts_below(values: pa.ChunkedArray) -> Any:
    n = len(values)
    # "nearest" selects the right element, even if the share times (n - 1) is rounded.
    places = [(-(-i * n // 5) - 1) / max(1, n - 1) for i in range(1, 5)]
    cuts = pc.quantile(values, q=places, interpolation="nearest")
    counts = [pc.greater(values, cut.cast(values.type)).cast(pa.int8()) for cut in cuts]
    return pc.add(pc.add(counts[0], counts[1]), pc.add(counts[2], counts[3]))


def _next(counts: Any) -> Any:
    return pc.add(counts, pa.scalar(1, pa.int8()))


def _wide(scores: Any) -> Any:
    return scores.cast(pa.int16())
