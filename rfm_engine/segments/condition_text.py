"""Parse the conditions of schemes."""

from __future__ import annotations

import json
import re
from fractions import Fraction

from rfm_engine.errors import shown
from rfm_engine.scoring.timing import words
from rfm_engine.segments.conditions import IN, IS, MEASURES, TIMING, WHALE, Condition

_FORM = re.compile(
    r"(?P<measure>[a-z_]+)\s*(?P<relation><=|>=|==|<|>)\s*(?P<operand>[^\s=<>].*?)\s*\Z"
)
# Longer numbers are beyond all measures, and Python does not parse the longest ones.
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30}|/[1-9][0-9]{0,29})?\Z")
_QUANTILE = re.compile(r"quantile\(\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*\)\Z")
_WHALE = re.compile(rf"\s*(not\s+)?{WHALE}\s*\Z")
_TIMING = re.compile(rf"\s*{TIMING}\s*(==|!=|{IN}\b)\s*(\S.*?)\s*\Z")


def parse_condition(text: object) -> Condition | str:
    """Parse a condition; return the error text if it is not valid."""
    whale = _WHALE.match(text) if isinstance(text, str) else None
    if whale is not None:
        return Condition(WHALE, IS, Fraction(0 if whale[1] else 1))
    if isinstance(text, str) and re.match(rf"\s*{TIMING}\b", text):
        return _timing(text)
    found = _FORM.match(text.strip()) if isinstance(text, str) else None
    if found is None:
        return f"must be like 'recency_days <= 30'; got {shown(text)}"
    measure, relation, operand = found["measure"], found["relation"], found["operand"]
    if measure not in MEASURES:
        known = ", ".join([*MEASURES, TIMING, WHALE])
        return f"must start with one of {known}; got {shown(measure)}"
    if _NUMBER.match(operand):
        return Condition(measure, relation, Fraction(operand))
    quantile = _QUANTILE.match(operand)
    if quantile and 0 < int(quantile[1]) < int(quantile[2]):
        part = Fraction(int(quantile[1]), int(quantile[2]))
        return Condition(measure, relation, "quantile", part)
    if operand == "mean" or (operand == "cycle" and measure in ("recency_days", "mean_gap_days")):
        return Condition(measure, relation, operand)
    return (
        "must compare with a number of at most 30 digits, mean, quantile(1/3) or, for days, cycle; "
        f"got {shown(operand)}"
    )


def _timing(text: str) -> Condition | str:
    found = _TIMING.match(text)
    relation, operand = found.groups() if found else ("", "")
    try:
        given = json.loads(operand)
    except (ValueError, RecursionError):
        given = None
    names = given if relation == IN else [given]
    known = words().timings
    if isinstance(names, list) and names and all(name in known for name in names):
        return Condition(TIMING, relation, tuple(dict.fromkeys(names)))
    listed = ", ".join(f'"{name}"' for name in known)
    return (
        f'must be like \'timing == "due"\' or \'timing in ["overdue", "lapsed"]\', with {listed}; '
        f"got {shown(text)}"
    )
