"""Build files of scored customers, and the rows that a lookup must return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

import rfm_engine as rfm
from tests.shapes import AS_OF, NEW_YEAR_2024_US, cents, orders_table

SHOPS = ("b", None, "a", "", "ab")


def orders_of(ids: pa.Array, shops: tuple[str | None, ...] = SHOPS) -> pa.Table:
    """Build orders in which each customer has one to four orders, each in another shop."""
    n_orders = [1 + row * 7 % 4 for row in range(len(ids))]
    rows = pa.array([row for row, n in enumerate(n_orders) for _ in range(n)], pa.int64())
    who = ids.storage.take(rows) if isinstance(ids.type, pa.UuidType) else ids.take(rows)
    n = len(rows)
    return orders_table(
        pa.ExtensionArray.from_storage(ids.type, who) if isinstance(ids.type, pa.UuidType) else who,
        [NEW_YEAR_2024_US + row * 7_919_000_000_000 % 40_000_000_000_000 for row in range(n)],
        [cents(1_000 + row * 31 % 977) for row in range(n)],
        shop=pa.array([shops[row % len(shops)] for row in range(n)]),
    )


def write(place: Path, ids: pa.Array, **options: Any) -> Path:
    """Score the orders of some customers to a file for lookups."""
    rfm.score(orders_of(ids), as_of=AS_OF, sort="customer", output=place, **options)
    return place


def rows_of_file(place: Path) -> list[dict[str, Any]]:
    """Return all rows of a file, with those of all groups together."""
    rows: list[dict[str, Any]] = rfm.read_snapshot(place).all_rows().to_pylist()
    return rows
