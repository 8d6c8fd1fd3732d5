"""The cohorts of the report document."""

from __future__ import annotations

from datetime import date

import pytest

from rfm_engine.reporting.document.cohorts import cohorts_of, cohorts_section, lacking
from tests.reporting.shops import ORDERS, orders_of, scored

END = "2026-03-31"
BY_HAND = [
    ("2026-01-01", 0, 2, 2, 2, "30.50", True),
    ("2026-01-01", 1, 2, 1, 1, "4.50", True),
    ("2026-01-01", 2, 2, 1, 1, "5.00", True),
    ("2026-03-01", 0, 1, 1, 1, "7.25", True),
]
# Anna is in the cohorts of both shops.
BY_SHOP = [
    ("2026-01-01", 0, 2, 2, 2, "30.50", True),
    ("2026-01-01", 1, 2, 0, 0, "0.00", True),
    ("2026-01-01", 2, 2, 1, 1, "5.00", True),
    ("2026-02-01", 0, 1, 1, 1, "4.50", True),
    ("2026-02-01", 1, 1, 0, 0, "0.00", True),
    ("2026-03-01", 0, 1, 1, 1, "7.25", True),
]


def test_cohorts__of_cdnow(cdnow_history, cdnow):
    found = cohorts_of(cdnow_history.snapshot("1998-06-30"), cdnow, {})
    cells = {(each["cohort"], each["k"]): each for each in found["cells"]}
    assert (found["period"], found["left_out"]) == ("month", 0)
    assert len(cells) == 51
    assert sum(each["active"] for each in cells.values()) == 55_379
    assert cells["1997-01-01", 4] == {
        "cohort": "1997-01-01", "k": 4, "customers": 7846, "active": 679, "orders": 904,
        "monetary": "34973.56", "complete": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "cells"),
    [({"by": "shop", "overall": True}, BY_HAND), ({"by": "shop"}, BY_SHOP)],
)
def test_cohorts__take_groups_together(tmp_path, options, cells):
    found = cohorts_of(scored(tmp_path, END, **options), ORDERS, {"threads": 1})
    assert [tuple(each.values()) for each in found["cells"]] == cells


@pytest.mark.parametrize(
    ("first", "period", "n"),
    [("2024-04-01", "month", 24), ("2024-03-31", "quarter", 9), ("2020-03-31", "year", 7)],
)
def test_cohorts__of_more_than_24_months_have_a_longer_period(tmp_path, first, period, n):
    orders = orders_of([("dora", first, "1.00", "A")])
    found = cohorts_of(scored(tmp_path, END, orders), orders, {})
    assert (found["period"], len(found["cells"])) == (period, n)


def test_cohorts__shows_the_newest_24():
    rows = [
        {
            "cohort": date(year, 1, 1), "k": 0, "customers": 1, "active": 1, "orders": 1,
            "minor": 100, "complete": True,
        }
        for year in reversed(range(1990, 2020))
    ]  # fmt: skip
    found = cohorts_section(rows, "year", scale=2)
    assert found["left_out"] == 6
    assert [each["cohort"] for each in found["cells"]] == [
        f"{year}-01-01" for year in range(1996, 2020)
    ]


def test_cohorts__name_what_is_lacking(tmp_path):
    empty = scored(tmp_path, END, ORDERS.slice(0, 0))
    assert lacking(empty, ORDERS) == "customers"
    snapshot = scored(tmp_path, END)
    assert (lacking(snapshot, None), lacking(snapshot, ORDERS)) == ("rows", None)
    recent = scored(tmp_path, END, window="30d")
    assert lacking(recent, ORDERS) == "window"
    assert cohorts_of(recent, ORDERS, {}) is None
