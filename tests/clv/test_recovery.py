"""Test that fits find the parameters of simulated customers."""

from __future__ import annotations

import numpy as np
import pytest

from rfm_engine.clv.bg import BOX, START, BgLikelihood
from rfm_engine.clv.newton import maximise
from rfm_engine.clv.triples import Triples
from tests.conftest import COMPILED

N_CUSTOMERS = 100_000 if COMPILED else 5_000
# Units of a hundredth of a day. In whole days, two orders on one day would count as one.
ALPHA, LONGEST = 6_000.0, 109_500
TRUE = (0.35, ALPHA, 0.9, 2.6)


def simulated(modified):
    """Return the histories of customers who buy and leave as the model says."""
    chance = np.random.default_rng(9)
    r, alpha, a, b = TRUE
    rate = chance.gamma(r, 1 / alpha, N_CUSTOMERS)
    leaving = chance.beta(a, b, N_CUSTOMERS)
    end = chance.integers(0, LONGEST, N_CUSTOMERS)
    x, last = np.zeros(N_CUSTOMERS, np.int64), np.zeros(N_CUSTOMERS)
    staying = chance.random(N_CUSTOMERS) >= leaving if modified else np.ones(N_CUSTOMERS, bool)
    buying = np.flatnonzero(staying)
    while len(buying):
        time = last[buying] + chance.exponential(size=len(buying)) / rate[buying]
        within = time <= end[buying]
        buying = buying[within]
        last[buying] = time[within]
        x[buying] += 1
        buying = buying[chance.random(len(buying)) >= leaving[buying]]
    return Triples.of([x << 40 | end << 20 | last.astype(np.int64)])


@pytest.mark.parametrize("modified", [False, True])
def test_fit__recovers_the_parameters_of_simulated_customers(modified):
    likelihood = BgLikelihood(simulated(modified), modified=modified, threads=2)
    fit = maximise(likelihood, START, BOX)
    for found, error, true in zip(fit.parameters, fit.standard_errors, TRUE, strict=True):
        assert abs(found - true) <= 4 * error
        assert error < (0.1 if COMPILED else 0.5) * true
    assert fit.limits == (None,) * 4
