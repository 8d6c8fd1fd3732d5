"""A history whose snapshots have the columns of a model of lifetime value."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.clv.orders import shop

DATES = ["2025-10-31", "2025-11-30"]


@pytest.fixture
def built(tmp_path):
    """A history of two dates, and the file of the model."""
    orders, model = shop(100), tmp_path / "model.json"
    rfm.fit_clv(orders, as_of="2025-09-30", family="mbg-nbd").save(model)
    history = rfm.History.create(tmp_path / "history", clv_model=str(model))
    history.build(orders, as_of=DATES)
    return history, orders, model


def test_history__has_what_score_adds(built, tmp_path):
    history, orders, model = built
    for day in DATES:
        expected = rfm.score(orders, as_of=day, clv_model=model).customers.sort_by("customer_id")
        place = tmp_path / "history" / f"as_of={day}" / "customers.parquet"
        found = pq.read_table(place).sort_by("customer_id")
        assert found.select(expected.column_names).to_pylist() == expected.to_pylist()
    assert history.verify() == []


def test_history__takes_orders_of_another_date_and_no_snapshot(built):
    history, orders, model = built
    history.add(orders, as_of="2025-12-31")
    assert history.verify() == []
    snapshot = rfm.score(orders, as_of="2026-01-31", clv_model=model)
    with pytest.raises(rfm.UsageError, match="must be given orders; got a snapshot"):
        history.add(snapshot_of(snapshot, model.parent), as_of="2026-01-31")


def snapshot_of(result, folder):
    """Write a result, and read it as a snapshot."""
    from rfm_engine.output import write_groups

    write_groups(result.pieces(), result.schema, folder / "snapshot.parquet")
    return rfm.read_snapshot(folder / "snapshot.parquet")
