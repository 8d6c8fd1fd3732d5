"""Test what is said about estimates that are uncertain or at a limit."""

from __future__ import annotations

import rfm_engine as rfm
from rfm_engine.clv.model import Estimate, Fitted
from rfm_engine.clv.warnings import warnings_of
from tests.clv.orders import shop

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
