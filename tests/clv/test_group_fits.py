"""Test that fits of groups are shrunk towards the fit of all customers."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import rfm_engine as rfm
from rfm_engine.clv import group_fits
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.fitting import fit
from rfm_engine.clv.group_fits import FEWEST_REPEATERS, GroupHistories, Shrinking, fit_groups
from rfm_engine.clv.groups import Groups
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.newton import maximise
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.triples import Triples
from rfm_engine.orders.workers import Workers
from tests.clv.sellers import AS_OF, Sellers
from tests.conftest import COMPILED, DEEP
from tests.docs.pages import ROOT

BG = FAMILIES["bg-nbd"]
SIZE = (400, 474) if DEEP else (40, 300) if COMPILED else (10, 100)


def histories_of(keys: np.ndarray, s: np.ndarray) -> Histories:
    """Return the histories of customers with amounts of repeat days."""
    x = keys >> 40
    return Histories(Triples.of([keys]), Spending.of(x, s, 1), int((x + 1).sum()), int(s.sum()))


def fits(codes, keys, s, sd, threads=1, family="bg-nbd"):
    """Return the fit of all customers, and those of groups with numbers."""
    pooled = fit(family, histories_of(keys, s), threads)
    groups = Groups(tuple(range(int(codes.max()) + 1)), [codes])
    own = GroupHistories.of(groups, [[keys], [s], [s]])
    with Workers(threads) as pool:
        return pooled, fit_groups(Shrinking(family, pooled, Decimal(sd)), own, pool, threads)


def logs_of(fitted) -> np.ndarray:
    return np.log([*fitted.orders.parameters.values()])


def values_of(fitted) -> np.ndarray:
    return np.log([*fitted.value.parameters.values()])


def errors_in(text: str) -> list[str]:
    return re.findall(r"\b\d\.\d\d\b", text)


def amounts(keys: np.ndarray, seed: int = 4) -> np.ndarray:
    """Return net amounts of the repeat days of customers in cents."""
    dice = np.random.default_rng(seed)
    x = keys >> 40
    days = dice.gamma(5.0 * np.maximum(x, 1), 0.2) * dice.gamma(4, 700, len(keys))
    return np.where(x > 0, days.astype(np.int64) + 1, 0)


@pytest.fixture(scope="module")
def sellers():
    return Sellers.simulated(*SIZE)


@pytest.fixture(scope="module")
def errors(sellers):
    """Return root mean square errors of the logs of parameters: shrunk, alone, fit of all."""
    keys = sellers.keys()
    pooled, shrunk = fits(sellers.seller, keys, amounts(keys), "0.3")
    alone = [
        maximise(BG.likelihood(Triples.of([keys[sellers.seller == each]]), threads=1), BG.start,
                 BG.box).parameters
        for each in shrunk
    ]  # fmt: skip
    return [
        np.sqrt(((found - sellers.logs) ** 2).mean(axis=0))
        for found in (
            np.array([logs_of(own) for own in shrunk.values()]), np.log(alone), logs_of(pooled),
        )
    ]  # fmt: skip


@pytest.mark.skipif(not COMPILED, reason="too few customers to see a difference")
def test_fit_groups__is_closer_to_the_truth_than_fits_alone_and_the_fit_of_all(errors):
    shrunk, alone, pooled = errors
    assert (shrunk < alone).all(), errors
    assert (shrunk < pooled).all(), errors


@pytest.mark.skipif(not DEEP, reason="deep profile")
def test_fit_groups__has_the_errors_of_its_docstring(errors):
    assert [f"{each:.2f}" for row in errors for each in row] == errors_in(group_fits.__doc__)


def test_explanation__has_the_errors_of_the_docstring():
    page = (ROOT / "docs" / "explanation" / "lifetime-value.md").read_text()
    rows = dict(re.findall(r"^\| (each seller.*?|one model.*?) (\| 0.*)$", page, re.MULTILINE))
    found = ("each seller, pulled towards all", "each seller alone", "one model for all sellers")
    said = [each for row in found for each in errors_in(rows[row])]
    assert said == errors_in(group_fits.__doc__)
    assert len(said) == 12


def test_fit_groups__the_standard_deviation_leads_from_all_groups_to_each_alone(sellers):
    keys = sellers.keys()
    codes, s = sellers.seller % 3, amounts(sellers.keys())
    pooled, near = fits(codes, keys, s, "1e-9")
    _, middle = fits(codes, keys, s, "0.3")
    _, far = fits(codes, keys, s, "10")
    for group in range(3):
        own = histories_of(keys[codes == group], s[codes == group])
        best = maximise(BG.likelihood(own.triples, threads=1), BG.start, BG.box)
        assert near[group].orders.parameters == pooled.orders.parameters
        assert near[group].value.parameters == pooled.value.parameters
        for fitted, sd in ((middle[group], 0.3), (far[group], 10)):
            # At the maximum, the slope of the likelihood balances that of the prior.
            at = BG.likelihood(own.triples, threads=1).at([*fitted.orders.parameters.values()])
            slope = np.exp(logs_of(fitted)) * at.gradient
            away = logs_of(fitted) - logs_of(pooled)
            assert slope == pytest.approx(away / sd**2, abs=1e-5)
        likely = [
            BG.likelihood(own.triples, threads=1).at([*each.orders.parameters.values()]).value
            for each in (near[group], middle[group], far[group])
        ]
        assert likely == sorted(likely)
        assert likely[2] <= best.log_likelihood + 1e-9
        assert likely[2] == pytest.approx(best.log_likelihood, abs=0.05)
        assert middle[group].orders.log_likelihood == likely[1]
        assert middle[group].customers == (codes == group).sum()


def test_fit_groups__groups_that_equal_all_customers_have_their_parameters(sellers):
    keys = np.tile(sellers.keys(), 2)
    s = np.tile(amounts(sellers.keys()), 2)
    codes = np.repeat([0, 1], len(keys) // 2)
    pooled, own = fits(codes, keys, s, "0.3")
    assert own[0] == own[1]
    assert logs_of(own[0]) == pytest.approx(logs_of(pooled), abs=1e-8)
    assert values_of(own[0]) == pytest.approx(values_of(pooled), abs=1e-8)
    assert own[0].orders.log_likelihood == pytest.approx(pooled.orders.log_likelihood / 2)


def test_fit_groups__needs_twenty_repeaters(sellers):
    keys = np.sort(sellers.keys())
    repeaters, others = keys[keys >> 40 > 0], keys[keys >> 40 == 0]
    few, enough = FEWEST_REPEATERS - 1, FEWEST_REPEATERS
    chosen = np.concatenate([repeaters[:few], others[:5], repeaters[few : few + enough]])
    codes = np.repeat([0, 1], [few + 5, enough])
    _, own = fits(codes, chosen, amounts(chosen), "0.3")
    assert own[0] is None
    assert own[1].repeaters == enough


def test_fit_groups__takes_the_amounts_of_all_with_fewer_than_two_customers_with_amounts(sellers):
    keys = sellers.keys()
    codes = (sellers.seller == 0).astype(np.int64)
    s = amounts(keys)
    s[codes == 1] = -100
    s[np.flatnonzero((codes == 1) & (keys >> 40 > 0))[0]] = 100
    pooled, own = fits(codes, keys, s, "0.3")
    assert own[1].value == pooled.value != own[0].value
    assert (own[1].value_mean, own[1].mean_zbar) == (pooled.value_mean, pooled.mean_zbar)
    assert own[1].orders.parameters != pooled.orders.parameters
    assert own[1].customers_without_value == own[1].repeaters - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_fit_groups__threads_and_order_have_no_effect(family):
    sellers = Sellers.simulated(3, 300 if COMPILED else 60)
    keys, codes = sellers.keys(), sellers.seller
    s = amounts(keys)
    order = np.random.default_rng(1).permutation(len(keys))
    one = fits(codes, keys, s, "0.3", family=family)
    other = fits(codes[order], keys[order], s[order], "0.3", threads=3, family=family)
    assert one == other
    assert all(own is not None for own in one[1].values())


def test_fit_clv__fits_groups_of_a_column():
    names = [None, "b", "a"]
    sellers = Sellers.simulated(3, 100)
    orders = sellers.table(names, "string")
    options = {"as_of": AS_OF, "family": "bg-nbd"}
    model = rfm.fit_clv(orders, by="seller", **options)
    assert [*model.groups] == [None, "a", "b"]
    assert (model.by, model.shrinkage_sd) == ("seller", "0.3")
    alone = rfm.fit_clv(orders, **options)
    assert alone.fitted == model.fitted
    assert (alone.by, alone.groups, alone.shrinkage_sd) == (None, None, None)
    keys = sellers.keys()
    for code, name in enumerate(names):
        own = model.groups[name]
        assert own.customers == 100
        assert own.repeaters == (keys[sellers.seller == code] >> 40 > 0).sum()
        rows = [row for row in orders.to_pylist() if row["seller"] == name]
        days = {(row["customer_id"], row["order_time"]) for row in rows}
        mean = sum(round(100 * row["amount"]) for row in rows) / len(days)
        assert own.mean_day == pytest.approx(mean, rel=1e-9)
    _, by_code = fits(sellers.seller, keys, np.zeros(len(keys), np.int64), "0.3")
    for code, name in enumerate(names):
        assert model.groups[name].orders == by_code[code].orders
    looser = rfm.fit_clv(orders, by="seller", shrinkage_sd=Decimal("0.5"), **options)
    assert looser.shrinkage_sd == "0.5"
    assert replace(looser, groups=model.groups, shrinkage_sd="0.3") == model
    assert looser.groups["a"].orders != model.groups["a"].orders


@pytest.mark.parametrize("sd", [0, -1, "x", 10.5, True, None, float("nan"), "1e-60"])
def test_fit_clv__refuses_other_standard_deviations(sd):
    orders = Sellers.simulated(2, 5).table()
    with pytest.raises(rfm.UsageError, match="shrinkage_sd must be a number above 0, up to 10"):
        rfm.fit_clv(orders, as_of=AS_OF, by="seller", shrinkage_sd=sd)


def test_fit_clv__refuses_a_standard_deviation_without_groups():
    orders = Sellers.simulated(2, 5).table()
    with pytest.raises(rfm.UsageError, match="shrinkage_sd must be used with by; got"):
        rfm.fit_clv(orders, as_of=AS_OF, shrinkage_sd=0.3)
