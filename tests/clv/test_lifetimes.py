"""Compare with the package lifetimes: its figures, and in the deep profile the package itself."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from benchmarks.lifetime_value import VALUE, Bench
from benchmarks.other_environment import OtherEnvironment
from benchmarks.simulated_customers import Customers, simulated_customers
from rfm_engine.clv import bg, gamma_gamma, pareto
from rfm_engine.clv.bg import BgLikelihood
from rfm_engine.clv.bg_forecast import BgForecast
from rfm_engine.clv.gamma_gamma import GammaGammaLikelihood
from rfm_engine.clv.newton import maximise
from rfm_engine.clv.pareto import ParetoLikelihood
from rfm_engine.clv.pareto_forecast import ParetoForecast
from rfm_engine.clv.predictions import Estimates
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.triples import Triples
from rfm_engine.clv.values import GammaGammaValue
from rfm_engine.kernels import COMPILED
from rfm_engine.totals.tables.day_totals import Repeats
from tests.clv import cdnow
from tests.clv.lifetimes_figures import FITS, GIVEN, SUMS
from tests.conftest import DEEP

pytestmark = pytest.mark.skipif(not COMPILED, reason="100,000 customers take minutes")
NAMES = ("cdnow", "simulated")
MODELS = ("bg-nbd", "mbg-nbd", "pareto-nbd")
HORIZONS = (90, 273)
AS_OF_DAY = 20_000
# Lifetimes discounts by 1% per month of 30 days.
YEARLY_RATE = Decimal("1.01") ** (Decimal(365) / 30) - 1
TOLERANCES = [1e-10, 1e-9, 1e-8, 1e-7]
# Its search for Pareto/NBD compares sums that are exact to 1e-14, so no tighter tolerance helps.
JOB = {
    "fits": {
        **dict.fromkeys(("bg-nbd", "mbg-nbd", "gamma-gamma"), TOLERANCES),
        "pareto-nbd": [1e-8, 1e-4],
    },
    "histories": True,
    "horizons": HORIZONS,
}
cases = pytest.mark.parametrize("name", NAMES)
models = pytest.mark.parametrize("model", MODELS)
deep = pytest.mark.skipif(not DEEP, reason="installs lifetimes into an environment of its own")


@cache
def customers_of(name):
    if name == "simulated":
        return simulated_customers(100_000)
    return Customers(*(np.array(column) for column in zip(*cdnow.sample(), strict=True)))


def triples_of(customers):
    return Triples.of([customers.x << 40 | customers.T << 20 | customers.t_x])


@cache
def fit_of(name, model):
    """Return our parameters and log-likelihood, with amounts in major units."""
    customers = customers_of(name)
    if model == "gamma-gamma":
        spending = Spending.of(customers.x, customers.s, threads=2)
        likelihood = GammaGammaLikelihood(spending, threads=2)
        fit = maximise(likelihood, gamma_gamma.start_of(spending), gamma_gamma.BOX)
        p, q, gamma = fit.parameters
        return (p, q, gamma / 100), fit.log_likelihood + spending.n_customers * math.log(100)
    triples = triples_of(customers)
    if model == "pareto-nbd":
        fit = maximise(ParetoLikelihood(triples, threads=2), pareto.START, pareto.BOX)
    else:
        likelihood = BgLikelihood(triples, modified=model == "mbg-nbd", threads=2)
        fit = maximise(likelihood, bg.START, bg.BOX)
    return fit.parameters, fit.log_likelihood


@cache
def predictions_of(name, model):
    """Return our columns with the parameters of `GIVEN`."""
    customers, parameters = customers_of(name), GIVEN[name][model]
    p, q, gamma = GIVEN[name]["gamma-gamma"]
    triples = triples_of(customers)
    value = GammaGammaValue((p, q, gamma * 100), 0.0)
    first_day = AS_OF_DAY - customers.T
    days = (each.astype(np.int32) for each in (first_day, first_day + customers.t_x))
    later = customers.s >> 32, customers.s & 0xFFFFFFFF
    repeats = Repeats(*days, (customers.x + 1).astype(np.int32), *later)
    found = {}
    for horizon in HORIZONS:
        if model == "pareto-nbd":
            forecast = ParetoForecast(parameters, threads=2)
        else:
            forecast = BgForecast(parameters, modified=model == "mbg-nbd", threads=2)
        terms = Terms(horizon, 360, Decimal(1), YEARLY_RATE)
        estimates = Estimates(forecast, value, terms, triples, scale=2, as_of_day=AS_OF_DAY)
        names = [field.name for field in estimates.fields]
        columns = estimates.columns(repeats, customers.s)
        found |= dict(zip(names, (column.to_numpy() for column in columns[:-1]), strict=False))
    return found


@cases
@pytest.mark.parametrize("model", [*MODELS, "gamma-gamma"])
def test_fit__has_the_maximum_that_lifetimes_finds(name, model):
    found, value = fit_of(name, model)
    parameters, log_likelihood = FITS[name][model]
    assert found == pytest.approx(parameters, rel=1e-6)
    assert value == pytest.approx(log_likelihood, rel=1e-12)


@cases
@models
def test_predictions__add_up_to_those_of_lifetimes(name, model):
    found = predictions_of(name, model)
    for column, expected in SUMS[name][model].items():
        assert math.fsum(found[column].tolist()) == pytest.approx(expected, rel=1e-9), column


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return OtherEnvironment(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def answers(environment, tmp_path_factory):
    """Let lifetimes fit and predict; return per data set its answer and its folder."""
    found = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name)
        x, t_x, T, s = customers_of(name)  # noqa: N806
        columns = {"x": x, "t_x": t_x, "T": T, "mean": s / np.maximum(x, 1) / 100}
        value = GIVEN[name]["gamma-gamma"]
        given = {model: {"orders": GIVEN[name][model], "value": value} for model in MODELS}
        found[name] = environment.run(folder, columns, JOB | {"predictions": given}), folder
    return found


@deep
@cases
@pytest.mark.parametrize("model", [*MODELS, "gamma-gamma"])
def test_lifetimes__finds_the_same_maximum(answers, name, model):
    answer = answers[name][0]["fits"][model]
    parameters, log_likelihood = FITS[name][model]
    assert answer["parameters"] == pytest.approx(parameters, rel=1e-6)
    assert answer["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-12)
    found, value = fit_of(name, model)
    assert answer["parameters"] == pytest.approx(found, rel=1e-6)
    # Its maximum is below ours, or above by the rounding of sums.
    assert answer["log_likelihood"] - value < 1e-14 * len(customers_of(name).x) * abs(value)


@deep
@cases
@models
def test_lifetimes__predicts_the_same_for_each_customer(answers, name, model):
    found = predictions_of(name, model)
    with np.load(answers[name][1] / f"{model}.npz") as columns:
        assert set(columns) == set(SUMS[name][model])
        for column, values in columns.items():
            # Lifetimes computes the probability of no order, so that digits of small ones of an
            # order cancel. All other predictions differ by less than 1e-12.
            lost = 1e-12 if column.startswith("p_order") else 0.0
            np.testing.assert_allclose(found[column], values, rtol=1e-9, atol=lost, err_msg=column)
            expected = SUMS[name][model][column]
            assert math.fsum(values.tolist()) == pytest.approx(expected, rel=1e-9), column


@deep
def test_benchmark__prints_no_times_if_lifetimes_finds_other_parameters(environment, tmp_path):
    bench, fitted = Bench(tmp_path, simulated_customers(2_000), threads=2), ("bg-nbd", VALUE)
    for _ in range(2):
        bench.run_ours()
        bench.run_lifetimes(environment, fitted)
    assert {step: len(samples) for step, samples in bench.seconds.items()} == {
        **dict.fromkeys(("histories", f"fit {VALUE}"), 2),
        **{f"{work} {model}": 2 for work in ("fit", "predict") for model in MODELS},
        **{f"by {way}: fit {model}": 2 for way in ("customer", "history") for model in fitted},
        "by customer: predict bg-nbd": 2,
    }
    assert len(bench.lines()) == 1 + 2 * len(MODELS) + 1 + len(MODELS) + 1
    bench.ours["parameters"][VALUE][1] *= 1.001
    with pytest.raises(AssertionError, match="gamma-gamma: lifetimes finds"):
        bench.run_lifetimes(environment, fitted)
