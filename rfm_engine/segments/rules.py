"""Apply a scheme to customers: by a table over cells if scores decide, else rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Cells, Segments
from rfm_engine.scoring.cells import N_SUMS, Added, Bins, add_customer
from rfm_engine.segments.conditions import (
    Among,
    Condition,
    GroupRanges,
    Population,
    Range,
    holds,
)
from rfm_engine.segments.scheme import Scheme

Column = Callable[[str], npt.NDArray[np.int64]]
"""A function that returns a raw measure of some customers, given its name."""


class Rule(NamedTuple):
    """The number of a segment, its cells (None: all), and its ranges of raw measures."""

    segment: int
    cells: npt.NDArray[np.bool_] | None
    ranges: tuple[Range | Among | GroupRanges, ...]


class Rules:
    """The rules of a scheme, which assign segment numbers; `len(names)` means no rule matches.

    Attributes
    ----------
    bounds
        The number that each condition of the scheme compares with, in units of its measure. None
        if it differs between groups, or if no customer has the measure.
    """

    def __init__(self, scheme: Scheme, bins: Bins, population: Population | None) -> None:
        self.names = [segment.name for segment in scheme.segments]
        self.layout = scheme.layout(bins)
        self._by_cell = population is None
        self._rules: list[Rule] = []
        self.bounds: dict[Condition, Fraction | None] = {}
        if population is None:
            return
        cubes = scheme.cubes(bins)
        for number in scheme.priority(bins):
            cells = cubes[number].reshape(-1)
            conditions = scheme.segments[number].conditions
            ranges = tuple(map(population.settle, conditions))
            self.bounds |= {each: population.bound(each) for each in conditions}
            self._rules.append(Rule(number, None if cells.all() else cells, ranges))

    def settled(self, segment: int) -> tuple[Range | Among, ...]:
        """Return the ranges of the conditions of a segment; ranges of groups are left out."""
        ranges = next((rule.ranges for rule in self._rules if rule.segment == segment), ())
        return tuple(each for each in ranges if not isinstance(each, GroupRanges))

    def assign(
        self, cells: Cells, measure: Column, groups: npt.NDArray[np.uint32] | None = None
    ) -> Segments:
        """Return the segment of each customer; `groups` contains their groups, if there are any."""
        if self._by_cell:
            return self.layout.take(cells)
        found = np.full(len(cells), len(self.names), np.int16)
        for segment, taken, ranges in reversed(self._rules):
            inside = holds(ranges, measure, groups)
            if taken is not None:
                fitting = taken.take(cells)
                inside = fitting if inside is None else inside & fitting
            if inside is None:
                found[:] = segment
            else:
                found[inside] = segment
        return found


def new_segment_sums(n_segments: int) -> npt.NDArray[np.int64]:
    """Return sums of 0 per segment, `int64[segments, N_SUMS]`; `add_segments` adds to them."""
    return np.zeros((n_segments, N_SUMS), np.int64)


def add_segments(segments: Segments, added: Added, sums: npt.NDArray[np.int64]) -> None:
    """Add each customer to the sums of its segment."""
    add_up(frozen(segments), added, sums)


@kernel
def add_up(segments, added, sums):
    """Add customers to the sums of their segments, with the same columns as `place_cells`."""
    for i in range(len(segments)):
        add_customer(sums, segments[i], added, i)
