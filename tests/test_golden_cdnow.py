"""Test with CDNOW: real orders with known results."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import compute as pc

import rfm_engine as rfm
from tests.compare import scores_of
from tests.conftest import COMPILED

CUTS = {
    "r": [141, 432, 485, 512],
    "f": [1, 1, 2, 4],
    "m": ["15.36", "31.35", "59.92", "133.95"],
}


@pytest.fixture(scope="module")
def result(cdnow):
    return rfm.score(cdnow, as_of="newest")


def test_summary__rows_customers_and_sum(result):
    summary = result.summary()
    assert summary["as_of"] == "1998-06-30"
    assert (summary["rows"]["read"], summary["rows"]["counted"]) == (69_659, 69_659)
    assert set(summary["rows"]["dropped"].values()) == {0}
    assert (summary["customers"], summary["customers_without_orders"]) == (23_570, 0)
    assert summary["amounts_rounded"] == 0
    assert str(pc.sum(result.customers["monetary"])) == "2500315.63"
    assert pc.sum(result.customers["frequency"]).as_py() == 69_659


def test_summary__cuts(result):
    assert result.summary()["cuts"] == CUTS


def test_summary__classic_segments(result):
    segments = {segment["name"]: segment for segment in result.summary()["segments"]}
    champions = {
        "name": "Champions",
        "customers": 4_151,
        "orders": 33_966,
        "monetary": "1297649.37",
        "share_customers": 0.1761,
        "share_monetary": 0.5190,
        "recency_days_total": 238_845,
    }
    assert {key: segments["Champions"][key] for key in champions} == champions
    assert _said(segments["Hibernating"]) == (8_430, 8_430, "256314.35")
    assert _said(segments["Loyal Customers"]) == (3_309, 15_205, "558556.10")
    assert sum(segment["customers"] for segment in segments.values()) == 23_570


def test_score__zero_rows_dropped(cdnow):
    dropped = rfm.score(cdnow, as_of="1998-06-30", zero="drop").summary()["rows"]["dropped"]
    assert dropped["zero_dropped"] == 80


@pytest.fixture(scope="module")
def some(cdnow):
    """Return all orders, or the first ones if kernels run as Python."""
    return cdnow if COMPILED else cdnow.slice(0, 10_000)


@pytest.fixture(scope="module")
def want(some):
    return scores_of(rfm.score(some, as_of="1998-06-30").customers)


def test_score__any_type_of_amount_gives_the_same(some, want):
    place = some.column_names.index("amount")
    floats = some.set_column(place, "amount", some["amount"].cast(pa.float64()))
    assert scores_of(rfm.score(floats, as_of="1998-06-30").customers) == want
    minor = pc.multiply(some["amount"], pa.scalar(100)).cast(pa.int64())
    integers = some.set_column(place, "amount", minor)
    scored = rfm.score(integers, as_of="1998-06-30", amount_scale=2)
    assert scores_of(scored.customers) == want


def test_score__reads_the_file_as_csv(some, want, tmp_path):
    path = tmp_path / "cdnow.csv"
    rows = some.to_pylist()
    lines = [f"{row['customer_id']};{row['order_time']};{row['amount']}" for row in rows]
    path.write_text("\n".join(["customer_id;order_time;amount", *lines]))
    scored = rfm.score(path, as_of="1998-06-30", csv_delimiter=";")
    assert scores_of(scored.customers) == want


def _said(segment):
    return segment["customers"], segment["orders"], segment["monetary"]
