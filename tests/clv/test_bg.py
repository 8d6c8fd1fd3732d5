"""Test the likelihood of BG/NBD and MBG/NBD against gamma functions, and its fits to CDNOW."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.bg import BOX, START, BgLikelihood
from rfm_engine.clv.newton import maximise
from tests.clv import cdnow
from tests.clv.cdnow import triples_of
from tests.clv.differences import assert_derivatives
from tests.conftest import COMPILED

KNOWN = [  # x, t_x, T; log-likelihoods of BG and MBG, by mpmath
    ((0, 0, 40), -0.5994738181995926, -0.4179282620449804),
    ((200, 38, 40), 100.7956930927065, 100.7869097609913),
    ((1, 1, 1), -3.051518161382543, -3.329149897980823),
    ((5000, 100, 4000), 14345.84619341503, 14345.84583358774),
]
PUBLISHED = (0.25, 4, 0.8, 2.5)
STARTS = 30 if COMPILED else 6
histories = st.tuples(st.integers(0, 40), st.integers(0, 300), st.integers(0, 300)).map(
    lambda h: (h[0], h[1] if h[0] else 0, h[1] + h[2])
)
parameters = st.tuples(*[st.floats(-4, 4).map(math.exp)] * 4)


def likelihood_of(customers, modified, threads=1):
    return BgLikelihood(triples_of(customers), modified=modified, threads=threads)


def by_gamma_functions(history, parameters, modified):
    """Return the log-likelihood of a customer as Fader, Hardie and Lee write it."""
    (x, t_x, T), (r, alpha, a, b) = history, parameters  # noqa: N806
    y = x + modified
    g = math.lgamma

    def log_beta(a, b):
        return g(a) + g(b) - g(a + b)

    alive = log_beta(a, b + y) - (r + x) * math.log(alpha + T)
    common = g(r + x) - g(r) + r * math.log(alpha) - log_beta(a, b)
    if y == 0:
        return common + alive
    left = log_beta(a + 1, b + y - 1) - (r + x) * math.log(alpha + t_x)
    most = max(alive, left)
    return common + most + math.log(math.exp(alive - most) + math.exp(left - most))


@pytest.mark.parametrize(("history", "of_bg", "of_mbg"), KNOWN)
def test_likelihood__of_known_customers(history, of_bg, of_mbg):
    for modified, expected in ((False, of_bg), (True, of_mbg)):
        value = likelihood_of([history], modified).at(PUBLISHED).value
        assert value == pytest.approx(expected, rel=1e-13)


@given(st.lists(histories, max_size=8), parameters, st.booleans())
def test_likelihood__equals_that_with_gamma_functions(customers, parameters, modified):
    found = likelihood_of(customers, modified).at(parameters).value
    expected = [by_gamma_functions(each, parameters, modified) for each in customers]
    assert found == pytest.approx(math.fsum(expected), rel=1e-9, abs=1e-9)


@given(st.lists(histories, min_size=1, max_size=8), parameters, st.booleans())
def test_likelihood__has_the_derivatives_of_its_value(customers, parameters, modified):
    assert_derivatives(likelihood_of(customers, modified), parameters)


@given(st.lists(histories, min_size=1, max_size=8), parameters, st.booleans())
def test_likelihood__is_that_of_the_day_in_other_units(customers, parameters, modified):
    r, alpha, a, b = parameters
    longer = [(x, 7 * t_x, 7 * T) for x, t_x, T in customers]
    found = likelihood_of(longer, modified).at((r, 7 * alpha, a, b)).value
    less = sum(x for x, _, _ in customers) * math.log(7)
    expected = likelihood_of(customers, modified).at(parameters).value
    assert found == pytest.approx(expected - less, rel=1e-12, abs=1e-11)


def test_likelihood__has_the_same_bits_with_any_threads_and_order():
    customers = [*cdnow.sample()]
    expected = likelihood_of(customers, modified=False).at(START)
    random.Random(1).shuffle(customers)
    for threads in (2, 3):
        found = likelihood_of(customers, modified=False, threads=threads).at(START)
        assert found.value == expected.value
        assert found.gradient.tobytes() == expected.gradient.tobytes()
        assert found.hessian.tobytes() == expected.hessian.tobytes()


def fit_to(customers, modified, threads=2):
    return maximise(likelihood_of(customers, modified, threads), START, BOX)


@pytest.mark.parametrize(
    ("modified", "weeks", "log_likelihood"),
    [
        (False, (0.2425945224, 4.413602019, 0.7929220172, 2.425906777), -9582.429206674),
        (True, (0.5248431591, 6.183085280, 0.8913593907, 1.614002240), -9582.135715554),
    ],
)
def test_fit__to_the_sample_is_as_published(modified, weeks, log_likelihood):
    fit = fit_to(cdnow.published(), modified)
    r, alpha, a, b = fit.parameters
    assert (r, alpha / 7, a, b) == pytest.approx(weeks, rel=3e-10)
    n = sum(x for x, *_ in cdnow.published())
    assert fit.log_likelihood + n * math.log(7) == pytest.approx(log_likelihood, abs=1e-9)
    assert fit.limits == (None,) * 4
    if not modified:
        expected = (0.012557, 2.64757, 0.185734, 0.705414)
        assert fit.standard_errors == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("modified", "days", "log_likelihood"),
    [
        (False, (0.2516239589, 33.52260073, 0.7234335768, 2.161088359), -142726.0592307),
        (True, (0.6371397334, 51.17202679, 0.8074741179, 1.228393996), -142694.5736174),
    ],
)
def test_fit__to_all_customers_of_cdnow(modified, days, log_likelihood):
    fit = fit_to(cdnow.master(), modified)
    assert fit.parameters == pytest.approx(days, rel=1e-10)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-7)


@pytest.mark.parametrize("modified", [False, True])
def test_fit__is_the_same_from_random_starts(modified):
    likelihood = likelihood_of(cdnow.published(), modified)
    expected = maximise(likelihood, START, BOX)
    chance = random.Random(21)
    for _ in range(STARTS):
        start = [p * math.exp(chance.gauss(0, 1.5)) for p in START]
        fit = maximise(likelihood, start, BOX)
        assert fit.parameters == pytest.approx(expected.parameters, rel=2e-10)
        assert fit.steps <= 16


@pytest.mark.parametrize("modified", [False, True])
def test_fit__is_unchanged_if_every_customer_is_doubled(modified):
    once, twice = (fit_to(n * cdnow.published(), modified) for n in (1, 2))
    assert twice.parameters == pytest.approx(once.parameters, rel=1e-9)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-14)
    halved = [error / math.sqrt(2) for error in once.standard_errors]
    assert twice.standard_errors == pytest.approx(halved, rel=1e-7)


@pytest.mark.parametrize("modified", [False, True])
def test_fit__to_sevenfold_times_has_sevenfold_alpha(modified):
    longer = [(x, 7 * t_x, 7 * T) for x, t_x, T, _ in cdnow.published()]
    (r, alpha, a, b), found = fit_to(cdnow.published(), modified)[0], fit_to(longer, modified)
    assert found.parameters == pytest.approx((r, 7 * alpha, a, b), rel=1e-9)


def test_fit__has_the_same_bits_with_any_threads():
    fits = [fit_to(cdnow.published(), modified=False, threads=threads) for threads in (1, 2, 3)]
    assert fits[0] == fits[1] == fits[2]


DEGENERATE = {
    "no repeaters": [(0, 0, t) for t in range(1, 365)],
    "one customer": [(3, 50, 100)],
    "all new": [(0, 0, 0)] * 100,
    "all equal": [(2, 30, 60)] * 100,
    "all alive": [(5, t, t) for t in range(100, 300)],
    "one whale": [(300, 350, 360)] + [(0, 0, 200)] * 500,
    "near daily": [(t - t % 3, t, t) for t in range(200, 700)],
    "no customers": [],
}


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize("name", DEGENERATE)
def test_fit__to_degenerate_customers_ends_within_the_box(name, modified):
    fit = fit_to(DEGENERATE[name], modified)
    assert fit.ended != "limit of steps"
    assert all(map(math.isfinite, [*fit.parameters, fit.log_likelihood]))
    for p, low, high, limit in zip(fit.parameters, *BOX, fit.limits, strict=True):
        assert low <= p <= high
        assert limit == {low: "lower", high: "upper"}.get(p)
    for error, limit in zip(fit.standard_errors, fit.limits, strict=True):
        assert error is None or (limit is None and np.isfinite(error))
