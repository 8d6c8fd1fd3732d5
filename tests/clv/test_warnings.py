"""Test what is said about estimates that are uncertain or at a limit."""

from __future__ import annotations

import numpy as np
import pytest

import rfm_engine as rfm
from rfm_engine.clv.fitting import fit
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.model import Estimate, Fitted
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.triples import Triples
from rfm_engine.clv.warnings import warnings_of
from tests.clv.orders import shop
from tests.conftest import COMPILED

N_CUSTOMERS = 5_000 if COMPILED else 1_500

NAMES = ("r", "alpha", "s", "beta")


def estimate(names=NAMES, limits=(), wide=()):
    errors = {name: 2.0 if name in wide else 0.1 for name in names}
    parameters = dict.fromkeys(names, 1.0)
    return Estimate(parameters, -1.0, errors, errors, (), dict(limits), 5, "gradient")


def fitted(orders=None, value=None, **changed):
    usual = {"repeaters": 500, "value_mean": "model", "correlation": 0.1} | changed
    return Fitted(
        customers=1000, customers_without_value=0, orders=orders or estimate(),
        value=value or estimate(("p", "q", "gamma")), mean_zbar=10.0, mean_day=9.0, **usual,
    )  # fmt: skip


def codes(*given):
    return [each.code for each in warnings_of(*given)]


def test_warnings__of_a_usual_fit_are_none():
    assert codes(fitted(), None) == codes(fitted(), {1: fitted()}) == []


def test_warnings__name_parameters_of_orders_and_of_amounts():
    amounts = estimate(("p", "q", "gamma"), {"q": "upper"}, ("gamma",))
    found = warnings_of(fitted(estimate(limits={"r": "upper"}, wide=("beta",)), amounts), None)
    assert [each.code for each in found] == ["parameter_at_limit", "uncertain_parameters"]
    assert "r (upper limit), q (upper limit)" in found[0].text
    assert "beta and gamma" in found[1].text
    assert codes(fitted(estimate(limits={"s": "lower"})), None) == ["nobody_leaves"]


def test_warnings__of_repeaters_and_amounts():
    found = fitted(repeaters=99, value_mean="sample", correlation=-0.31)
    assert codes(found, None) == ["few_repeaters", "infinite_mean", "amounts_depend_on_orders"]
    assert codes(fitted(value_mean="days", correlation=None), None) == ["few_amounts"]


def test_warnings__of_groups_have_their_number():
    groups = {
        "a": fitted(estimate(limits={"r": "upper"})), "b": fitted(value_mean="sample"),
        "c": fitted(value_mean="sample"), "d": None,
    }  # fmt: skip
    found = {each.code: each.text for each in warnings_of(fitted(), groups)}
    assert {*found} == {"parameter_at_limit", "infinite_mean", "small_groups"}
    assert found["parameter_at_limit"].startswith("in 1 of 4 groups the fit ends at a limit")
    assert found["infinite_mean"].startswith("in 2 of 4 groups the mean amount")
    assert found["small_groups"].startswith("1 of 4 groups have fewer than 20 customers")


def test_validation__warns_of_its_own_fit():
    found = rfm.validate_clv(shop(), as_of="2025-12-31", validate="300d")
    texts = {each.code: each.text for each in found.warnings}
    assert texts["few_repeaters"].startswith("fitted to orders up to 2025-03-06: only ")
    assert found.summary()["repeaters"] == found.fitted.repeaters
    assert repr(found) == "<Validation of 300 days up to 2025-12-31: 89 customers>"


@pytest.mark.parametrize(("sign", "more", "few", "many"), [
    (1, "more", "high", "low"), (-1, "less", "low", "high"),
])  # fmt: skip
def test_warnings__say_which_values_are_too_high_if_amounts_depend_on_orders(sign, more, few, many):
    dice = np.random.default_rng(1)
    liking = dice.normal(size=N_CUSTOMERS)
    x = dice.poisson(np.exp(0.2 + 0.9 * liking))
    mean = 3000 * (1 + 0.8 * sign * np.tanh(liking))
    s = np.where(x > 0, dice.gamma(3.0 * np.maximum(x, 1)) * mean / 3, 0).astype(np.int64)
    triples = Triples.of([x << 40 | 300 << 20 | np.minimum(20 * x, 290)])
    histories = Histories(triples, Spending.of(x, s, 1), int((x + 1).sum()), int(s.sum()))
    found = fit("bg-nbd", histories, 1)
    [text] = [
        each.text for each in warnings_of(found, None) if each.code == "amounts_depend_on_orders"
    ]
    assert f"spend {more} per order day" in text
    said = f"few repeat days are probably too {few}, and of those with many a little too {many}."
    assert text.endswith(said)
    p, q, gamma = found.value.parameters.values()
    value = p * (gamma + s) / (p * x + q - 1)
    too_high = {"high": True, "low": False}
    assert (value[x <= 1].mean() > mean[x <= 1].mean()) == too_high[few]
    assert (value[x >= 5].mean() > mean[x >= 5].mean()) == too_high[many]
