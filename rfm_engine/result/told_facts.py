"""Customer facts of one row of a result, for explanations in words."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.scoring.timing import words
from rfm_engine.segments.conditions import DAY_US, WHALE, Condition
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.totals.customer_attribute_values import notation_of, numbers_of


def own_cycle_us(facts: FactTotals | None, row: dict[str, Any]) -> int:
    """Return the own cycle of a customer in microseconds, given its row."""
    assert facts is not None
    assert facts.cycle_us is not None
    span = row["last_order"] - row["first_order"]
    span_us: int = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return (span_us + facts.cycle_us) // int(row["frequency"])


def fact_holds(condition: Condition, result: ScoredPopulation, row: dict[str, Any]) -> bool:
    """Return whether a condition on `is_whale` or `timing` holds for a customer."""
    if condition.measure == WHALE:
        value, least = _value(result, row), _facts(result).whale_least
        assert least is not None
        return (value > 0 and value >= least) == bool(condition.operand)
    return _timing(result, row) in condition.timings


def fact_words(condition: Condition, result: ScoredPopulation, row: dict[str, Any]) -> str:
    """Return what a condition on `is_whale` or `timing` compares, in words."""
    facts = _facts(result)
    if condition.measure == WHALE:
        assert facts.whale_least is not None
        limit = facts.least_text
        wanted = "at least" if condition.operand else "below"
        if facts.whale_least <= 0:
            wanted, limit = ("above" if condition.operand else "at most"), "0"
        has = format_minor(_value(result, row), facts.whale_scale)
        what = {"orders": "frequency"}.get(facts.whale_by, facts.whale_by)
        return f"{what} {wanted} {limit}; this customer has {has}"
    name, days = words().timings[_timing(result, row)], row["recency_days"]
    cycle = f"{own_cycle_us(facts, row) / DAY_US:,.1f}"
    since = f"{days:,} day" if days == 1 else f"{days:,} days"
    return f"this customer is {name}: {since} since the last order, own cycle {cycle} days"


def _facts(result: ScoredPopulation) -> FactTotals:
    assert result.facts is not None
    return result.facts


def _timing(result: ScoredPopulation, row: dict[str, Any]) -> int:
    own_us, passed_us = own_cycle_us(_facts(result), row), int(row["recency_days"]) * DAY_US
    return sum(passed_us > limit * own_us for limit in words().limits)


def _value(result: ScoredPopulation, row: dict[str, Any]) -> int:
    """Return the value of whales of a customer, as an integer of their scale."""
    facts = _facts(result)
    if facts.whale_by == "monetary":
        return int(row["monetary"].scaleb(result.scale))
    if facts.whale_by == "orders":
        return int(row["frequency"])
    column = pa.chunked_array([pa.array([row[facts.whale_by]])])
    found = numbers_of(column, facts.whale_by, "the result", notation_of(result.options))
    factor: int = 10 ** (facts.whale_scale - found.scale)
    return int(found.values[0]) * factor
