"""Test functions that `math` or the compiler lacks, and tables made with them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.gamma_ratios import log_ratios, survival_counts
from rfm_engine.clv.special import expm1, fill_gammas, log1p
from rfm_engine.clv.time_tables import TimeTable
from rfm_engine.kernels.arrays import frozen
from tests.clv.cdnow import triples_of

as_python = [getattr(each, "function", each) for each in (log1p, expm1)]


@given(st.floats(0, 1e300))
def test_log1p__is_that_of_math(e):
    assert as_python[0](e) == pytest.approx(math.log1p(e), rel=5e-16, abs=0)


@given(st.floats(-800, 700) | st.floats(-1e-5, 1e-5))
def test_expm1__is_that_of_math(d):
    assert as_python[1](d) == pytest.approx(math.expm1(d), rel=2e-15, abs=0)


def gammas_of(*z):
    """Return ln gamma(z) and its first two derivatives for each z."""
    found = np.empty((3, len(z)))
    fill_gammas(frozen(np.array(z, np.float64)), found)
    return found.T.tolist()


@pytest.mark.parametrize(
    ("z", "value", "first", "second"),
    [
        (0.1, 2.252712651734206, -10.423754940411076, 101.43329915079275),
        (1, 0.0, -0.57721566490153286, 1.6449340668482264),
        (6.25, math.log(math.gamma(6.25)), 1.750453526883736, 0.17347923315893217),
        (100, 359.1342053695754, 4.6001618527380874, 0.010050166663333571),
    ],
)
def test_gammas__known_values(z, value, first, second):
    [found] = gammas_of(z)
    assert found[0] == pytest.approx(value, rel=1e-15, abs=5e-15)
    assert found[1:] == pytest.approx([first, second], rel=2e-15, abs=0)


@given(st.integers(1, 200))
def test_gammas__of_whole_and_half_numbers_are_sums(n):
    [whole, half] = gammas_of(n, n + 0.5)
    assert whole[0] == pytest.approx(math.log(math.factorial(n - 1)), rel=1e-15, abs=5e-15)
    euler = 0.57721566490153286
    first = [Fraction(1, k) for k in range(1, n)]
    assert whole[1] == pytest.approx(float(sum(first) - Fraction(euler)), rel=2e-15, abs=0)
    odd = [Fraction(2, 2 * k - 1) for k in range(1, n + 1)]
    less = Fraction(euler) + Fraction(2 * math.log(2))
    assert half[1] == pytest.approx(float(sum(odd) - less), rel=2e-14, abs=5e-15)
    squares = sum(each * each for each in odd)
    assert half[2] == pytest.approx(float(Fraction(math.pi**2 / 2) - squares), rel=1e-12, abs=0)


@given(st.floats(1e-5, 1e9))
def test_gammas__are_lgamma_and_its_derivatives(z):
    (value, first, second), (_, next_first, next_second) = gammas_of(z, z + 1)
    assert value == pytest.approx(math.lgamma(z), rel=1e-14, abs=1e-14)
    assert next_first - first == pytest.approx(1 / z, rel=1e-12, abs=1e-14)
    assert second - next_second == pytest.approx(1 / (z * z), rel=1e-12, abs=1e-15)
    h = z * 1e-3
    at = [math.lgamma(z + k * h) for k in (-2, -1, 1, 2)]
    slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h)
    assert slope == pytest.approx(first, rel=1e-8, abs=1e-8)


@given(st.floats(1e-3, 1e8), st.integers(0, 40))
def test_time_table__has_logs_and_reciprocals_of_days(alpha, n_days):
    table = TimeTable.of(alpha, n_days)
    expected = [math.log1p(t / alpha) for t in range(n_days)]
    assert table.logs.tolist() == pytest.approx(expected, rel=5e-16, abs=0)
    assert table.reciprocals.tolist() == [1 / (alpha + t) for t in range(n_days)]


@given(st.lists(st.integers(0, 50), max_size=20), st.floats(1e-5, 1e4), st.integers(0, 1))
def test_log_ratios__are_those_of_gamma_functions(x, z, more):
    counts = survival_counts(triples_of([(each, 0, 0) for each in x]), more)
    assert counts.tolist() == [
        sum(each + more > k for each in x) for k in range(max(x, default=-more) + more)
    ]
    ends = [z + each + more for each in x]
    found = log_ratios(counts, z)
    value = math.fsum(math.lgamma(end) - math.lgamma(z) for end in ends)
    assert found.value == pytest.approx(value, rel=1e-9, abs=1e-8)
    terms = [Fraction(z) + k for k, n in enumerate(counts.tolist()) for _ in range(n)]
    assert found.first == pytest.approx(float(sum(1 / term for term in terms)), rel=1e-14)
    assert found.second == pytest.approx(-float(sum(1 / term**2 for term in terms)), rel=1e-14)
