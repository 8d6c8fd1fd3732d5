"""Segment schemes: ordered rules over scores and raw measures, and the scoring they expect."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import Cube
from rfm_engine.options.scoring import CutPoint
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.conditions import Condition
from rfm_engine.segments.frozen_facts import FrozenFacts

AXES = ("r", "f", "m")
FM, SUM = "fm", "sum"
DEFAULT_BINS = 5
OTHERS = "Others"
Rounding = Literal["floor", "ceil", "exact"]
Match = Literal["first", "most specific"]


class Segment(NamedTuple):
    """The name and the rule of a segment.

    A customer must satisfy all parts of the rule. A rule without parts matches all customers.
    `ranges` are inclusive, by `r`, `f`, `m`, `fm` (the mean of f and m) or `sum` (of all three).
    `codes` are triples of r, f and m scores. A customer must have one of them. `about` describes
    the customers and `action` says what to do about them, in words.
    """

    name: str
    ranges: dict[str, tuple[int, int]] = {}  # noqa: RUF012 - a default that is never changed
    codes: frozenset[tuple[int, int, int]] = frozenset()
    conditions: tuple[Condition, ...] = ()
    line: int | None = None
    about: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """Segments, and the scoring they were written for.

    `otherwise` is the segment of customers that match no rule, `otherwise_about` and
    `otherwise_action` are its texts. `options` are the defaults of the scheme for options of
    reading and scoring. Scores start at `first_score`, which is 1, or 0 in schemes that count
    from 0. `facts` are the numbers of a frozen scheme that uses customer facts. `asleep` are the
    names of segments whose customers have gone: an order of such a customer is a reactivation.
    """

    name: str
    title: str
    segments: tuple[Segment, ...]
    bins: dict[str, int]
    method: dict[str, str]
    cuts: dict[str, tuple[CutPoint, ...]]
    otherwise: str = OTHERS
    has_otherwise: bool = False
    match: Match = "first"
    fm: Rounding = "exact"
    first_score: int = 1
    options: dict[str, str] = field(default_factory=dict)
    otherwise_about: str | None = None
    otherwise_action: str | None = None
    facts: FrozenFacts | None = None
    asleep: tuple[str, ...] = ()

    @property
    def words(self) -> dict[str, tuple[str | None, str | None]]:
        """What the scheme says of each segment, by name: `about` and `action`."""
        rest = {self.otherwise: (self.otherwise_about, self.otherwise_action)}
        return rest | {each.name: (each.about, each.action) for each in self.segments}

    @property
    def conditions(self) -> list[Condition]:
        """The conditions of all segments."""
        return [each for segment in self.segments for each in segment.conditions]

    @property
    def uses_facts(self) -> bool:
        """Whether a condition needs customer facts."""
        return any(each.is_about_facts for each in self.conditions)

    @property
    def axes(self) -> set[str]:
        """The axes that a rule uses."""
        named = {axis for segment in self.segments for axis in segment.ranges}
        if SUM in named or any(segment.codes for segment in self.segments):
            return set(AXES)
        return (named - {FM}) | ({"f", "m"} if FM in named else set())

    @property
    def is_raw(self) -> bool:
        """Whether a rule uses more than scores."""
        return any(segment.conditions for segment in self.segments)

    def cubes(self, bins: Bins) -> list[Cube]:
        """Return the cells, `bool[r, f, m]`, whose scores match, for each segment."""
        r, f, m = (place + self.first_score for place in np.indices(bins))
        twice = {"r": 2 * r, "f": 2 * f, "m": 2 * m, SUM: 2 * (r + f + m)}
        twice[FM] = self.twice_fm(f, m)
        found = []
        for segment in self.segments:
            cube = np.ones(bins, np.bool_)
            for axis, (low, high) in segment.ranges.items():
                cube &= (twice[axis] >= 2 * low) & (twice[axis] <= 2 * high)
            if segment.codes:
                cube &= np.isin((r * 1000 + f) * 1000 + m, [*map(_number, segment.codes)])
            found.append(cube)
        return found

    def decided_by(self, bins: Bins) -> list[str]:
        """Return the axes whose scores decide segments, and the raw measures of conditions."""
        cubes = self.cubes(bins) if self.is_raw else [self.layout(bins).reshape(bins)]
        axes = [
            axis
            for number, axis in enumerate(AXES)
            if any((np.diff(cube, axis=number) != 0).any() for cube in cubes)
        ]
        return axes + list(dict.fromkeys(each.measure for each in self.conditions))

    def priority(self, bins: Bins) -> list[int]:
        """Return the numbers of the segments in the order of priority, highest first."""
        numbers = range(len(self.segments))
        if self.match == "first":
            return list(numbers)
        full = {**dict(zip(AXES, bins, strict=True)), FM: max(bins.f, bins.m), SUM: sum(bins)}
        named = sorted({axis for segment in self.segments for axis in segment.ranges})

        def room(number: int) -> int:
            ranges = self.segments[number].ranges
            return prod(
                ranges[axis][1] - ranges[axis][0] + 1 if axis in ranges else full[axis]
                for axis in named
            )

        return sorted(numbers, key=room)

    def layout(self, bins: Bins) -> npt.NDArray[np.int16]:
        """Return the segment of each cell, `int16[cells]`; `len(segments)` if no rule matches.

        Only scores are considered: conditions are assumed to hold.
        """
        found = np.full(bins, len(self.segments), np.int16)
        cubes = self.cubes(bins)
        for number in reversed(self.priority(bins)):
            found[cubes[number]] = number
        return found.reshape(-1)

    def leaves_some(self, bins: Bins) -> bool:
        """Return whether customers can match no segment."""
        sure = [
            cube
            for cube, segment in zip(self.cubes(bins), self.segments, strict=True)
            if not segment.conditions
        ]
        return not np.logical_or.reduce([np.zeros(bins, np.bool_), *sure]).all()

    def twice_fm(self, f: Any, m: Any) -> Any:
        """Return twice the mean of scores f and m, numbers or arrays, as the scheme rounds it."""
        both = f + m
        return both if self.fm == "exact" else 2 * ((both + (self.fm == "ceil")) // 2)


def _number(code: tuple[int, int, int]) -> int:
    r, f, m = code
    return (r * 1000 + f) * 1000 + m
