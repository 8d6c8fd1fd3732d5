"""Given options win over the scheme; options that contradict the scheme are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.plan import plan_scoring

CLASSIC, BANDS = load_scheme("classic"), load_scheme("recency-bands")


def plan(scheme=CLASSIC, method=None, bins=None, **cuts):
    return plan_scoring(scheme, method, bins, cuts)


def test_plan__the_scheme_decides_where_nothing_is_asked():
    assert plan().bins == Bins(5, 5, 5)
    assert [axis.method for axis in plan()[:3]] == ["quantile"] * 3
    assert plan(BANDS).bins == Bins(4, 5, 5)
    assert plan(BANDS).r.cuts == (30, 59, 180)


def test_plan__axes_the_scheme_does_not_look_at_are_free():
    assert plan(bins=(5, 5, 10)).bins == Bins(5, 5, 10)
    assert plan(BANDS, bins=(4, 3, 2)).bins == Bins(4, 3, 2)
    assert plan(m=[10, "20.5"]).bins == Bins(5, 5, 3)
    assert plan(BANDS, r=[7, 14, 21]).r.cuts == (7, 14, 21)


def test_axes__cut_points_become_integers_of_their_axis():
    chosen = plan(r=["1.5", 2, 3, 4], f=[1, 2, 3, 4], m=["-0.005", Decimal("9.99"), "1e1", 11])
    assert [axis.cuts for axis in chosen.axes(2)] == [
        [1, 2, 3, 4], [1, 2, 3, 4], [-1, 999, 1000, 1100],
    ]  # fmt: skip
    mean = plan_scoring(CLASSIC, None, None, {"m": ["0.005"]}, "mean")
    assert mean.axes(2)[2].cuts == [5_000]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 10}, "classic must have 5 bins for recency; got 10"),
        ({"bins": (5, 4, 5)}, "classic must have 5 bins for frequency; got 4"),
        ({"bins": (5, 5, 1)}, "bins for monetary must be 2 to 100; got 1"),
        ({"bins": (5, 5, 101)}, "bins for monetary must be 2 to 100; got 101"),
        ({"bins": (5, 5)}, r"one value or three \(r, f, m\); got \(5, 5\)"),
        ({"method": "median"}, "nested, thresholds; got 'median'"),
        ({"method": "thresholds"}, "must have r_cuts"),
        ({"method": "quantile", "m": [1]}, "m_cuts must be used with method=.thresholds"),
        (
            {"r": [1]},
            "r_cuts must have 4 cut points, which make the 5 recency scores of scheme classic; "
            "got 1, which makes 2 scores. Give 4 points, or choose another scheme.",
        ),
        ({"f": [1, 2, 3]}, "f_cuts must have 4 .* frequency .*; got 3, which make 4 scores"),
        (
            {"m": [1, 2], "bins": 5},
            "m_cuts must have 4 cut points, one fewer than bins, 5; got 2. Give 4 points",
        ),
        ({"m": [2, 1]}, "ascending"),
        ({"m": ["x"]}, r"ascending numbers; got \['x'\]"),
        ({"m": ["nan"]}, "ascending"),
        ({"m": []}, "ascending"),
        ({"m": 5}, "ascending numbers; got 5"),
        ({"m": "12"}, "ascending numbers; got '12'"),
        ({"m": [1.5]}, "ascending numbers; got .* as text or Decimal"),
        ({"m": [10**5000]}, "ascending numbers; got .*bits"),
        ({"m": ["1e18"]}, "ascending numbers"),
        ({"m": ["1_0"]}, "ascending numbers"),
        ({"method": "mean"}, "5 bins for recency; got 2. Leave method out"),
        ({"bins": 4}, "5 bins for recency; got 4. Leave bins out"),
        (
            {"method": ("quantile", "quantile", "mean"), "bins": (5, 5, 3)},
            "mean.* must have 2",
        ),
        ({"method": ("nested", "quantile", "quantile")}, "nested.* must be used for all axes"),
        ({"scheme": BANDS, "method": "quantile"}, "must have thresholds for recency"),
        ({"scheme": BANDS, "bins": 5}, "4 cut points, one fewer than bins, 5; got 3"),
    ],
)
def test_plan__contradictions_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        plan(**options)


@pytest.mark.parametrize(
    "weights",
    [
        [], [1, 2], ["a", 1, 2], [1, 2, "nan"], ["inf", 1, 1], 5, "123", {1: 1, 2: 2, 3: 3},
        [1, 2, True], [1, 2, "1e400"], [1, 2, "1e999999999"], [1, 2, 10**5000], [1, 2, "9" * 5000],
        [1, 2, "1e-51"], [1, 2, "0." + "1" * 5000], [[1], 2, 3],
    ],
)  # fmt: skip
def test_plan__weights_are_three_numbers(weights):
    with pytest.raises(UsageError, match="weights must be three numbers") as caught:
        plan_scoring(CLASSIC, None, None, {}, weights=weights)
    assert len(str(caught.value)) < 300


def test_plan__weights_are_the_decimals_that_are_written():
    given = [0.1, "1e-3", Decimal("123456789012345678.9")]
    plan = plan_scoring(CLASSIC, None, None, {}, weights=given)
    assert plan.weights == (Decimal("0.1"), Decimal("0.001"), Decimal("123456789012345678.9"))
    assert plan.options()["weights"] == [0.1, 0.001, 123456789012345678.9]
