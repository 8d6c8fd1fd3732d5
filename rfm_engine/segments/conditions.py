"""Conditions on raw measures and customer facts, and their resolution to ranges of integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import ValueChunks
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.scoring.axes import MEAN_DIGITS, MEAN_PARTS
from rfm_engine.scoring.groups import Groups, Spread, averages_within
from rfm_engine.scoring.methods import Distribution, Measure, average
from rfm_engine.scoring.selection import Map
from rfm_engine.scoring.timing import words

MEASURES = (
    "recency_days", "frequency", "monetary", "average_order", "mean_gap_days", "own_us",
)  # fmt: skip
RELATIONS = ("<=", ">=", "==", "<", ">")
WHALE, TIMING, OWN_CYCLE = "is_whale", "timing", "own_us"
FACTS = (WHALE, TIMING, OWN_CYCLE)
"""The customer facts that conditions can use."""
IS, IN = "is", "in"
DAY_US = 86_400_000_000
LEAST, MOST = -(1 << 63), (1 << 63) - 1


class Condition(NamedTuple):
    """`measure relation operand`.

    The operand is a number, or a statistic of the population: `mean`, `cycle`, `quantile(i/k)`. For
    `is_whale` the relation is `is`, and the operand is 1 or 0. For `timing` the relation is `in`,
    `==` or `!=`, and the operand is a tuple of names.
    """

    measure: str
    relation: str
    operand: Fraction | str | tuple[str, ...]
    part: Fraction | None = None

    @property
    def is_about_facts(self) -> bool:
        """Whether the condition needs customer facts."""
        return self.measure in FACTS

    @property
    def timings(self) -> tuple[int, ...]:
        """The numbers of the timings for which a condition on `timing` holds, ascending."""
        known = words().timings
        names = self.operand if isinstance(self.operand, tuple) else ()
        named = {known.index(name) for name in names}
        return tuple(n for n in range(len(known)) if (n in named) != (self.relation == "!="))

    def __str__(self) -> str:
        operand = self.operand
        if self.relation == IS:
            return self.measure if operand else f"not {self.measure}"
        if isinstance(operand, tuple):
            texts = ", ".join(f'"{name}"' for name in operand)
            listed = f"[{texts}]" if self.relation == IN else texts
            return f"{self.measure} {self.relation} {listed}"
        if self.part is not None:
            operand = f"quantile({self.part.numerator}/{self.part.denominator})"
        elif isinstance(operand, Fraction):
            operand = str(operand.numerator) if operand.denominator == 1 else str(float(operand))
        return f"{self.measure} {self.relation} {operand}"

    def bound_text(self, bound: Fraction | None, scale: int) -> str | None:
        """Return the bound as text; means and money per order have four more digits."""
        if bound is None:
            return None
        digits = scale if self.measure in ("monetary", "average_order") else 0
        if self.operand in ("mean", "cycle") or self.measure in ("average_order", "mean_gap_days"):
            digits += MEAN_DIGITS
        return format_minor(round(bound * 10**digits), digits)


class Range(NamedTuple):
    """A resolved condition: integers of the measure from `low` to `high`; empty if `low > high`."""

    measure: str
    low: int
    high: int


class Among(NamedTuple):
    """A resolved condition on names: the numbers of those that it accepts."""

    measure: str
    codes: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it accepts."""
        return tuple(words().timings[code] for code in self.codes)


class GroupRanges(NamedTuple):
    """A condition resolved for each group, `int64[groups]`."""

    measure: str
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]


class Population:
    """Raw measures of all customers, as integers by chunk, and their statistics for conditions.

    With `groups`, statistics are computed per group. `monetary` is in minor units, `average_order`
    in ten-thousandths of a minor unit, and `mean_gap_days` in microseconds. Customers with one
    order have no gap; their value is -1.
    """

    def __init__(
        self,
        values: Callable[[str], ValueChunks],
        scale: int,
        each: Map,
        groups: Groups | None = None,
    ) -> None:
        self._values = values
        self._scale = scale
        self._each = each
        self._groups = groups
        # Cached, because several rules compare with the same mean.
        self._bounds: dict[tuple[object, ...], Fraction | Spread | None] = {}

    def settle(self, condition: Condition) -> Range | Among | GroupRanges:
        """Return the integers for which a condition holds: a range, numbers, or ranges per group.

        The range is empty if no customer has the measure that the condition compares with.
        """
        measure, relation, operand, _ = condition
        if measure == TIMING:
            return Among(measure, condition.timings)
        if relation == IS:
            return Range(measure, int(operand == 1), int(operand == 1))
        asked = measure, condition.operand, condition.part
        if asked not in self._bounds:
            self._bounds[asked] = self._bound(condition)
        bound = self._bounds[asked]
        least = 0 if measure == "mean_gap_days" else LEAST
        if bound is None:
            return Range(measure, 1, 0)
        if isinstance(bound, Spread):
            low, high = _ends(relation, bound.floor, bound.ceiling, least)
            low, high = np.where(bound.known, low, 1), np.where(bound.known, high, 0)
            return GroupRanges(measure, low, high)
        low, high = _ends(relation, floor(bound), ceil(bound), least)
        return Range(measure, max(low, least), min(high, MOST))

    def bound(self, condition: Condition) -> Fraction | None:
        """Return the number a resolved condition compares with, in days, orders or major units.

        Return None if each group has its own number, or if no customer has the measure, or if
        nothing is compared.
        """
        bound = self._bounds.get((condition.measure, condition.operand, condition.part))
        if isinstance(bound, Fraction):
            return bound / self._unit(condition.measure)
        return None

    def cycle_us(self) -> int | None:
        """Return the average cycle in microseconds.

        It is the floor of the mean of the mean gaps of customers with two or more orders. Return
        None if no customer has two orders.
        """
        gaps = self.distribution("mean_gap_days")
        return gaps.total() // gaps.n if gaps.n else None

    def distribution(self, measure: str) -> Distribution:
        """Return the values of a measure over the customers who have it."""
        values = self._values(measure)
        if measure == "mean_gap_days":
            values = list(self._each(_without_none, values))
        return Measure(values, self._each)

    def _bound(self, condition: Condition) -> Fraction | Spread | None:
        measure, _, operand, part = condition
        if isinstance(operand, Fraction):
            return operand * self._unit(measure)
        if self._groups is not None:
            return self._bound_within(condition, self._groups)
        if operand == "cycle":
            cycle = self.cycle_us()
            return None if cycle is None else Fraction(cycle, DAY_US) * self._unit(measure)
        found = self.distribution(measure)
        return average(found, part) if found.n else None

    def _bound_within(self, condition: Condition, groups: Groups) -> Spread:
        measure, _, operand, part = condition
        asked = "mean_gap_days" if operand == "cycle" else measure
        values = groups.moved([self._values(asked)])[:, 0]
        if asked == "mean_gap_days":
            known = values >= 0
            values, groups = values[known], groups.of_some(known)
        found = averages_within(values, groups, part, self._each)
        if operand != "cycle":
            return found
        unit = DAY_US // self._unit(measure)
        return Spread(found.floor // unit, -(-found.floor // unit), found.known)

    def _unit(self, measure: str) -> int:
        minor: int = 10**self._scale
        units: dict[str, int] = {
            "monetary": minor,
            "average_order": minor * MEAN_PARTS,
            "mean_gap_days": DAY_US,
        }
        return units.get(measure, 1)


def _without_none(gaps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return gaps[gaps >= 0]


def _ends(relation: str, floor: Any, ceiling: Any, least: int) -> tuple[Any, Any]:
    """Return the range of integers with a relation to a number, given its floor and ceiling."""
    return {
        "<=": (least, floor),
        "<": (least, ceiling - 1),
        ">=": (ceiling, MOST),
        ">": (floor + 1, MOST),
        "==": (ceiling, floor),
    }[relation]


def holds(
    ranges: Sequence[Range | Among | GroupRanges],
    values: Callable[[str], npt.NDArray[np.int64]],
    groups: npt.NDArray[np.uint32] | None = None,
) -> npt.NDArray[np.bool_] | None:
    """Return for which customers all ranges hold, `bool[n]`; None if there are no ranges."""
    found: npt.NDArray[np.bool_] | None = None
    for each in ranges:
        column = values(each.measure)
        if isinstance(each, Among):
            inside = np.isin(column, each.codes)
        elif isinstance(each, GroupRanges):
            assert groups is not None
            inside = (column >= each.low.take(groups)) & (column <= each.high.take(groups))
        elif each.low <= LEAST:
            inside = column <= each.high
        elif each.high >= MOST:
            inside = column >= each.low
        else:
            inside = (column >= each.low) & (column <= each.high)
        found = inside if found is None else found & inside
    return found
