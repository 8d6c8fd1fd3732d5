"""Files and options of campaign reports that are refused, each with its reason."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm

ORDERS = pa.table({
    "customer_id": [1, 2, 3, 3], "order_time": [datetime(2026, 1, 1)] * 3 + [datetime(2026, 3, 1)],
    "amount": [1.0, 2.0, 3.0, 4.0], "shop": ["a", "a", "b", "b"],
})  # fmt: skip
ASSIGNED = {
    "customer_id": [1, 2], "campaign": ["x", "x"], "contacted_on": [date(2026, 2, 1)] * 2,
    "ends_on": [date(2026, 2, 9)] * 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    rfm.score(ORDERS, as_of="2026-01-31", output=folder / "customers.parquet")
    rfm.score(ORDERS, as_of="2026-01-31", output=folder / "groups.parquet", by="shop")
    return folder


def refused(shop, error, columns=None, snapshot="customers", **options):
    place = shop / "assigned.parquet"
    kept = {name: each for name, each in (ASSIGNED | (columns or {})).items() if each is not None}
    pq.write_table(pa.table(kept), place)
    whole = {"assigned": place, "rows": ORDERS} | options
    with pytest.raises(error) as raised:
        rfm.campaign.report(shop / f"{snapshot}.parquet", **whole)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"campaign": None}, "assigned must have the column 'campaign'; got customer_id, "),
        ({"contacted_on": None}, "must have the column 'contacted_on'"),
        ({"customer_id": None}, "must have the column 'customer_id'"),
        ({"ends_on": None}, "attribution_days must be given for 2 customers of assigned"),
        ({"customer_id": [], "campaign": [], "contacted_on": [], "ends_on": []},
         "assigned must have a customer; got none"),
        ({"contacted_on": [date(2026, 1, 31)] * 2},
         "the snapshot must be older than the first contact, 2026-01-31"),
        ({"ends_on": [date(2026, 3, 2)] * 2},
         "rows must go on to 2026-03-02, the last day of a campaign; got rows up to 2026-03-01"),
    ],
)  # fmt: skip
def test_assigned__without_what_is_needed_is_refused(shop, columns, message):
    if columns.get("customer_id") == []:
        columns = {name: pa.array([], pa.array(ASSIGNED[name]).type) for name in columns}
    assert message in refused(shop, rfm.UsageError, columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"campaign": ["x", None]}, "column 'campaign' of assigned must have a value for each"),
        ({"contacted_on": [None, date(2026, 2, 1)]}, "column 'contacted_on' of assigned must"),
        ({"arm": ["treated", None]}, "column 'arm' of assigned must have a value"),
        ({"arm": ["treated", "control"]}, "must be treated or holdout; got 'control'"),
        ({"cost_minor": [1, -1]}, "cost_minor of assigned must be 0 or more; got -1"),
        ({"cost_minor": ["1", "x"]}, "amount column 'cost_minor' must fit int64"),
        ({"ends_on": [date(2026, 1, 1)] * 2}, "ends_on of assigned must be on or after"),
        (
            {"contacted_on": pa.array([3_000_000] * 2, pa.int32()).cast(pa.date32())},
            "column 'contacted_on' of assigned must have a value",
        ),
        ({"customer_id": [1, 1]}, "one row per customer and campaign; got 2 rows of 1"),
        ({"customer_id": ["one", "two"]}, "ids of assigned must have the type of the customers"),
    ],
)
def test_assigned__with_wrong_values_is_refused(shop, columns, message):
    assert message in refused(shop, rfm.DataError, columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attribution": "first"}, "attribution must be one of last, all; got 'first'"),
        ({"attribution_days": -1}, "attribution_days must be a number of days from 0"),
        ({"attribution_days": "9"}, "attribution_days must be a number of days from 0"),
        ({"margin": "250%"}, "margin must be a share of the spend such as 25%"),
        ({"margin": -1}, "margin must be a share of the spend such as 25%"),
        ({"margin": "profits"}, "column 'profits' must exist"),
        ({"holdout": "51%"}, "holdout must be a share of the customers"),
        ({"responses": "missing.csv"}, "missing.csv must exist"),
        ({"assigned": "missing.csv"}, "missing.csv must exist"),
        ({"assigned": "-"}, "assigned must be a file; got -"),
        ({"rows": "missing.csv"}, "missing.csv must exist"),
        ({"rows": ORDERS.drop_columns(["amount"])}, "amount column 'amount' must exist"),
    ],
)
def test_options__that_are_wrong_are_refused(shop, options, message):
    assert message in refused(shop, rfm.UsageError, **options)


def test_ends__beyond_all_rows_are_refused(shop):
    far = {"ends_on": [date(9999, 12, 31)] * 2}
    assert "must go on to 9999-12-31" in refused(shop, rfm.UsageError, far)
    late = {"contacted_on": [date(9999, 12, 1)] * 2, "ends_on": None}
    assert "must go on to 9999-12-31" in refused(shop, rfm.UsageError, late, attribution_days=99)


def test_margin__of_an_unknown_column_names_the_option(shop):
    assert refused(shop, rfm.UsageError, margin="profits").endswith("Correct margin.")


def test_groups__need_the_column_of_the_group(shop):
    assert "assigned must have the column 'shop'" in refused(
        shop, rfm.UsageError, snapshot="groups"
    )


def test_responses__with_wrong_values_are_refused(shop):
    place = shop / "responses.parquet"
    for columns, error, message in (
        ({"customer_id": [1]}, rfm.UsageError, "responses must have the column 'campaign'"),
        ({"customer_id": [1], "campaign": pa.array([None], pa.string())}, rfm.DataError,
         "column 'campaign' of responses must have a value"),
        ({"customer_id": [1], "campaign": ["x"], "cost_minor": [-5]}, rfm.DataError,
         "cost_minor of responses must be 0 or more; got -5"),
    ):  # fmt: skip
        pq.write_table(pa.table(columns), place)
        assert message in refused(shop, error, responses=place)


def test_rows__of_other_customers_are_refused(shop):
    ids = ORDERS["customer_id"].cast(pa.string())
    rows = ORDERS.set_column(0, "customer_id", ids)
    assert "must have the type of the customers" in refused(shop, rfm.DataError, rows=rows)
