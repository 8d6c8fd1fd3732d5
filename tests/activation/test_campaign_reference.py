"""Reports of random shops are those of the reference, integer by integer."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.activation import reference_campaign as reference
from tests.activation.campaign_cases import (
    CASES,
    KINDS,
    Case,
    files_of,
    random_case,
    reported,
)
from tests.conftest import DEEP

FEW = settings(max_examples=settings.default.max_examples // 10)


def segments_of(snapshot, case):
    columns = ["customer_id", "segment", *["shop"] * case.is_grouped]
    rows = snapshot.columns(columns).to_pylist()
    return {(row["customer_id"], row.get("shop")): row["segment"] for row in rows}


def numbers(several):
    """Return customers, responders, buyers, orders, spend, margin and cost."""
    return (
        len(several), sum(each.has_responded for each in several),
        sum(each.orders > 0 for each in several), sum(each.orders for each in several),
        sum(each.spend for each in several), sum(each.margin for each in several),
        sum(each.cost for each in several),
    )  # fmt: skip


def numbers_in(row, name, suffix):
    names = ("responders", "buyers", "orders", "spend", "margin", "cost")
    return row[name], *(int(row[each + suffix]) for each in names)


def check(case: Case, attribution: str) -> dict:
    with files_of(case) as (snapshot, folder):
        found = reported(snapshot, folder, attribution=attribution).table
        segment_of = segments_of(snapshot, case)
    expected = reference.report(
        case.rows, case.contacts, case.responses, segment_of, is_last=attribution == "last"
    )
    rows = {(row["campaign"], row.get("shop"), row["segment"]): row for row in found.to_pylist()}
    assert len(rows) == len(found)
    assert rows.keys() == expected.keys()
    for key, row in rows.items():
        arms = expected[key]
        assert numbers_in(row, "targeted", "") == numbers(arms[True]), key
        assert numbers_in(row, "held_out", "_held_out") == numbers(arms[False]), key
        if row["segment"] != "(all)" and row["design"] == "holdout":
            check_uplift(row, arms)
    check_trends(case, rows, segment_of)
    return rows


def check_uplift(row, arms):
    one, other = ([each.spend for each in arms[is_treated]] for is_treated in (True, False))
    if min(len(one), len(other)) < 2:
        assert row["spend_uplift"] is None
        return
    difference = reference.mean(one) - reference.mean(other)
    assert row["spend_uplift"] == float(difference)
    assert row["incremental_spend"] == len(one) * float(difference)
    variance = reference.variance_of_mean(one) + reference.variance_of_mean(other)
    assert row["spend_error"] == pytest.approx(sqrt(variance), rel=1e-12)
    margins = ([each.margin for each in arms[is_treated]] for is_treated in (True, False))
    gained = reference.mean(next(margins)) - reference.mean(next(margins))
    assert row["incremental_margin"] == len(one) * float(gained)


def check_trends(case, rows, segment_of):
    for (campaign, group, segment), row in rows.items():
        own = [each for each in case.contacts if each.campaign == campaign]
        is_at_once = len({(each.begins, each.ends) for each in own}) == 1
        if row["design"] == "holdout" or not is_at_once or segment != "(all)":
            assert row["did_stratified"] is None
            continue
        people = [who for who in segment_of if who[1] == group]
        spent = reference.changes(case.rows, case.contacts, campaign, people)
        if row["not_targeted"] is None:  # the rows begin too late, or all are new
            continue
        assert row["not_targeted"] == len(spent[False])
        for place, name in enumerate(("naive", "did")):
            one, other = ([each[place] for each in spent[is_own]] for is_own in (True, False))
            if min(len(one), len(other)) < 2:
                assert row[name] is None
            else:
                assert row[name] == float(reference.mean(one) - reference.mean(other))


@FEW
@given(CASES, st.sampled_from(["last", "all"]))
def test_report__is_that_of_the_reference(case, attribution):
    check(case, attribution)


@pytest.mark.parametrize("attribution", ["last", "all"])
def test_report__of_more_customers_is_that_of_the_reference(attribution):
    rows = check(random_case(3, is_grouped=False), attribution)
    alone = rows["é", None, "(all)"]
    assert alone["not_targeted"] > 30
    assert alone["did"] is not None


def test_report__of_groups_is_that_of_the_reference():
    check(random_case(4, n=40, is_grouped=True), "last")


@pytest.mark.parametrize("kind", list(KINDS) if DEEP else ["uuids"])
def test_report__does_not_depend_on_the_type_of_ids(kind):
    case = random_case(5, n=30, is_grouped=False)
    tables = []
    for each in ("integers", kind):
        with files_of(case._replace(kind=each)) as (snapshot, folder):
            tables.append(reported(snapshot, folder).table)
    assert tables[0].equals(tables[1])


@FEW
@given(CASES, st.integers(0, 99))
def test_report__does_not_depend_on_the_order_of_rows_or_on_threads(case, seed):
    tables = []
    for each, threads in ((case, 1), (case.shuffled(seed), 3)):
        with files_of(each) as (snapshot, folder):
            tables.append(reported(snapshot, folder, threads=threads, margin="0.3").table)
    assert tables[0].equals(tables[1])


def test_margin__of_a_share_is_rounded_per_arm():
    case = random_case(6, n=30, is_grouped=False)
    with files_of(case) as (snapshot, folder):
        rows = reported(snapshot, folder, margin="12.5%").table.to_pylist()
    for row in rows:
        for suffix in ("", "_held_out"):
            exact = Fraction(row[f"spend{suffix}"]) / 8
            assert int(row[f"margin{suffix}"]) == reference.half_even(exact)
        if row["design"] == "holdout" and row["spend_uplift"] is not None:
            assert row["incremental_margin"] == pytest.approx(row["incremental_spend"] / 8)
