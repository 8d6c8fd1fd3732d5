"""Find errors and doubtful rules in a scheme: cells without a segment, rules that never win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels.types import Cube
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.timing import words
from rfm_engine.segments.conditions import OWN_CYCLE, TIMING, WHALE, Condition
from rfm_engine.segments.scheme import AXES, FM, SUM, Scheme, Segment

_MOST_NAMED = 8
_LEAST = {"recency_days": 0, "frequency": 1, "mean_gap_days": 0, OWN_CYCLE: 0}


class Finding(NamedTuple):
    """A line of the linter: an error, or a note if `error` is False."""

    text: str
    line: int | None = None
    error: bool = False


def _error(text: str, line: int | None = None) -> Finding:
    return Finding(text, line, error=True)


def lint(scheme: Scheme) -> list[Finding]:
    """Find cells without a segment, rules that never win or overlap, and redundant conditions.

    If there is no error, every cell has a segment or the scheme sets `otherwise`, and every segment
    can have customers.
    """
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    cubes = scheme.cubes(bins)
    return [
        *_uncovered(scheme, cubes),
        *_unreachable(scheme, bins, cubes),
        *_without_cuts(scheme),
        *_dead(scheme),
        *_overlaps(scheme, cubes),
        *_without_words(scheme, bins),
        *_all_asleep(scheme, bins),
    ]


def codes_of(scheme: Scheme, cube: Cube) -> list[str]:
    """Return the scores of the cells that are True, worst first."""
    joint = "-" if max(cube.shape) >= 10 else ""
    return [joint.join(str(n + scheme.first_score) for n in cell) for cell in np.argwhere(cube)]


def _uncovered(scheme: Scheme, cubes: Sequence[Cube]) -> Iterator[Finding]:
    if scheme.has_otherwise:
        return
    sure = [c for c, s in zip(cubes, scheme.segments, strict=True) if not s.conditions]
    left = ~np.logical_or.reduce([np.zeros_like(cubes[0]), *sure])
    if left.any():
        yield _error(
            f"{left.sum()} of {left.size} cells may match no segment: {_some(scheme, left)}; "
            "add segments for them, or set otherwise"
        )


def _unreachable(scheme: Scheme, bins: Bins, cubes: Sequence[Cube]) -> Iterator[Finding]:
    taken = np.zeros(bins, np.bool_)
    priority = scheme.priority(bins)
    for place, number in enumerate(priority):
        before = priority[:place]
        segment, cube = scheme.segments[number], cubes[number]
        never = _contradiction(segment)
        if never:
            yield _error(f"segment {segment.name!r} can never match: {never}", segment.line)
        elif not cube.any():
            yield _error(f"segment {segment.name!r} matches no cell", segment.line)
        elif (taken | ~cube).all():
            winners = ", ".join(
                repr(scheme.segments[other].name)
                for other in before
                if (cubes[other] & cube).any() and not scheme.segments[other].conditions
            )
            what = f"segment {segment.name!r} is unreachable: all its cells go to {winners}"
            yield _error(what, segment.line)
        if not segment.conditions:
            taken |= cube


def _without_cuts(scheme: Scheme) -> Iterator[Finding]:
    for axis in AXES:
        if scheme.method[axis] == "thresholds" and axis not in scheme.cuts:
            yield Finding(
                f"{axis} has thresholds but no cuts, so every run needs --{axis}-cuts; "
                "add them to cuts"
            )


def _without_words(scheme: Scheme, bins: Bins) -> Iterator[Finding]:
    have = any(each.about or each.action for each in scheme.segments)
    if (
        have
        and scheme.leaves_some(bins)
        and not (scheme.otherwise_about or scheme.otherwise_action)
    ):
        yield Finding(
            f"otherwise, {scheme.otherwise!r}, has no about or action, although other segments "
            "have; write a table [otherwise] with name, about and action"
        )


def _all_asleep(scheme: Scheme, bins: Bins) -> Iterator[Finding]:
    names = {segment.name for segment in scheme.segments}
    names |= {scheme.otherwise} if scheme.leaves_some(bins) else set()
    if names <= {*scheme.asleep}:
        yield Finding(
            "asleep lists all segments, so every order of a known customer is a reactivation; "
            "list only those of customers who have gone"
        )


def _overlaps(scheme: Scheme, cubes: Sequence[Cube]) -> Iterator[Finding]:
    for number, segment in enumerate(scheme.segments):
        for other in range(number):
            shared = cubes[number] & cubes[other]
            if shared.any() and not segment.conditions and not scheme.segments[other].conditions:
                yield Finding(
                    f"{segment.name!r} overlaps {scheme.segments[other].name!r} in "
                    f"{shared.sum()} {_cells(shared)}: {_some(scheme, shared)}",
                    segment.line,
                )


def _dead(scheme: Scheme) -> Iterator[Finding]:
    full = {axis: (scheme.first_score, scheme.first_score + scheme.bins[axis] - 1) for axis in AXES}
    full[FM] = scheme.first_score, max(full["f"][1], full["m"][1])
    full[SUM] = 3 * scheme.first_score, sum(full[axis][1] for axis in AXES)
    for segment in scheme.segments:
        for axis, ends in segment.ranges.items():
            if ends == full[axis]:
                what = f"{axis} = [{ends[0]}, {ends[1]}] matches every score"
                yield Finding(f"condition of {segment.name!r} has no effect: {what}", segment.line)
        for condition in segment.conditions:
            others = [other for other in segment.conditions if other is not condition]
            if _always(condition) or any(_implies(other, condition) for other in others):
                yield Finding(
                    f"condition of {segment.name!r} has no effect: {condition}", segment.line
                )


def _contradiction(segment: Segment) -> str | None:
    """Return two conditions that exclude each other, or one that no customer satisfies."""
    for condition in segment.conditions:
        low, high = _ends(condition)
        least = _LEAST.get(condition.measure)
        below = least is not None and high is not None and high <= least
        if below and (high != least or condition.relation == "<"):
            return f"{condition} holds for no customer"
        if condition.measure == TIMING and not condition.timings:
            return f"{condition} holds for no customer"
        for other in segment.conditions:
            if condition != other and _are_apart(condition, other):
                return f"{condition} and {other} exclude each other"
            if other.measure == condition.measure and low is not None:
                most = _ends(other)[1]
                strict = condition.relation == ">" or other.relation == "<"
                if most is not None and (most < low or (strict and most == low)):
                    return f"{condition} and {other} exclude each other"
    return None


def _are_apart(one: Condition, other: Condition) -> bool:
    """Return whether two conditions on the same fact exclude each other."""
    if one.measure != other.measure or one.measure not in (WHALE, TIMING):
        return False
    if one.measure == WHALE:
        return one.operand != other.operand
    return set(one.timings).isdisjoint(other.timings)


def _always(condition: Condition) -> bool:
    if condition.measure == TIMING:
        return len(condition.timings) == len(words().timings)
    low, high = _ends(condition)
    least = _LEAST.get(condition.measure)
    reached = low is not None and least is not None and low <= least
    return reached and high is None and not (condition.relation == ">" and low == least)


def _implies(strong: Condition, weak: Condition) -> bool:
    if strong.measure != weak.measure or strong == weak:
        return False
    if strong.measure == TIMING:
        return set(strong.timings) < set(weak.timings)
    (low, high), (weak_low, weak_high) = _ends(strong), _ends(weak)
    if weak.relation in ("<", "<="):
        inside = high is not None and weak_high is not None
        return inside and (high, strong.relation == "<=") < (weak_high, weak.relation == "<=")
    if weak.relation in (">", ">="):
        inside = low is not None and weak_low is not None
        return inside and (low, strong.relation == ">") > (weak_low, weak.relation == ">")
    return False


def _ends(condition: Condition) -> tuple[Fraction | None, Fraction | None]:
    """Return the range in which a comparison with a number holds; None, None for other operands."""
    number = condition.operand
    if not isinstance(number, Fraction):
        return None, None
    low = number if condition.relation in (">", ">=", "==") else None
    return low, number if condition.relation in ("<", "<=", "==") else None


def _cells(cube: Cube) -> str:
    return "cell" if cube.sum() == 1 else "cells"


def _some(scheme: Scheme, cube: Cube) -> str:
    codes = codes_of(scheme, cube)
    return " ".join(codes[:_MOST_NAMED]) + (" ..." if len(codes) > _MOST_NAMED else "")
