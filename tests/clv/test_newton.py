"""Test Newton's method on functions whose maxima are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.bg import BOX, START, BgLikelihood
from rfm_engine.clv.likelihood import Evaluation
from rfm_engine.clv.newton import Box, Prior, maximise
from tests.clv import cdnow

WIDE = Box((1e-5,) * 2, (1e5,) * 2)


class Peak:
    """`-n` times a quadratic form of the logs of two parameters around a maximum."""

    n_customers = 100

    def __init__(self, peak, curvature=((2.0, 0.6), (0.6, 1.0))):
        self.peak = np.log(peak)
        self.curvature = 100 * np.array(curvature)

    def at(self, parameters):
        p = np.array(parameters)
        apart = np.log(p) - self.peak
        slopes = -self.curvature @ apart
        hessian = (-self.curvature - np.diag(slopes)) / np.outer(p, p)
        return Evaluation(float(0.5 * apart @ slopes), slopes / p, hessian)


class Wave:
    """`cos(ln p) + cos(ln q)`, which is not concave everywhere."""

    n_customers = 1

    def at(self, parameters):
        p = np.array(parameters)
        logs = np.log(p)
        hessian = np.diag((np.sin(logs) - np.cos(logs)) / (p * p))
        return Evaluation(float(np.cos(logs).sum()), -np.sin(logs) / p, hessian)


positive = st.floats(-8, 8).map(math.exp)
pairs = st.tuples(positive, positive)


@given(pairs, pairs)
def test_maximise__finds_the_peak_from_any_start(peak, start):
    fit = maximise(Peak(peak), start, WIDE)
    assert fit.parameters == pytest.approx(peak, rel=1e-9)
    assert fit.limits == (None, None)
    inverse = np.linalg.inv(Peak(peak).curvature)
    assert fit.log_errors == pytest.approx(np.sqrt(np.diag(inverse)), rel=1e-6)
    scaled = np.array(peak) * np.sqrt(np.diag(inverse))
    assert fit.standard_errors == pytest.approx(scaled, rel=1e-6)
    assert fit.correlations[0][1] == fit.correlations[1][0]
    assert fit.correlations[0][1] == pytest.approx(-0.6 / math.sqrt(2), rel=1e-6)


@given(pairs)
def test_maximise__rounds_to_ten_digits(peak):
    fit = maximise(Peak(peak), (1, 1), WIDE)
    assert fit.parameters == tuple(float(f"{p:.9e}") for p in fit.parameters)
    assert fit.log_likelihood == Peak(peak).at(fit.parameters).value


def test_maximise__holds_a_parameter_at_its_limit():
    fit = maximise(Peak((1e-3, 2.0)), (1, 1), Box((0.1, 1e-5), (1e5, 1e5)))
    # With the first log fixed, the maximum in the second one moves by the mixed curvature.
    second = 2.0 * math.exp(-0.6 * (math.log(0.1) - math.log(1e-3)))
    assert fit.parameters == pytest.approx((0.1, second), rel=1e-9)
    assert fit.limits == ("lower", None)
    assert fit.standard_errors[0] is None
    assert fit.log_errors[1] == pytest.approx(0.1, rel=1e-6)
    assert fit.correlations[0] == (None, None)
    at_both = maximise(Peak((1e9, 1e-9)), (1, 1), WIDE)
    assert (at_both.parameters, at_both.limits) == ((1e5, 1e-5), ("upper", "lower"))
    assert at_both.log_errors == (None, None)


@given(pairs)
def test_maximise__ascends_where_the_function_is_convex(start):
    start = [p * 1.01 for p in start]
    fit = maximise(Wave(), start, Box((1e-9,) * 2, (1e9,) * 2))
    assert fit.log_likelihood == pytest.approx(2, abs=1e-12)
    for p in fit.parameters:
        turns = math.log(p) / math.tau
        assert turns == pytest.approx(round(turns), abs=1e-8)


def test_maximise__moves_a_start_outside_the_box_to_its_limit():
    fit = maximise(Peak((2.0, 3.0)), (1e9, 1e-9), WIDE)
    assert fit.parameters == pytest.approx((2, 3), rel=1e-9)


@given(pairs, pairs, st.floats(0.02, 2))
def test_maximise__weighs_prior_and_likelihood_by_their_curvature(peak, centre, sd):
    fit = maximise(Peak(peak), (1, 1), WIDE, Prior(centre, sd))
    own, other = Peak(peak).curvature, np.eye(2) / sd**2
    logs = np.linalg.solve(own + other, own @ np.log(peak) + other @ np.log(centre))
    assert fit.parameters == pytest.approx(np.exp(logs), rel=1e-7)
    assert fit.log_likelihood == Peak(peak).at(fit.parameters).value


def test_maximise__reaches_the_centre_of_a_strong_prior_and_ignores_a_weak_one():
    customers = cdnow.published()
    likelihood = BgLikelihood(cdnow.triples_of(customers), modified=False, threads=1)
    alone = maximise(likelihood, START, BOX)
    centre = (0.3, 40.0, 0.9, 3.0)
    strong = maximise(likelihood, START, BOX, Prior(centre, 1e-5))
    assert strong.parameters == pytest.approx(centre, rel=1e-6)
    weak = maximise(likelihood, START, BOX, Prior(centre, 1e5))
    assert weak.parameters == pytest.approx(alone.parameters, rel=1e-8)
    between = maximise(likelihood, START, BOX, Prior(centre, 0.3))
    for low, mid, high in zip(alone.parameters, between.parameters, centre, strict=True):
        assert low < mid < high
    assert between.log_likelihood < alone.log_likelihood
