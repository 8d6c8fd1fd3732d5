"""Order lines as they are hardest to add up in parts, and what must be equal for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import rfm_engine as rfm
from rfm_engine.simulate import simulate

OPTIONS = {"as_of": "2025-12-31", "order": "order_id"}
_LINES_PER_ORDER = 2.2
_FILES = 8


def many_lines(n_rows: int) -> pa.Table:
    """Return shuffled order lines of text ids.

    Lines of an order are far apart. A hundredth of the rows have no id, and a hundredth are the
    refunds of customers who have no order.
    """
    n_orders = round(n_rows / _LINES_PER_ORDER)
    lines = simulate(customers=n_orders // 3, orders=n_orders, ids="string", lines=True)
    table = lines.read_all().select(["customer_id", "order_time", "amount", "order_id"])
    drawn = np.random.default_rng(3)
    few = table.slice(0, n_rows // 100)
    without_id = few.set_column(0, "customer_id", pa.nulls(len(few), pa.string()))
    others = pa.array([f"refund-{n}" for n in drawn.integers(0, len(few) // 2, len(few))])
    refunds = few.set_column(0, "customer_id", others).set_column(
        2, "amount", pa.array(-drawn.integers(1, 10_000, len(few)) / 100)
    )
    whole = pa.concat_tables([table, without_id, refunds])
    return whole.take(pa.array(drawn.permutation(len(whole)))).combine_chunks()


def write_lines(lines: pa.Table, folder: Path) -> None:
    """Write rows as files of Parquet."""
    folder.mkdir()
    size = -(-len(lines) // _FILES)
    for number in range(_FILES):
        pq.write_table(lines.slice(number * size, size), folder / f"{number}.parquet")


def facts_of(result: Any) -> dict[str, Any]:
    """Return what a result tells, except for times and options of the machine."""
    summary = result.summary()
    kept = ("as_of", "rows", "customers", "customers_without_orders", "cuts", "segments")
    return {key: summary[key] for key in kept} | {"warnings": sorted(map(str, result.warnings))}


def same_customers(found: pa.Table, result: rfm.Result) -> bool:
    """Compare all values; Spark has no dictionaries."""
    expected = result.customers.cast(found.schema)
    return found.sort_by("customer_id").equals(expected.sort_by("customer_id"))
