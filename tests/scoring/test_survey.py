"""Surveys of any split merge to the survey of all customers, with the same cut points."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.scoring.axes import MEAN_PARTS, mean_amounts
from rfm_engine.scoring.methods import CUTS, Measure, fit_cuts
from rfm_engine.scoring.value_counts import KEYS, KeyCounts, ValueCounts, keys_of

AS_OF = date(2025, 12, 31)
LEAST, GREATEST = -(2**63), 2**63 - 1
MOST_MEAN = GREATEST // MEAN_PARTS - 1
edges = st.builds(
    lambda bits, sign, near: max(LEAST, min(GREATEST, sign * 2**bits + near)),
    st.integers(0, 63), st.sampled_from((-1, 1)), st.integers(-2, 2),
)  # fmt: skip
some_money = st.one_of(
    st.integers(-5, 5),
    st.integers(-(10**6), 10**6),
    st.integers(10**17, 10**17 + 10**12),
    st.integers(-(10**18) + 1, 10**18 - 1),
)
one_amount = st.builds(lambda amount, n: [amount] * n, some_money, st.integers(1, 20))


@st.composite
def customers(draw):
    """Draw days, orders and money of customers, with ties, and means that may overflow."""
    money = draw(st.one_of(st.lists(some_money, max_size=60), one_amount))
    n = len(money)
    orders = st.one_of(st.just(1), st.integers(1, 5), st.integers(1, 2**40 - 1))
    days = st.one_of(st.integers(0, 5), st.integers(0, 800), st.integers(-10, 3_652_058))
    return (
        np.array(draw(st.lists(days, min_size=n, max_size=n)), np.int32),
        np.array(draw(st.lists(orders, min_size=n, max_size=n)), np.int64),
        np.array(money, np.int64),
    )


def survey_of(measures, monetary="sum", keys=None, **more):
    about = {"scale": 2, "as_of": AS_OF} | more
    return rfm.Survey.of(*measures, monetary=monetary, keys=keys, **about)


def scored(measures, monetary):
    _, orders, money = measures
    return money if monetary == "sum" else mean_amounts(money, orders)


@pytest.fixture(autouse=True, params=[0, 1 << 12], ids=["counted", "sorted"])
def _few(request, monkeypatch):
    """Count values in arrays, or sort them, as few values are."""
    monkeypatch.setattr("rfm_engine.scoring.value_counts._FEW", request.param)


@given(st.lists(edges | some_money))
def test_keys__keep_the_order_and_bound_their_amounts(amounts):
    array = np.array(sorted(amounts), np.int64)
    keys = keys_of(array)
    assert (np.diff(keys) >= 0).all()
    counts = KeyCounts.of(array)
    assert all(-KEYS // 2 <= key < KEYS // 2 for key in counts.keys.tolist())
    ends = dict(zip(counts.keys.tolist(), zip(*counts.bounds(), strict=True), strict=True))
    for amount, key in zip(array.tolist(), keys.tolist(), strict=True):
        low, high = map(int, ends[key])
        assert low <= amount <= high
        assert high - low <= max(0, min(abs(low), abs(high)) // 1000)
    of_key = {key: [a for a in array.tolist() if keys_of(np.array([a]))[0] == key] for key in ends}
    assert counts.sums == [sum(of_key[key]) for key in counts.keys.tolist()]
    assert counts.counts.tolist() == [len(of_key[key]) for key in counts.keys.tolist()]


def test_keys__meet_without_gap_or_overlap():
    places = np.arange(-KEYS // 2 + 10_240, KEYS // 2 - 10_240)
    none = np.zeros(0, np.int64)
    low, high = KeyCounts(places, none, none, none).bounds()
    assert (high[:-1] + 1 == low[1:]).all()
    assert (low[0], high[-1]) == (LEAST, GREATEST)
    assert (keys_of(low) == places).all()
    assert (keys_of(high) == places).all()


@given(st.lists(edges | st.integers(-3, 70_000)))
def test_value_counts__are_those_of_sorting(values):
    found = ValueCounts.of(np.array(values, np.int64))
    assert found.values.tolist() == sorted(set(values))
    assert found.counts.tolist() == [values.count(value) for value in sorted(set(values))]


@given(customers(), st.sampled_from(["sum", "mean"]), st.data())
def test_survey__of_any_split_merged_in_any_order_is_that_of_the_whole(measures, monetary, data):
    amounts = scored(measures, monetary)
    if amounts is None:
        with pytest.raises(rfm.DataError, match="mean amounts must be below"):
            survey_of(measures, monetary)
        return
    here = sorted(set(keys_of(amounts).tolist()))
    keys = data.draw(st.lists(st.sampled_from(here) if here else st.just(7), unique=True))
    whole = survey_of(measures, monetary, keys)
    owners = np.array([data.draw(st.integers(0, 4)) for _ in amounts], int)
    parts = [
        survey_of([measure[owners == i] for measure in measures], monetary, keys) for i in range(5)
    ]
    parts = data.draw(st.permutations(parts))
    merged = parts[0].merge(*parts[1:])
    assert merged == whole
    assert parts[0].merge(parts[1].merge(parts[2])) == parts[0].merge(parts[1]).merge(parts[2])
    assert rfm.Survey.from_json(merged.to_json()) == whole
    assert merged.n_customers == len(amounts)
    # If parts have not counted the amounts of a key, the merged survey does not have them.
    without = survey_of(measures, monetary)
    assert parts[0].first_level().merge(*(part.first_level() for part in parts[1:])) == without


@given(
    measures=customers(),
    monetary=st.sampled_from(["sum", "mean"]),
    methods=st.tuples(*[st.sampled_from(sorted(CUTS))] * 3),
    bins=st.tuples(*[st.integers(2, 12) | st.just(100)] * 3),
)
def test_cuts__are_those_of_the_customers(measures, monetary, methods, bins):
    days, orders, _ = measures
    money = scored(measures, monetary)
    if money is None:
        return
    bins = [2 if method == "mean" else n for method, n in zip(methods, bins, strict=True)]
    unit = 100 * (MEAN_PARTS if monetary == "mean" else 1)
    axes = (
        Measure([days], map, ascending=False), Measure([orders], map), Measure([money], map, unit),
    )  # fmt: skip
    r, _, m = ("quantile" if how == "reserve-one-timers" else how for how in methods)
    wanted = [
        fit_cuts(method, axis, n)
        for method, axis, n in zip((r, methods[1], m), axes, bins, strict=True)
    ]
    keys = survey_of(measures, monetary).needs(methods, bins)
    survey = survey_of(measures, monetary, keys)
    assert survey.needs(methods, bins) == []
    assert [*survey.cuts(methods, bins)] == wanted
    assert rfm.Survey.from_json(survey.to_json()).cuts(methods, bins) == survey.cuts(methods, bins)


def test_needs__is_few_keys_and_cuts_without_them_are_refused():
    money = np.arange(10**6, 10**6 + 5_000 * 7, 7)
    ones = np.ones(len(money), np.int64)
    survey = survey_of((ones, ones, money))
    keys = survey.needs("quantile", 5)
    assert 1 <= len(keys) <= 4
    with pytest.raises(rfm.UsageError, match=rf"amounts of {len(keys)} more keys for method qu"):
        survey.cuts("quantile", 5)
    assert survey.needs("mean") == []
    assert survey.cuts("mean").m == [-(-int(money.sum()) // len(money)) - 1]
    given = survey.cuts(r_cuts=[3], f_cuts=[1], m_cuts=["10200.5"])
    assert given == rfm.Cuts([3], [1], [1_020_050])
    # A key is missing again after a merge with a survey that has not counted it.
    asked = survey_of((ones, ones, money), keys=keys)
    assert asked.merge(survey).needs("quantile", 5)


@pytest.mark.parametrize("method", ["ntile", "rank-linear", "nested"])
@pytest.mark.parametrize("ask", ["cuts", "needs"])
def test_survey__refuses_what_values_do_not_decide(method, ask):
    reason = "within the bins of another axis" if method == "nested" else "values by their ids"
    survey = survey_of([np.ones(3, np.int64)] * 3)
    with pytest.raises(rfm.UsageError, match=f"got {method}, which .*{reason}"):
        getattr(survey, ask)(method, 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "median"}, "method must be one of quantile"),
        ({"bins": 1}, "bins for recency must be 2 to 100; got 1"),
        ({"bins": [5, 5]}, "bins must be one value or three"),
        ({"method": "mean", "bins": 5}, "method=.mean. must have 2 bins"),
        ({"method": "thresholds"}, "must have r_cuts; got none"),
        ({"m_cuts": [3, 2]}, "m_cuts must be ascending numbers"),
    ],
)
def test_survey__checks_options_as_score_does(options, said):
    survey = survey_of([np.ones(3, np.int64)] * 3)
    with pytest.raises(rfm.UsageError, match=said):
        survey.cuts(**options)


def test_merge__refuses_surveys_of_other_dates_scales_and_amounts():
    ones, none = [np.ones(2, np.int64)] * 3, [np.zeros(0, np.int64)] * 3
    survey = survey_of(ones)
    for other in (
        survey_of(ones, scale=3), survey_of(ones, as_of=None), survey_of(ones, "mean"),
        survey_of(none, "mean"),
    ):  # fmt: skip
        with pytest.raises(rfm.UsageError, match="surveys must have the same"):
            survey.merge(other)
        with pytest.raises(rfm.UsageError, match="surveys must have the same"):
            other.merge(survey)
    nobody = survey_of(none, scale=0, as_of=None)
    assert survey.merge(nobody) == nobody.merge(survey) == survey
    assert nobody.merge(survey_of(none)) == survey_of(none)
    assert survey != survey_of(none)
    assert survey != "survey"


@pytest.mark.parametrize("keys", [["7"], [1.0], [KEYS // 2], [-KEYS], [True]])
def test_survey__refuses_keys_that_are_none(keys):
    with pytest.raises(rfm.UsageError, match="keys must be those that needs"):
        survey_of([np.ones(2, np.int64)] * 3, keys=keys)


def test_survey__refuses_other_amounts_than_sum_and_mean():
    with pytest.raises(rfm.UsageError, match="monetary must be sum or mean; got 'median'"):
        survey_of([np.ones(2, np.int64)] * 3, "median")


def test_from_json__refuses_what_is_no_survey():
    text = survey_of([np.ones(2, np.int64)] * 3).to_json()
    for spoilt in (
        "", "[]", "{}", "null", "[" * 100_000, text[:-1], text.replace("version", "edition"),
        text.replace('"version":1', '"version":2'), text.replace("[[1],[2]]", "[[1.5],[2]]"),
        text.replace("[[1],[2]]", "[[1]]"), text.replace("[[1],[2]]", '[["x"],[2]]'),
        text.replace("2025-12-31", "yesterday"), text.replace("[[1],[2]]", f"[[{2**64}],[2]]"),
        text.replace("[[1],[2]]", "[[1,1],[1,1]]"), text.replace("[[1],[2]]", "[[1],[-2]]"),
        text.replace("[[1],[2]]", "[[1],[3]]", 1), text.replace('"sum"', "7"),
        text.replace('"scale":2', '"scale":"2"'),
    ):  # fmt: skip
        assert spoilt != text
        with pytest.raises(rfm.UsageError, match="survey must be text from to_json of version 1"):
            rfm.Survey.from_json(spoilt)
