"""Freeze a fitted scheme: cut points and conditions become numbers, so no fitting is needed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.scoring.axes import MEAN_DIGITS
from rfm_engine.scoring.cells import Bins, Cuts
from rfm_engine.segments.conditions import (
    DAY_US,
    IN,
    IS,
    LEAST,
    MOST,
    RELATIONS,
    WHALE,
    Among,
    Condition,
    Range,
)
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.scheme import AXES, Scheme, Segment

# The first is below all numbers of days. No frequency or amount is above the second.
_BELOW_ALL, _MOST = -1, 10**18 - 1
_NEVER = "frequency < 1"


def frozen_scheme(
    scheme: Scheme,
    plan: Plan,
    cuts: Cuts,
    settled: Sequence[Sequence[Range | Among]],
    scale: int,
    options: dict[str, str],
    facts: FrozenFacts | None,
) -> dict[str, Any]:
    """Return a scheme as data for JSON, with thresholds for methods and numbers for means.

    The frozen scheme assigns the same scores and segments as the fitted scheme. `facts` are the
    numbers of customer facts, if the scheme uses them.
    """
    when = [[text for each in ranges for text in _conditions(each, scale)] for ranges in settled]
    data = scheme_data(scheme, plan.bins, cuts_text(plan, cuts, scale), options, when)
    return data if facts is None else data | {"facts": facts.to_data()}


def cuts_text(plan: Plan, cuts: Cuts, scale: int) -> dict[str, list[str]]:
    """Return the cut points of each axis as text, in days, orders and major units.

    There is one cut point fewer than bins. `scale` is the number of decimal digits of amounts.
    """
    digits = {"r": 0, "f": 0, "m": plan.money_scale(scale)}
    return {
        axis: [format_minor(cut, digits[axis]) for cut in _padded(axis, list(found), n - 1)]
        for axis, found, n in zip(AXES, cuts, plan.bins, strict=True)
    }


def scheme_data(
    scheme: Scheme,
    bins: Bins,
    cuts: dict[str, list[str]],
    options: dict[str, str],
    when: Sequence[list[str]],
) -> dict[str, Any]:
    """Return a scheme with thresholds as data for JSON; `when` has the conditions per segment."""
    facts = {} if scheme.facts is None else {"facts": scheme.facts.to_data()}
    asleep = {"asleep": list(scheme.asleep)} if scheme.asleep else {}
    return {
        "name": scheme.name,
        "title": scheme.title,
        "bins": dict(zip(AXES, bins, strict=True)),
        "method": "thresholds",
        "cuts": cuts,
        "otherwise": _otherwise(scheme),
        "match": scheme.match,
        "fm": scheme.fm,
        "first_score": scheme.first_score,
        "options": options,
        "segments": list(map(_segment, scheme.segments, when)),
        **facts,
        **asleep,
    }


def _otherwise(scheme: Scheme) -> str | dict[str, str]:
    """Return the name of the segment, or a table if the scheme has texts for it."""
    words = {"about": scheme.otherwise_about, "action": scheme.otherwise_action}
    given = {key: text for key, text in words.items() if text is not None}
    return {"name": scheme.otherwise, **given} if given else scheme.otherwise


def model_scheme(scheme: Scheme) -> dict[str, Any]:
    """Return the scheme of a model as data; its thresholds and conditions are already numbers."""
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    cuts = {axis: [f"{cut:f}" for cut in scheme.cuts[axis]] for axis in AXES}
    when = [written(segment.conditions) for segment in scheme.segments]
    return scheme_data(scheme, bins, cuts, scheme.options, when)


def own_scheme(scheme: Scheme) -> dict[str, Any]:
    """Return a scheme unchanged, as data for JSON; `scheme_of` reads the same scheme from it."""
    cuts = {axis: [f"{cut}" for cut in cuts] for axis, cuts in scheme.cuts.items()}
    when = [written(segment.conditions) for segment in scheme.segments]
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    data = scheme_data(scheme, bins, cuts, scheme.options, when) | {"method": scheme.method}
    if not scheme.has_otherwise:
        del data["otherwise"]
    return data


def deciding(data: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the data of a scheme that decides the segments of customers.

    The segments that are asleep only decide which orders are reactivations.
    """
    return {key: each for key, each in data.items() if key != "asleep"}


def written(conditions: Sequence[Condition]) -> list[str]:
    """Return conditions as exact text; numbers can be fractions."""
    return [
        f"{c.measure} {c.relation} {c.operand}"
        if isinstance(c.operand, Fraction) and c.relation in RELATIONS
        else str(c)
        for c in conditions
    ]


def _padded(axis: str, cuts: list[int], n: int) -> list[int]:
    """Add cut points for bins that were dropped, beyond all values.

    For recency they are added at the low end, because its bins are counted from the other end.
    """
    missing = n - len(cuts)
    if axis == "r":
        return [_BELOW_ALL] * missing + cuts
    return [min(cut, _MOST) for cut in cuts] + [_MOST] * missing


def _segment(segment: Segment, when: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": segment.name}
    found |= {key: text for key in ("about", "action") if (text := getattr(segment, key))}
    found |= {axis: list(ends) for axis, ends in segment.ranges.items()}
    if segment.codes:
        found["codes"] = ["-".join(map(str, code)) for code in sorted(segment.codes)]
    if segment.conditions:
        found["when"] = when
    return found


def _conditions(settled: Range | Among, scale: int) -> list[str]:
    if isinstance(settled, Among):
        return [str(Condition(settled.measure, IN, settled.names))] if settled.codes else [_NEVER]
    measure, low, high = settled
    if measure == WHALE:
        return [str(Condition(WHALE, IS, Fraction(low)))]
    if low > high:
        return [_NEVER]
    found = [f"{measure} >= {_number(measure, low, scale)}"] if low > LEAST else []
    found += [f"{measure} <= {_number(measure, high, scale)}"] if high < MOST else []
    return found


def _number(measure: str, value: int, scale: int) -> str:
    if measure == "mean_gap_days":
        days = Fraction(value, DAY_US)
        return f"{days.numerator}/{days.denominator}"
    digits = {"monetary": scale, "average_order": scale + MEAN_DIGITS}.get(measure, 0)
    return format_minor(value, digits)
