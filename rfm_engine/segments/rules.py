"""A scheme made ready for customers: a table over cells where scores decide, else rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.scoring.cells import Bins, Cells, add_customer
from rfm_engine.segments.conditions import Condition, GroupRanges, Population, Range, holds
from rfm_engine.segments.scheme import Scheme

Numbers = npt.NDArray[np.int16]
Column = Callable[[str], npt.NDArray[np.int64]]
"""A raw measure of some customers, by name."""


class Rule(NamedTuple):
    """A segment's number, the cells it takes (None: all) and the ranges of raw measures."""

    segment: int
    cells: npt.NDArray[np.bool_] | None
    ranges: tuple[Range | GroupRanges, ...]


class Rules:
    """What names the segments of customers, by number; `len(names)` where no rule holds.

    Attributes
    ----------
    bounds
        What each condition of the scheme compares with, in units of its measure; None where that
        differs between groups, or no customer has the measure.
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

    def settled(self, segment: int) -> tuple[Range, ...]:
        """Return the ranges that a segment's conditions have come to, without groups."""
        ranges = next((rule.ranges for rule in self._rules if rule.segment == segment), ())
        return tuple(each for each in ranges if isinstance(each, Range))

    def assign(
        self, cells: Cells, measure: Column, groups: npt.NDArray[np.uint32] | None = None
    ) -> Numbers:
        """Return the segment of every customer, of such groups where there are any."""
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
    """Return what `add_segments` adds to."""
    return np.zeros((n_segments, 4), np.int64)


def add_segments(
    segments: Numbers,
    frequency: npt.NDArray[np.int64],
    monetary: npt.NDArray[np.int64],
    sums: npt.NDArray[np.int64],
) -> None:
    """Add customers, orders and amounts to the sums of their segments."""
    add_up(frozen(segments), frozen(frequency), frozen(monetary), sums)


@kernel
def add_up(segments, frequency, monetary, sums):
    """Add up the customers of each segment, as `place_cells` does those of cells."""
    for i in range(len(segments)):
        add_customer(sums, segments[i], frequency[i], monetary[i])
