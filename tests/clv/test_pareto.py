"""Test the likelihood of Pareto/NBD against Simpson's rule, and its fits to CDNOW."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.newton import maximise
from rfm_engine.clv.pareto import BOX, START, ParetoLikelihood
from tests import reference_pareto
from tests.clv import cdnow
from tests.clv.cdnow import triples_of
from tests.clv.differences import assert_derivatives
from tests.conftest import COMPILED, DEEP

STARTS = 30 if DEEP else 6 if COMPILED else 2
KNOWN = [  # x, t_x, T; log-likelihood by mpmath
    ((0, 0, 200), -0.6379614149358081),
    ((1, 1, 1), -3.146940682344648),
    ((132, 200, 200), -196.3824468537578),
    ((133, 190, 200), -195.4377617353),
    ((254, 90, 97), -26.58960309358),
    ((900, 100, 1000), 977.79275525377),
]
histories = st.tuples(st.integers(0, 40), st.integers(0, 300), st.integers(0, 300)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)
parameters = st.tuples(*[st.floats(-3, 4).map(math.exp)] * 4)


def likelihood_of(customers, threads=1):
    return ParetoLikelihood(triples_of(customers), threads=threads)


def crowded(history):
    """Return enough customers of one x to make a table of days worth its cost."""
    x, last, end = history
    return [history] + [(x, last, t) for t in range(last, end) for _ in range(t % 3)]


@pytest.mark.parametrize(("history", "expected"), KNOWN)
def test_likelihood__of_known_customers(history, expected):
    value = likelihood_of([history]).at((0.55, 10.58, 0.61, 11.67)).value
    assert value == pytest.approx(expected, rel=2e-13)


@pytest.mark.parametrize("scale", [0.05, 1.0, 10.0, 1e5])
@pytest.mark.parametrize("history", [(0, 0, 60), (3, 1, 60), (200, 210, 250), (900, 10, 40)])
def test_likelihood__of_a_table_is_that_of_single_customers(history, scale):
    point = (0.5, scale, 0.7, 2 * scale)
    customers = crowded(history)
    together = likelihood_of(customers).at(point)
    alone = [likelihood_of([each]).at(point) for each in customers]
    assert together.value == pytest.approx(math.fsum(e.value for e in alone), rel=1e-12)
    gradient, hessian = sum(e.gradient for e in alone), sum(e.hessian for e in alone)
    assert together.gradient == pytest.approx(gradient, rel=1e-9)
    sizes = np.sqrt(np.abs(np.diag(hessian)))
    assert (np.abs(together.hessian - hessian) <= 1e-9 * np.outer(sizes, sizes)).all()


@given(st.lists(histories, max_size=5), parameters)
def test_likelihood__equals_that_by_simpsons_rule(customers, point):
    expected = [reference_pareto.log_likelihood(*each, point) for each in customers]
    found = likelihood_of(customers).at(point).value
    assert found == pytest.approx(math.fsum(expected), rel=1e-9, abs=1e-9)


@given(st.lists(histories, min_size=1, max_size=8), parameters)
def test_likelihood__has_the_derivatives_of_its_value(customers, point):
    assert_derivatives(likelihood_of(customers), point)


@given(st.lists(histories, min_size=1, max_size=8), parameters)
def test_likelihood__is_that_of_the_day_in_other_units(customers, point):
    r, alpha, s, beta = point
    longer = [(x, 7 * t_x, 7 * T) for x, t_x, T in customers]
    found = likelihood_of(longer).at((r, 7 * alpha, s, 7 * beta)).value
    less = sum(x for x, _, _ in customers) * math.log(7)
    expected = likelihood_of(customers).at(point).value
    assert found == pytest.approx(expected - less, rel=1e-12, abs=1e-11)


def test_likelihood__has_the_same_bits_with_any_threads_and_order():
    customers = [*cdnow.sample()]
    expected = likelihood_of(customers).at(START)
    random.Random(1).shuffle(customers)
    for threads in (2, 3):
        found = likelihood_of(customers, threads).at(START)
        assert found.value == expected.value
        assert found.gradient.tobytes() == expected.gradient.tobytes()
        assert found.hessian.tobytes() == expected.hessian.tobytes()


def fit_to(customers, threads=2):
    return maximise(likelihood_of(customers, threads), START, BOX)


def test_fit__to_the_sample_is_as_published():
    fit = fit_to(cdnow.published())
    r, alpha, s, beta = fit.parameters
    expected = (0.5532770469, 10.57768346, 0.6062399891, 11.66873529)
    assert (r, alpha / 7, s, beta / 7) == pytest.approx(expected, rel=4e-10)
    n = sum(x for x, *_ in cdnow.published())
    assert fit.log_likelihood == pytest.approx(-14376.077415168, abs=2e-9)
    assert fit.log_likelihood + n * math.log(7) == pytest.approx(-9594.976178940, abs=2e-9)
    r, alpha, s, beta = fit.standard_errors
    expected = (0.04763, 0.84272, 0.18728, 6.2111)
    assert (r, alpha / 7, s, beta / 7) == pytest.approx(expected, rel=1e-4)
    assert fit.limits == (None,) * 4


@pytest.mark.skipif(not COMPILED, reason="takes 5 s without the compiler")
def test_fit__to_all_customers_of_cdnow():
    fit = fit_to(cdnow.master())
    expected = (0.5974199663, 81.09960447, 0.5221856108, 61.79431405)
    assert fit.parameters == pytest.approx(expected, rel=1e-10)
    assert fit.log_likelihood == pytest.approx(-142772.7339150, abs=1e-7)


def some():
    """Return customers of the sample, or a part of them without the compiler."""
    return cdnow.published()[:: 1 if COMPILED else 20]


def test_fit__is_the_same_from_random_starts():
    likelihood = likelihood_of(some())
    expected = maximise(likelihood, START, BOX)
    chance = random.Random(21)
    for _ in range(STARTS):
        start = [p * math.exp(chance.gauss(0, 1.5)) for p in START]
        fit = maximise(likelihood, start, BOX)
        assert fit.parameters == pytest.approx(expected.parameters, rel=2e-10)
        assert fit.steps <= 25


def test_fit__is_unchanged_if_every_customer_is_doubled():
    customers = some()
    once, twice = (fit_to(n * customers) for n in (1, 2))
    assert twice.parameters == pytest.approx(once.parameters, rel=1e-9)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-14)


def test_fit__to_sevenfold_times_has_sevenfold_scales():
    customers = some()
    longer = [(x, 7 * t_x, 7 * T) for x, t_x, T, _ in customers]
    (r, alpha, s, beta), found = fit_to(customers)[0], fit_to(longer)
    assert found.parameters == pytest.approx((r, 7 * alpha, s, 7 * beta), rel=1e-9)


def test_fit__has_the_same_bits_with_any_threads():
    customers = some()
    fits = [fit_to(customers, threads) for threads in (1, 2, 3)]
    assert fits[0] == fits[1] == fits[2]


DEGENERATE = {
    "no repeaters": [(0, 0, t) for t in range(1, 365)],
    "one customer": [(3, 50, 100)],
    "all new": [(0, 0, 0)] * 100,
    "all equal": [(2, 30, 60)] * 100,
    "all alive": [(5, t, t) for t in range(100, 300)],
    "one whale": [(300, 350, 360)] + [(0, 0, 200)] * 500,
    "near daily": [(t - t % 3, t, t) for t in range(200, 700 if COMPILED else 300)],
    "no customers": [],
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_fit__to_degenerate_customers_ends_within_the_box(name):
    fit = fit_to(DEGENERATE[name])
    assert fit.ended != "limit of steps"
    assert all(map(math.isfinite, [*fit.parameters, fit.log_likelihood]))
    for p, low, high, limit in zip(fit.parameters, *BOX, fit.limits, strict=True):
        assert low <= p <= high
        assert limit == {low: "lower", high: "upper"}.get(p)
    for error, limit in zip(fit.standard_errors, fit.limits, strict=True):
        assert error is None or (limit is None and np.isfinite(error))
