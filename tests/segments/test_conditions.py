"""Conditions on raw measures, against exact fractions."""

from __future__ import annotations

import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.segments.condition_text import parse_condition
from rfm_engine.segments.conditions import Condition, Population, holds
from rfm_engine.segments.parser import parse_scheme
from tests import reference, strategies
from tests.laws.test_score_reference import engine_options
from tests.shapes import keys_of

COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip
DAY_US = 86_400_000_000
MOST_MEAN = (2**63 - 1) // 10_000 - 1


@pytest.mark.parametrize(
    "text",
    ["recency_days <= 30", "monetary > 12.5", "frequency >= mean", "recency_days > cycle",
     "average_order < quantile(2/3)", "mean_gap_days == 7"],
)  # fmt: skip
def test_parse__reads_what_it_prints(text):
    condition = parse_condition(text)
    assert isinstance(condition, Condition)
    assert str(condition) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recensy_days <= 30", "one of recency_days, .*got 'recensy_days'"),
        ("recency_days = 30", "must be like"),
        ("recency_days <=", "must be like"),
        ("frequency <= cycle", "got 'cycle'"),
        ("frequency <= quantile(3/3)", "got 'quantile"),
        ("frequency <= median", "got 'median'"),
        (30, "must be like"),
        ("monetary > " + "9" * 5_000, "number of at most 30 digits"),
        ("monetary > 1/" + "9" * 5_000, "number of at most 30 digits"),
        ("monetary > quantile(1/" + "9" * 5_000 + ")", "number of at most 30 digits"),
    ],
)
def test_parse__says_what_is_wrong_and_where(text, said):
    given = f'"{text}"' if isinstance(text, str) else text
    with pytest.raises(UsageError, match=said) as caught:
        parse_scheme(f'\n[[segments]]\nname = "A"\nwhen = [{given}]', "mine.toml")
    assert "mine.toml:2" in str(caught.value)


def raw(customer, measure, scale):
    """Return the measure as an exact number, or None if the customer has none."""
    n, money = customer.frequency, Fraction(customer.monetary_minor, 10**scale)
    if measure == "average_order":
        return Fraction(10_000 * customer.monetary_minor // n, 10_000 * 10**scale)
    if measure == "mean_gap_days":
        gap = (customer.last_us - customer.first_us) // (n - 1) if n > 1 else None
        return None if gap is None else Fraction(gap, DAY_US)
    return {"recency_days": customer.recency_days, "frequency": n, "monetary": money}[measure]


def bound(customers, condition, scale):
    values = sorted(v for c in customers if (v := raw(c, condition.measure, scale)) is not None)
    if condition.operand == "cycle":
        gaps = [(c.last_us - c.first_us) // (c.frequency - 1) for c in customers if c.frequency > 1]
        return Fraction(sum(gaps) // len(gaps), DAY_US) if gaps else None
    if isinstance(condition.operand, Fraction):
        return condition.operand
    if not values:
        return None
    if condition.part is None:
        return Fraction(sum(values), len(values))
    return next(v for i, v in enumerate(values, 1) if i >= condition.part * len(values))


numbers = st.decimals(-50, 400, places=2).map(lambda d: f"{d}")
operands = numbers | st.sampled_from(["mean", "quantile(1/3)", "quantile(3/4)", "cycle"])
conditions = st.builds(
    "{} {} {}".format,
    st.sampled_from(["recency_days", "frequency", "monetary", "average_order", "mean_gap_days"]),
    st.sampled_from(list(COMPARE)),
    operands,
).filter(lambda text: "cycle" not in text or "days" in text)


@given(
    orders=strategies.orders(),
    whens=st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_score__raw_rules_equal_their_words(tmp_path_factory, orders, whens):
    file = tmp_path_factory.getbasetemp() / "raw.toml"
    lines = [f"[[segments]]\nname = 's{i}'\nwhen = {[*when]}" for i, when in enumerate(whens)]
    file.write_text("\n".join(lines))
    options = engine_options(orders, {"as_of": "newest"})
    twin = reference.totals(
        orders.rows, as_of="newest", timezone=orders.timezone, zoned=orders.zoned,
        scale=orders.scale, has_order=options["order"] is not None,
    ).customers  # fmt: skip
    everyone = list(twin.values())
    asks_means = any("average_order" in text for when in whens for text in when)
    if asks_means and any(abs(c.monetary_minor // c.frequency) > MOST_MEAN for c in everyone):
        with pytest.raises(rfm.DataError, match="mean amounts"):
            rfm.score(orders.table, scheme=file, **options)
        return
    result = rfm.score(orders.table, scheme=file, **options)

    def fits(customer, text):
        condition = parse_condition(text)
        value, limit = (
            raw(customer, condition.measure, orders.scale),
            bound(everyone, condition, orders.scale),
        )
        return None not in (value, limit) and COMPARE[condition.relation](value, limit)

    expected = {
        key: next(
            (f"s{i}" for i, when in enumerate(whens) if all(fits(c, t) for t in when)), "Others"
        )
        for key, c in twin.items()
    }
    table = result.customers
    got = dict(zip(keys_of(table["customer_id"]), table["segment"].to_pylist(), strict=True))
    assert got == expected
    counts = {s["name"]: s["customers"] for s in result.summary()["segments"]}
    assert {name: list(expected.values()).count(name) for name in counts} == counts


def test_holds__nothing_asked_is_none_and_crossed_ends_hold_for_nobody():
    population = Population(lambda _: [np.array([], np.int64)], 2, map)
    crossed = population.settle(parse_condition("frequency >= mean"))
    assert holds((), lambda _: np.arange(3)) is None
    assert holds((crossed,), lambda _: np.arange(3)).tolist() == [False] * 3
