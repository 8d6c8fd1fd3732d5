"""Each number of a report document about one date equals a count of the customers."""

from __future__ import annotations

from fractions import Fraction

import pytest

import rfm_engine as rfm
from rfm_engine.reporting.document.document import digest_of
from tests.reporting import counted, scorings
from tests.reporting.counted import Sums, sums_in, sums_of

AXES = {"recency": "r_score", "frequency": "f_score", "monetary": "m_score"}
NAMES = [*scorings.OPTIONS, "customer level"]


@pytest.fixture(scope="module", params=NAMES)
def population(request, tmp_path_factory):
    """Return a snapshot, what its report is about, those customers, and the report document."""
    place = tmp_path_factory.mktemp("scored") / "customers.parquet"
    if request.param == "customer level":
        snapshot = scorings.customer_level(place)
    else:
        snapshot = scorings.scored(place, request.param)
    whole = snapshot.overall or snapshot
    return snapshot, whole, whole.customers.to_pylist(), rfm.report(snapshot).document


def test_head__has_the_sums_of_the_customers(population):
    _, whole, customers, document = population
    head = document["head"]
    assert sums_in(head, whole.scale) == sums_of(customers, whole.scale)
    assert head["one_time_customers"] == sum(each["frequency"] == 1 for each in customers)
    rows = whole.rows
    assert head["rows"] == {
        "read": rows.read,
        "counted": rows.counted,
        "dropped": dict(rows.dropped),
    }
    assert rows.read == rows.counted + sum(rows.dropped.values())
    assert head["customers_without_orders"] == whole.customers_without_orders


def test_segments__have_the_sums_of_their_customers(population):
    _, whole, customers, document = population
    for each in document["segments"]:
        own = [customer for customer in customers if customer["segment"] == each["name"]]
        assert sums_in(each, whole.scale) == sums_of(own, whole.scale)
        assert each["recency_days_total"] == sum(customer["recency_days"] for customer in own)
    assert {customer["segment"] for customer in customers} <= {
        each["name"] for each in document["segments"]
    }


def test_grid__has_the_sums_of_each_pair_of_scores(population):
    _, whole, customers, document = population
    grid = document["grid"]
    if grid is None:
        assert max(len(counts) for counts in whole.customers_by_score[:2]) > 10
        return
    scores = [(each["r"], each["f"]) for each in grid["cells"]]
    first = grid["first_score"]
    assert scores == [
        (r, f) for r in range(first, first + grid["r"]) for f in range(first, first + grid["f"])
    ]
    for each in grid["cells"]:
        own = [
            one for one in customers if (one["r_score"], one["f_score"]) == (each["r"], each["f"])
        ]
        assert sums_in(each, whole.scale) == sums_of(own, whole.scale)
        if each["segment"] is not None:
            assert {customer["segment"] for customer in own} <= {each["segment"]}


def test_grid__names_a_segment_where_the_scheme_uses_two_scores(tmp_path):
    classic = rfm.report(scorings.scored(tmp_path / "classic.parquet", "classic")).document
    assert None not in [each["segment"] for each in classic["grid"]["cells"]]
    raw = rfm.report(scorings.scored(tmp_path / "five.parquet", "five-types")).document
    assert {each["segment"] for each in raw["grid"]["cells"]} == {None}


@pytest.mark.parametrize("axis", AXES)
def test_distributions__count_the_customers_of_each_bar_and_score(population, axis):
    _, whole, customers, document = population
    found = document["distributions"][axis]
    is_mean = whole.options["monetary"] == "mean"
    values = counted.values_of(customers, axis, scale=whole.scale, is_mean=is_mean)
    bars, below, beyond = counted.bars_of(values, found)
    assert [each["customers"] for each in found["bars"]] == bars
    assert len(bars) <= 40
    assert (found["below"] or {"customers": 0})["customers"] == below
    assert (found["beyond"] or {"customers": 0})["customers"] == beyond
    assert found["scores"] == counted.scores_of(
        customers, AXES[axis], document["first_score"], len(found["scores"])
    )
    assert sum(found["scores"]) == len(customers)


@pytest.mark.parametrize("axis", AXES)
def test_distributions__have_exact_cut_points_or_say_that_they_have_none(population, axis):
    _, whole, customers, document = population
    found = document["distributions"][axis]
    if whole.cuts is None:
        assert found["cuts"] == []
        return
    if not found["cuts_are_exact"]:
        assert whole.options["method"][[*AXES].index(axis)] in ("ntile", "rank-linear")
        return
    is_mean = whole.options["monetary"] == "mean"
    cuts = [counted.minor_of(str(cut), found["scale"]) for cut in found["cuts"]]
    values = counted.values_of(customers, axis, scale=whole.scale, is_mean=is_mean)
    for value, customer in zip(values, customers, strict=True):
        above = sum(value > cut for cut in cuts)
        place = len(cuts) - above if axis == "recency" else above
        assert customer[AXES[axis]] == place + document["first_score"]


def test_concentration__is_that_of_all_pairs_of_customers(population):
    _, whole, customers, document = population
    scale, found = whole.scale, document["concentration"]
    minor = [counted.minor_of(each["monetary"], scale) for each in customers]
    wanted = counted.concentration_of(minor)
    curve = [
        (each["customers"], counted.minor_of(each["monetary"], scale)) for each in found["curve"]
    ]
    assert curve == [(n, wanted.curve[n]) for n, _ in curve]
    assert (curve[0], curve[-1]) == ((0, 0), (len(minor), sum(minor)))
    assert [
        (each["percent"], each["customers"], counted.minor_of(each["monetary"], scale))
        for each in found["best"]
    ] == wanted.best
    assert [(each["percent"], each["customers"]) for each in found["make"]] == wanted.make
    assert Fraction(int(found["gini"]["num"]), int(found["gini"]["den"])) == wanted.gini
    assert found["negative_customers"] == wanted.negative


def test_groups__have_the_sums_of_their_customers(population):
    snapshot, _, _, document = population
    groups = document["groups"]
    if snapshot.options["by"] is None:
        assert groups is None
        return
    customers = snapshot.customers.to_pylist()
    assert groups["n"] == len({each[groups["by"]] for each in customers})
    for each in groups["list"]:
        own = [one for one in customers if each["group"] == _text(one[groups["by"]])]
        assert sums_in(each, snapshot.scale) == sums_of(own, snapshot.scale)
    spend = [counted.minor_of(each["monetary"], snapshot.scale) for each in groups["list"]]
    assert spend == sorted(spend, reverse=True)


def _text(group):
    return None if group is None else str(group)


def test_groups__adds_up_those_that_are_not_listed(tmp_path):
    snapshot = scorings.scored(tmp_path / "customers.parquet", "by")
    every = rfm.report(snapshot).document["groups"]
    few = rfm.report(snapshot, top=2).document["groups"]
    assert few["list"] == every["list"][:2]
    others = [sums_in(each, snapshot.scale) for each in every["list"][2:]]
    assert sums_in(few["rest"], snapshot.scale) == Sums(*map(sum, zip(*others, strict=True)))
    assert (few["n"], few["rest"]["n"]) == (every["n"], len(others))


def test_digest__is_that_of_all_else(population):
    *_, document = population
    assert document["digest"] == digest_of(document)
