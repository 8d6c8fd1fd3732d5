"""Snapshots of real orders at pairs of dates, made once per test process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm

Between = Callable[..., pa.Table]


def _scored(orders: object, folder, **options: Any) -> Callable[[str], rfm.Snapshot]:
    def at(day: str) -> rfm.Snapshot:
        place = folder / f"{day}.parquet"
        if not place.exists():
            rfm.score(orders, as_of=day, facts=True, sort="customer", output=place, **options)
        return rfm.read_snapshot(place)

    return at


@pytest.fixture(scope="session")
def cdnow_at(cdnow, tmp_path_factory) -> Callable[[str], rfm.Snapshot]:
    """Snapshots of CDNOW, where each row is an order."""
    orders = cdnow.drop_columns(["quantity"])
    return _scored(orders, tmp_path_factory.mktemp("cdnow"))


@pytest.fixture(scope="session")
def journey_at(journey_transactions, tmp_path_factory) -> Callable[[str], rfm.Snapshot]:
    """Snapshots of The Complete Journey, where baskets are orders."""
    return _scored(
        pq.read_table(journey_transactions), tmp_path_factory.mktemp("journey"),
        customer="household_id", time="transaction_timestamp", amount="sales_value",
        order="basket_id",
    )  # fmt: skip
