"""Test that discounted orders are the sums of orders within each horizon."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.terms import Terms
from tests.conftest import COMPILED

SHAPES = [
    (0.35, 60.0, 0.9, 2.6), (0.01, 0.5, 0.4, 0.8), (1.0, 10.0, 20.0, 300.0), (2.5, 0.01, 1.0, 1.0),
    (30.0, 5.0, 1e-3, 1e3),
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parameters", SHAPES)
@given(
    customers=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 3_000)), min_size=1),
    horizon=st.sampled_from(["1d", "365d", "700d", "3650d"] if COMPILED else ["1d", "100d"]),
)
def test_discounted__is_the_weighted_sum_of_orders(family, parameters, customers, horizon):
    x, T = (np.array(column, np.int64) for column in zip(*customers, strict=True))  # noqa: N806
    schedule = Terms.of("1d", horizon, "1", "0.1").schedule()
    forecast = FAMILIES[family].forecast(parameters, threads=2)
    want = sum(weight * forecast.orders(x, T, days) for days, weight in schedule)
    assert forecast.discounted(x, T, schedule) == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize("family", FAMILIES)
def test_discounted__does_not_depend_on_other_customers_and_threads(family):
    x, T = np.arange(300) % 7, np.arange(300) * 3  # noqa: N806
    schedule = Terms.of("90d", "365d", "1", "0.1").schedule()
    one, other = (FAMILIES[family].forecast(SHAPES[0], threads=n) for n in (1, 3))
    found = one.discounted(x, T, schedule)
    assert found.tolist() == other.discounted(x, T, schedule).tolist()
    assert found[250:].tolist() == one.discounted(x[250:], T[250:], schedule).tolist()
    assert len(one.discounted(x[:0], T[:0], schedule)) == 0
