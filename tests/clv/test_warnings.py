"""Test that warnings about a model say what is wrong with its predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rfm_engine as rfm
from rfm_engine.clv.fitting import fit
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.triples import Triples
from rfm_engine.clv.warnings import warnings_of
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED

N_CUSTOMERS = 5_000 if COMPILED else 1_500


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
    fitted = fit("bg-nbd", histories, 1)
    model = rfm.fit_clv(simulate(customers=60, orders=300), as_of="2025-12-31", family="bg-nbd")
    [text] = [
        each.text
        for each in warnings_of(replace(model, fitted=fitted))
        if each.code == "amounts_depend_on_orders"
    ]
    assert f"spend {more} per order day" in text
    said = f"few repeat days are probably too {few}, and of those with many a little too {many}."
    assert text.endswith(said)
    p, q, gamma = fitted.value.parameters.values()
    value = p * (gamma + s) / (p * x + q - 1)
    too_high = {"high": True, "low": False}
    assert (value[x <= 1].mean() > mean[x <= 1].mean()) == too_high[few]
    assert (value[x >= 5].mean() > mean[x >= 5].mean()) == too_high[many]
