"""pandas: one factorised groupby, cut points by partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.bench.child import Job


def from_file(job: Job) -> None:
    """Read a file and write Parquet."""
    if job.csv:
        kinds = {"customer_id": "int64" if job.int_ids else "str"}
        orders = pd.read_csv(
            job.input, usecols=job.columns, dtype=kinds, parse_dates=["order_time"]
        )
    else:
        orders = pd.read_parquet(job.input, columns=job.columns)
    answer = _answer(orders, job)
    answer.to_parquet(job.output, compression="zstd", index=False)


def from_table(orders: pa.Table, job: Job) -> pa.Table:
    """Score an Arrow table and return an Arrow table."""
    import pyarrow as pa

    return pa.Table.from_pandas(_answer(orders.to_pandas(), job), preserve_index=False)


def _answer(orders: Any, job: Job) -> Any:
    newest = orders["order_time"].max().normalize()
    totals = _totals(orders, job)
    totals = totals[totals["frequency"] > 0].reset_index()
    totals["recency_days"] = (newest - totals["last_order"].dt.normalize()).dt.days
    r, f, m = (_cuts_below(totals[name]) for name in ("recency_days", "frequency", "monetary"))
    totals["r_score"], totals["f_score"], totals["m_score"] = 5 - r, f + 1, m + 1
    kinds = list(dict.fromkeys(job.segments))
    codes = np.array([kinds.index(name) for name in job.segments], np.int8)
    cells = (4 - r.astype(np.int16)) * 25 + f * 5 + m
    totals["segment"] = pd.Categorical.from_codes(codes[cells], kinds)
    return totals


def _totals(orders: Any, job: Job) -> Any:
    rows = pd.DataFrame(
        {
            "customer_id": orders["customer_id"],
            "time": orders["order_time"].where(orders["amount"] >= 0),
            "cents": np.rint(orders["amount"] * 100).astype(np.int64),
        }
    )
    keys = ["customer_id"]
    if job.lines:
        rows["order_id"] = orders["order_id"]
        by_order = rows.groupby(["customer_id", "order_id"], sort=False)
        first, last = by_order["time"].min(), by_order["time"].max()
        rows = pd.DataFrame({"time": first, "last": last, "cents": by_order["cents"].sum()})
    groups = rows.groupby(keys, sort=False)
    # Separate aggregations take 1.12 s, a single agg() takes 2.13 s (10 M rows).
    return pd.DataFrame(
        {
            "first_order": groups["time"].min(),
            "last_order": groups["last" if job.lines else "time"].max(),
            "frequency": groups["time"].count(),
            "monetary": groups["cents"].sum(),
        }
    )


def _cuts_below(values: Any) -> Any:
    array = values.to_numpy()
    places = [-(-i * len(array) // 5) - 1 for i in range(1, 5)]
    cuts = np.partition(array, places)[places] if len(array) else array
    return sum(((array > cut).astype(np.int8) for cut in cuts), np.zeros(len(array), np.int8))
