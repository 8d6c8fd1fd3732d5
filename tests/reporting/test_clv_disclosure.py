"""Few customers and orders are hidden in the section on predicted orders."""

from __future__ import annotations

import copy
from datetime import date
from itertools import accumulate, count, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.report_tables import CALIBRATION, TRACKING
from rfm_engine.reporting.document.clv import clv_section
from rfm_engine.reporting.document.disclosure import suppressed
from rfm_engine.reporting.document.table_files import TableFile
from rfm_engine.result.table_origin import origin_of
from tests.reporting.test_disclosure import small_document
from tests.reporting.validations import validation

END = date(2026, 3, 31)
SQUARES = ("actual_squares", "low", "high")


def section_of(**options):
    """Return the section of simulated customers."""
    tables = validation(END, **options)
    files = {name: TableFile(name, origin_of(table), table, None) for name, table in tables.items()}
    return clv_section(files[CALIBRATION], files[TRACKING])


def hidden(clv, least, **sections):
    return suppressed(small_document(clv=clv, **sections), least)["clv"]


def counts_of(clv, key):
    """Return the counts of each grouping."""
    return [[row[key] for row in each["groups"]] for each in clv["calibration"]]


def computed(shown, counts, sizes, *, has_total):
    """Return the hidden counts that follow from the shown ones, as a reader can solve for them.

    A reader knows that each grouping has all customers. Two rankings by prediction, the first and
    the last grouping, have the same customers up to each place where their sizes agree.
    """
    places = {
        (n, k): place
        for place, (n, k) in enumerate(
            (n, k) for n, own in enumerate(shown) for k, each in enumerate(own) if each is None
        )
    }
    sums = [[(n, k) for k in range(len(own))] for n, own in enumerate(shown) if has_total]
    first, last = (dict(zip(accumulate(own), count(1), strict=False)) for own in sizes[::2])
    sums += [
        [*((0, k) for k in range(first[n])), *((2, k) for k in range(last[n]))]
        for n in first.keys() & last.keys()
    ]
    if not places or not sums:
        return []
    signs = {0: 1.0, 1: 1.0, 2: -1.0}
    rows = np.zeros((len(sums), len(places)))
    for row, parts in zip(rows, sums, strict=True):
        for part in parts:
            if part in places:
                row[places[part]] = signs[part[0]]
    _, strengths, axes = np.linalg.svd(rows, full_matrices=False)
    basis = axes[strengths > 1e-9]
    ones = np.eye(len(places))
    far = np.linalg.norm(ones - ones @ basis.T @ basis, axis=1)
    return [counts[n][k] for (n, k), place in places.items() if far[place] < 1e-9]


@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(2, 12))
def test_suppressed__shows_no_small_group_of_predicted_customers(seed, customers, least):
    section = section_of(seed=seed, customers=customers, fit=56, days=28)
    before = copy.deepcopy(section)
    found = hidden(section, least)
    assert section == before
    for key in ("customers", "actual"):
        shown = counts_of(found, key)
        flat = [count for own in [*shown, [found[key]]] for count in own]
        assert not any(count is not None and 0 < count < least for count in flat)
        whole, sizes = counts_of(before, key), counts_of(before, "customers")
        known = computed(shown, whole, sizes, has_total=found[key] is not None)
        assert not any(0 < count < least for count in known)
        for own, each in zip(shown, whole, strict=True):
            lost = [n for n, count in zip(each, own, strict=True) if count is None]
            if found[key] is not None and any(0 < n < least for n in lost):
                assert sum(lost) >= least
    for each in found["calibration"]:
        for row in each["groups"]:
            assert row["customers"] is not None or {*row.values()} == {row["group"], None}
        lines = [[row[key] for key in SQUARES] for row in each["groups"]]
        known = [line[0] for line in lines if line[0] is not None]
        assert len(known) in (0, len(lines))  # otherwise the others follow from their sum
        for row in each["groups"] if known else ():
            assert row["actual"] == 0 or row["actual"] ** 2 / row["actual_squares"] >= least


@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(50, 56), st.integers(2, 12))
def test_suppressed__shows_no_few_orders_of_weeks(seed, customers, fit, least):
    section = section_of(seed=seed, customers=customers, fit=fit, days=28)
    found = hidden(copy.deepcopy(section), least)
    if found["tracking"] is None:
        return
    weeks = found["tracking"]["weeks"]
    shown = [n for week in weeks if (n := week["actual_cumulative"]) is not None]
    # The orders after the fit, which can end within a week, are also those of the groups.
    assert found["actual"] == section["actual"]
    points = sorted([0, shown[-1] - found["actual"], *shown])
    assert all(other == one or other - one >= least for one, other in pairwise(points))
    assert shown[-1] == section["tracking"]["weeks"][-1]["actual_cumulative"]
    assert all(week["actual"] in (None, 0) or week["actual"] >= least for week in weeks)


def test_suppressed__keeps_large_groups_and_weeks():
    section = section_of(customers=4_000)
    assert min(min(own) for own in counts_of(section, "customers")) >= 20
    found = hidden(copy.deepcopy(section), 5)
    assert found["calibration"] == section["calibration"]
    assert [week["week"] for week in found["tracking"]["weeks"] if week["actual"] is None] == [1, 2]


def test_suppressed__hides_customers_of_the_fit_with_those_of_that_date():
    section = section_of(customers=4)
    found = hidden(section, 5)
    assert (found["customers"], found["predicted"], found["tracking"]) == (None, None, None)
    # Their number is that of the earlier snapshot of the same date, too.
    earlier = {"as_of": section["fit_as_of"], "customers": 4, "orders": 9, "monetary": "1.00"}
    document = small_document(clv=section_of(customers=4), before=earlier)
    assert suppressed(document, 5)["before"]["customers"] is None


def test_suppressed__hides_orders_of_few_buyers():
    """A single customer made ten orders: their squares would say so."""
    rows = [
        {"group": "1", "customers": 80, "predicted": 9.0, "actual": 10, "actual_squares": 100,
         "low": 0.0, "high": 0.4},
        {"group": "2", "customers": 80, "predicted": 9.0, "actual": 90, "actual_squares": 120,
         "low": 1.0, "high": 1.2},
    ]  # fmt: skip
    clv = section_of() | {"customers": 160, "actual": 100, "tracking": None}
    clv["calibration"] = [{"grouping": "tenth", "groups": rows}]
    found = hidden(copy.deepcopy(clv), 5)["calibration"][0]["groups"]
    assert [row["actual"] for row in found] == [10, 90]
    assert {row[key] for row in found for key in SQUARES} == {None}
