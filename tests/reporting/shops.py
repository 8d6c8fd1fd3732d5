"""Small shops whose numbers are worked by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import rfm_engine as rfm

Order = tuple[str, str, str, str]


def orders_of(rows: list[Order]) -> pa.Table:
    """Return orders from rows of customer, day, amount and shop."""
    return pa.table({
        "customer_id": [row[0] for row in rows],
        "order_time": [datetime.fromisoformat(row[1]) for row in rows],
        "amount": [float(row[2]) for row in rows],
        "shop": [row[3] for row in rows],
    })  # fmt: skip


# Anna and Bob buy in two shops; Carl's first order is after the first date.
ORDERS = orders_of([
    ("anna", "2026-01-05", "10.50", "A"),
    ("anna", "2026-02-10", "4.50", "B"),
    ("bob", "2026-01-20", "20.00", "A"),
    ("anna", "2026-03-03", "5.00", "A"),
    ("carl", "2026-03-04", "7.25", "B"),
])  # fmt: skip
# Quantiles of few customers are mostly ties: these cut points are fixed.
SCORING: dict[str, Any] = {
    "scheme": "classic", "method": "thresholds", "r_cuts": [10, 20, 40, 80], "f_cuts": [1, 2, 3, 4],
    "m_cuts": [5, 10, 20, 40], "sort": "customer",
}  # fmt: skip


def scored(folder: Path, day: str, orders: pa.Table = ORDERS, **options: Any) -> rfm.Snapshot:
    """Score orders at a date, sorted as in a history."""
    place = folder / f"{day}.parquet"
    rfm.score(orders, as_of=day, output=place, **SCORING | options)
    return rfm.read_snapshot(place)
