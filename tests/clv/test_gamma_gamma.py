"""Test the Gamma-Gamma likelihood against gamma functions, its fits, and expected amounts."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.gamma_gamma import (
    BOX,
    GammaGammaLikelihood,
    expected_value,
    start_of,
    value_mean,
)
from rfm_engine.clv.newton import maximise
from rfm_engine.clv.spending import Spending
from tests.clv import cdnow
from tests.clv.differences import assert_derivatives

KNOWN = [  # x, mean amount, log-likelihood in major units, by mpmath
    (2, 22.35, -3.551316759731705),
    (1, 11.77, -3.73770967874084),
    (26, 39.97, -4.287032288826574),
    (500, 1000, -17.22264960816506),
]
PUBLISHED = (6.25, 3.74, 1544.0)
customers = st.tuples(st.integers(1, 40), st.integers(1, 10**6))
parameters = st.tuples(*[st.floats(-3, 3).map(math.exp)] * 2, st.floats(-1, 12).map(math.exp))


def spending_of(rows, threads=1):
    columns = zip(*rows, strict=True) if rows else ([], [])
    x, s = (np.array(column, np.int64) for column in columns)
    return Spending.of(x, s, threads)


def likelihood_of(rows, threads=1):
    return GammaGammaLikelihood(spending_of(rows, threads), threads=threads)


def fit_to(rows, threads=2):
    spending = spending_of(rows, threads)
    likelihood = GammaGammaLikelihood(spending, threads=threads)
    return maximise(likelihood, start_of(spending), BOX)


def amounts(customers):
    return [(each.x, each.cents) for each in customers]


def by_gamma_functions(customer, parameters):
    """Return the log-density of the mean amount, as Fader, Hardie and Lee write it."""
    (x, s), (p, q, g) = customer, parameters
    mean = s / x
    beta = math.lgamma(p * x + q) - math.lgamma(p * x) - math.lgamma(q)
    powers = q * math.log(g) + (p * x - 1) * math.log(mean) + p * x * math.log(x)
    return beta + powers - (p * x + q) * math.log(g + x * mean)


@pytest.mark.parametrize(("x", "mean", "expected"), KNOWN)
def test_likelihood__of_known_customers(x, mean, expected):
    found = likelihood_of([(x, round(100 * x * mean))]).at(PUBLISHED).value
    assert found + math.log(100) == pytest.approx(expected, rel=1e-12)


@given(st.lists(customers, max_size=8), parameters)
def test_likelihood__equals_the_published_density(rows, parameters):
    found = likelihood_of(rows).at(parameters).value
    expected = math.fsum(by_gamma_functions(each, parameters) for each in rows)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.lists(customers, min_size=1, max_size=8), parameters)
def test_likelihood__has_the_derivatives_of_its_value(rows, parameters):
    assert_derivatives(likelihood_of(rows), parameters)


def test_fit__to_the_sample_is_as_published():
    rounded = [(x, round(100 * x * mean)) for x, _, _, mean in cdnow.published()]
    fit = fit_to(rounded)
    p, q, gamma = fit.parameters
    assert (p, q, gamma / 100) == pytest.approx((6.24880249, 3.744588453, 15.44774801), rel=1e-8)
    in_major_units = fit.log_likelihood + 946 * math.log(100)
    assert in_major_units == pytest.approx(-4055.923243503, abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "expected", "correlation"),
    [
        (cdnow.sample, (6.249572271, 3.744224667, 1544.352096), 0.114),
        (cdnow.master, (6.275359068, 3.624450023, 1498.368703), 0.080),
    ],
)
def test_fit__to_exact_amounts_of_cdnow(rows, expected, correlation):
    spending = spending_of(amounts(rows()))
    assert fit_to(amounts(rows())).parameters == pytest.approx(expected, rel=3e-10)
    assert round(spending.correlation, 3) == correlation
    assert spending.customers_without_value == (rows is cdnow.master)


def test_fit__has_the_log_likelihood_in_minor_units():
    found = fit_to(amounts(cdnow.sample())).log_likelihood
    assert found == pytest.approx(-8412.408690747, abs=1e-9)


def test_fit__has_the_same_bits_with_any_threads_and_order():
    rows = amounts(cdnow.sample())
    expected = fit_to(rows)
    random.Random(3).shuffle(rows)
    assert fit_to(rows, threads=1) == fit_to(rows, threads=3) == expected


def test_fit__is_the_same_from_thirty_starts():
    spending = spending_of(amounts(cdnow.sample()))
    likelihood = GammaGammaLikelihood(spending, threads=1)
    expected = maximise(likelihood, start_of(spending), BOX).parameters
    chance = random.Random(4)
    for _ in range(30):
        start = [p * math.exp(chance.gauss(0, 1.5)) for p in start_of(spending)]
        assert maximise(likelihood, start, BOX).parameters == pytest.approx(expected, rel=1e-9)


def test_fit__is_unchanged_if_every_customer_is_doubled():
    rows = amounts(cdnow.sample())
    once, twice = fit_to(rows), fit_to(rows + rows)
    assert twice.parameters == pytest.approx(once.parameters, rel=1e-9)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-13)


def test_fit__excludes_refunds():
    rows = amounts(cdnow.sample())
    refunded = [(3, 0), (1, -500), (2, -(1 << 62)), (0, 0)]
    assert fit_to(rows + refunded) == fit_to(rows)
    assert spending_of(rows + refunded).customers_without_value == 3


@pytest.mark.parametrize("q", [0.7, 1.1])
def test_fit__recovers_parameters_also_without_a_finite_mean(q):
    chance = random.Random(5)
    rows = []
    for _ in range(20_000):
        x = min(1 + int(chance.expovariate(0.4)), 20)
        scale = 1 / chance.gammavariate(q, 1 / 1500)
        rows.append((x, math.ceil(chance.gammavariate(6 * x, scale))))
    fit = fit_to(rows)
    for found, error, true in zip(fit.parameters, fit.standard_errors, (6, q, 1500), strict=True):
        assert abs(found - true) <= 4 * error
    assert value_mean(fit.parameters) == ("model" if q > 1 else "sample")


DEGENERATE = {
    "no customers": [],
    "one customer": [(2, 4_000)],
    "all equal": [(x, 1_000 * x) for x in range(1, 30)] * 10,
    "two amounts": [(1, 1), (1, 10**15)] * 5,
    "largest amounts": [(1, 2**63 - 1), (3, 2**63 - 1), (2, 5)],
    "one cent": [(1, 1)] * 100,
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_fit__to_degenerate_customers_ends_within_the_box(name):
    fit = fit_to(DEGENERATE[name])
    assert fit.ended != "limit of steps"
    assert all(map(math.isfinite, [*fit.parameters, fit.log_likelihood]))
    for p, low, high, limit in zip(fit.parameters, *BOX, fit.limits, strict=True):
        assert low <= p <= high
        assert limit == {low: "lower", high: "upper"}.get(p)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-5, 2**63 - 1)), max_size=20))
def test_spending__is_that_of_repeaters_with_positive_amounts(rows):
    found = spending_of(rows)
    kept = sorted((x, s) for x, s in rows if x > 0 and s > 0)
    assert [*zip(found.x.tolist(), found.s.tolist(), strict=True)] == kept
    assert found.n_customers + found.customers_without_value == sum(x > 0 for x, _ in rows)
    means = [s / x for x, s in kept]
    assert found.mean == pytest.approx(math.fsum(means) / max(len(means), 1), rel=1e-14)


@given(st.lists(customers, min_size=2, max_size=20))
def test_spending__has_the_correlation_of_its_definition(rows):
    found = spending_of(rows).correlation
    days, means = [x for x, _ in rows], [s / x for x, s in rows]
    if len(set(days)) == 1 or len(set(means)) == 1:
        assert found is None
        return
    by_days, by_means = ([each - math.fsum(v) / len(v) for each in v] for v in (days, means))
    together = math.fsum(a * b for a, b in zip(by_days, by_means, strict=True))
    size = math.hypot(*by_days) * math.hypot(*by_means)
    assert found == pytest.approx(together / size, rel=1e-9, abs=1e-9)


def test_expected_value__of_known_customers():
    x, s = np.array([2, 1, 0, 1, 29, 26]), np.array([4470, 1177, 0, 999, 76154, 103922])
    found = expected_value((6.25, 3.74, 1544), 0.0, x, s) / 100
    assert found.tolist() == pytest.approx(
        [24.663714, 18.916852, 35.218978, 17.679366, 26.393418, 39.891219], abs=5e-7
    )
    assert found[2] == pytest.approx(35.21897810, abs=5e-9)


def test_expected_value__takes_refunds_as_no_amount_and_the_mean_where_it_is_infinite():
    x, s = np.array([0, 1, 1, 2]), np.array([0, -500, 0, 600])
    found = expected_value((0.25, 0.75, 1000.0), 42.0, x, s)
    assert found.tolist() == [42.0, 42.0, 42.0, 0.25 * 1600 / 0.25]
    found = expected_value((6.0, 3.0, 1000.0), 42.0, x, s)
    assert found.tolist() == [3000.0, 750.0, 750.0, 6 * 1600 / 14]


@given(
    st.integers(0, 36_524),
    st.integers(-(2**63), 2**63 - 1),
    st.tuples(
        *[st.sampled_from([low, 1.0, 1 + 1e-6, high]) for low, high in zip(*BOX, strict=True)]
    ),
)
def test_expected_value__is_never_negative_or_infinite(x, s, parameters):
    value = expected_value(parameters, 7.0, np.array([x]), np.array([s])).item()
    assert 0 <= value < 1e40
