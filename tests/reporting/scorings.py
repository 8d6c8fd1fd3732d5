"""Scored customers of many kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import rfm_engine as rfm
from rfm_engine.result.metadata import METADATA_KEY, _digest_of
from tests.shapes import AS_OF, random_orders

N_CUSTOMERS = 80
# A tenth of these orders are refunds, so that some customers have a negative amount.
ORDERS = random_orders(400, N_CUSTOMERS, 3)
SHOPS = ORDERS.append_column(
    "shop", pa.array([None if n % 9 == 0 else f"shop {n % 5}" for n in range(400)])
).append_column("region", pa.array([n % 3 for n in range(400)]))
OPTIONS: dict[str, dict[str, Any]] = {
    "classic": {},
    "facts": {"facts": True},
    "mean": {"monetary": "mean", "facts": True},
    "mean without facts": {"monetary": "mean"},
    "days": {"frequency": "days"},
    "refunds dropped": {"refunds": "drop"},
    "by": {"by": "shop"},
    "by and overall": {"by": "region", "overall": True},
    "ntile": {"method": "ntile"},
    "rank-linear": {"method": "rank-linear"},
    "nested": {"method": "nested"},
    "quantile-linear": {"method": "quantile-linear"},
    "qcut-drop": {"method": "qcut-drop"},
    "reserve-one-timers": {"method": "reserve-one-timers"},
    "fixed": {
        "method": "thresholds", "r_cuts": [30, 90, 90, 365], "f_cuts": [1, 2, 3, 8],
        "m_cuts": [0, "50.5", 100, 200],
    },
    "more scores than a grid shows": {"scheme": "recency-bands", "bins": [4, 11, 2]},
    "weights": {"weights": [1, 2, 3], "facts": True},
    **{scheme: {"scheme": scheme} for scheme in (
        "eight-types", "five-types", "klaviyo", "putler", "pymc", "python-rfm", "r-rfm",
        "recency-bands", "risk", "shopify", "travel", "value-tiers",
    )},
}  # fmt: skip


def scored(place: Path, name: str) -> rfm.Snapshot:
    """Score the orders in one of the ways of `OPTIONS`."""
    rfm.score(SHOPS, as_of=AS_OF, output=place, **OPTIONS[name])
    return rfm.read_snapshot(place)


def customer_level(place: Path) -> rfm.Snapshot:
    """Score customers whose totals are known, one of them without orders."""
    days = pa.array(["2025-12-01", "2025-11-01", "2024-12-01", "2025-12-31", "2025-12-30"])
    totals = pa.table({
        "customer_id": ["a", "b", "c", "d", "e"],
        "order_time": days.cast(pa.timestamp("us")),
        "amount": [10.00, -3.00, 500.25, 0.01, 7.00],
        "orders": [2, 1, 9, 1, 0],
    })  # fmt: skip
    rfm.score(totals, as_of=AS_OF, output=place, customer_level=True, n_orders="orders")
    return rfm.read_snapshot(place)


def without_counts(place: Path, copy: Path) -> rfm.Snapshot:
    """Return a copy of a snapshot whose metadata have neither survey nor concentration."""
    table = pq.read_table(place)
    about = json.loads(table.schema.metadata[METADATA_KEY])
    del about["digest"]
    about["survey"] = None
    for population in (about, about.get("overall", {})):
        population.pop("facts", None)
    text = json.dumps(about | {"digest": _digest_of(about)})
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: text}), copy)
    return rfm.read_snapshot(copy)
