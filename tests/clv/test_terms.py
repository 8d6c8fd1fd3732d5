"""Test how horizons, margin and discount rate are read, and the weights of the schedule."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.terms import Terms, days_of, discount_rate_of, margin_of
from rfm_engine.errors import UsageError

NOT_DAYS = ["12mo", "0d", "3651d", "-1d", "90", "090d", "90 d", "1.5d", "٩d", "90d\n", 90, None]
NOT_MARGINS = ["0", "1.01", "-0.5", "25%", "0.1234567891", 0.25, None, True, "nan", [1]]
NOT_RATES = ["-0.1", "1.1", "10%", 0.1, None, False, "inf", "1e-60"]


@given(st.integers(1, 3650))
def test_days_of__reads_days(days):
    assert days_of("horizon", f"{days}d") == days


@pytest.mark.parametrize("given", NOT_DAYS)
def test_days_of__refuses_all_else(given):
    with pytest.raises(UsageError) as refused:
        days_of("clv_horizon", given)
    assert str(refused.value).startswith("clv_horizon must be a number of days from 1d to 3650d")
    assert refused.value.typed.startswith("--clv-horizon must be")
    assert "\n" not in str(refused.value)


def test_margin_of__reads_exact_numbers():
    given = ["0.25", Decimal("0.123456789"), 1, "1.00000000000", "1e-9", ".5"]
    expected = ["0.25", "0.123456789", "1", "1", "0.000000001", "0.5"]
    assert [margin_of(each) for each in given] == [*map(Decimal, expected)]


@pytest.mark.parametrize("given", NOT_MARGINS)
def test_margin_of__refuses_all_else(given):
    with pytest.raises(UsageError, match="margin must be a share of the amounts") as refused:
        margin_of(given)
    assert "\n" not in str(refused.value)


def test_discount_rate_of__reads_exact_numbers():
    assert [*map(discount_rate_of, ["0", "0.1", 1, Decimal("0.07")])] == [
        Decimal(0), Decimal("0.1"), Decimal(1), Decimal("0.07")
    ]  # fmt: skip


@pytest.mark.parametrize("given", NOT_RATES)
def test_discount_rate_of__refuses_all_else(given):
    with pytest.raises(UsageError) as refused:
        discount_rate_of(given)
    assert refused.value.typed.startswith("--discount-rate must be a rate per year from 0 to 1")


def test_terms__read_all_options():
    terms = Terms.of("90d", "365d", "0.25", "0.1")
    assert terms == Terms(90, 365, Decimal("0.25"), Decimal("0.1"))


@given(st.integers(1, 3650), st.decimals(0, 1, places=4))
def test_schedule__gives_the_discounted_sum_of_increments(days, rate):
    schedule = Terms(90, days, Decimal(1), rate).schedule()
    ends = [*range(30, days, 30), days]
    factors = [(1 + float(rate)) ** (-end / 365) for end in ends]
    orders = {end: math.sqrt(end) for end in [0, *ends]}
    before = [0, *ends]
    expected = math.fsum(
        (orders[end] - orders[start]) * factor
        for start, end, factor in zip(before, ends, factors, strict=False)
    )
    assert math.fsum(w * orders[end] for end, w in schedule) == pytest.approx(expected, rel=1e-12)
    assert all(weight > 0 for _, weight in schedule)


def test_schedule__has_one_step_without_discount():
    assert Terms(90, 365, Decimal(1), Decimal(0)).schedule() == [(365, 1.0)]
