"""Bins within groups: each method is applied to the customers of each group separately."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.arrays import Scalar, frozen
from rfm_engine.kernels.types import BinNumbers, Chunks, Codes, Integers, Mask, Positions
from rfm_engine.scoring.group_cuts import (
    Members,
    Room,
    average_by_group,
    number_bins,
    order_by_group,
    place_at,
    place_by_rank,
    place_by_value,
    put_values,
    write_cuts_by_group,
)
from rfm_engine.scoring.group_sort import Sorting
from rfm_engine.scoring.identities import Identities
from rfm_engine.scoring.methods import Measure, Rules, average, counts_below, fit_cuts
from rfm_engine.scoring.selection import Map

# Larger groups are placed with one call per group: it takes less time per customer than sorting.
_MOST_SORTED = 1 << 16
# A call takes less than 100 ms, so that Ctrl-C works and all threads have work until the end.
_CUSTOMERS_A_CALL = 1 << 19


class Groups:
    """Customers by group: the customers of group `g` are `order[bounds[g]:bounds[g + 1]]`.

    `numbers` contains the group of each customer. `places` contains the positions of the customers
    of each chunk in `numbers`. Within a group, customers are in the order of `sequence`.
    """

    def __init__(
        self, numbers: Codes, n: int, places: Sequence[Positions], sequence: Positions | None = None
    ) -> None:
        self.numbers = numbers
        self.n = n
        self.places = places
        sizes = np.bincount(numbers, minlength=n)
        self.bounds = np.zeros(n + 1, np.int64)
        np.cumsum(sizes, out=self.bounds[1:])
        self.order = np.empty(len(numbers), np.uint32)
        everyone = sequence
        if everyone is None:
            everyone = np.arange(len(numbers), dtype=np.uint32)
        order_by_group(frozen(numbers), frozen(everyone), self.bounds[:-1].copy(), self.order)

    @classmethod
    def of_one(cls, chunks: Sequence[Sized]) -> Groups:
        """Return a single group that contains all customers."""
        n = sum(map(len, chunks))
        ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.uint32)
        places = np.split(np.arange(n, dtype=np.uint32), ends)[: len(chunks)]
        return cls(np.zeros(n, np.uint32), 1, places)

    def moved(self, axes: Sequence[Chunks], each: Map = map) -> npt.NDArray[np.int64]:
        """Return values by chunk as one array, `int64[n, axes]`, in the order of `numbers`."""
        records = np.empty((len(self.numbers), len(axes)), np.int64)

        def put(task: tuple[int, npt.NDArray[Any], Positions]) -> None:
            axis, values, places = task
            put_values(frozen(np.asarray(values, np.int64)), frozen(places), axis, records)

        tasks = [
            (axis, values, places)
            for axis, chunks in enumerate(axes)
            for values, places in zip(chunks, self.places, strict=True)
        ]
        list(each(put, tasks))
        return records

    def back(self, found: npt.NDArray[Scalar]) -> list[npt.NDArray[Scalar]]:
        """Split results in the order of `numbers` into chunks, in the order of their customers."""
        return [found.take(places, axis=0) for places in self.places]

    def by_id(self, ids: Sequence[Identities]) -> Groups:
        """Return the same groups, with the customers of each group in the order of their ids."""
        if not ids:
            return self
        n_levels = max(each.n_levels for each in ids)
        words = [
            np.concatenate([each.words(level, n_levels) for each in ids])
            for level in reversed(range(n_levels))
        ]
        everyone = np.concatenate(self.places)
        sequence = everyone[np.lexsort(words)]
        return Groups(self.numbers, self.n, self.places, sequence)

    def within(self, placed: BinNumbers, bins: int) -> Groups:
        """Return one group for each bin of each group that has customers."""
        numbers = np.empty(len(self.numbers), np.uint32)
        inner = np.empty(bins, np.uint32)
        at = frozen(self.order), frozen(self.bounds), frozen(placed)
        return Groups(numbers, int(number_bins(*at, inner, numbers)), self.places)

    def of_some(self, chosen: npt.NDArray[np.bool_]) -> Groups:
        """Return the same groups with only the customers that are `chosen`, `bool[n]`."""
        return Groups(self.numbers[chosen], self.n, [])

    def runs(self) -> list[Members]:
        """Return runs of groups to sort, with about `_CUSTOMERS_A_CALL` customers per run."""
        steps = np.arange(0, len(self.order), _CUSTOMERS_A_CALL)
        ends = np.unique(np.append(np.searchsorted(self.bounds, steps), self.n)).tolist()
        sizes = np.diff(self.bounds)
        most = int(sizes[sizes <= _MOST_SORTED].max(initial=2))
        at = frozen(self.order), frozen(self.bounds)
        return [Members(*at, *run, most) for run in pairwise(ends)]

    def large(self) -> list[tuple[int, Positions]]:
        """Return each group of more than `_MOST_SORTED` customers, and its customers."""
        sizes = np.diff(self.bounds)
        return [
            (group, self.order[self.bounds[group] : self.bounds[group + 1]])
            for group in np.flatnonzero(sizes > _MOST_SORTED).tolist()
        ]


class Spread(NamedTuple):
    """A number per group, rounded down and up (`int64[groups]`), and which groups have one."""

    floor: Integers
    ceiling: Integers
    known: Mask


def averages_within(values: Integers, groups: Groups, part: Fraction | None, each: Map) -> Spread:
    """Return the mean or the quantile `part` per group, as `methods.average` computes it."""
    floors, ceilings = np.zeros((2, groups.n), np.int64)
    i, bins = (0, 0) if part is None else part.as_integer_ratio()

    def find(members: Members) -> None:
        room = Sorting.room(members.most)
        average_by_group(frozen(values), members, i, bins, room, floors, ceilings)

    list(each(find, groups.runs()))
    for group, customers in groups.large():
        found = average(Measure([values[customers]], each), part)
        floors[group], ceilings[group] = floor(found), ceil(found)
    return Spread(floors, ceilings, np.diff(groups.bounds) > 0)


class Wanted(NamedTuple):
    """An axis to cut within groups: a method that cuts at values, number of bins, and measure."""

    method: str
    bins: int
    measure: Measure

    def placed(self, values: Integers) -> Integers:
        """Return the bins, from 0, of the customers of one group with values `int64[n]`."""
        cuts = fit_cuts(self.method, self.measure._replace(chunks=[values]), self.bins)
        lowest = 0 if self.measure.ascending else self.bins - 1 - len(cuts)
        return lowest + np.searchsorted(np.array(cuts, np.int64), values, side="left")


def place_within(axes: Sequence[Wanted], groups: Groups) -> BinNumbers:
    """Return the bins of all customers within their groups, from 0: `uint8[n, axes]`.

    The rows are in the order of `groups.numbers`. If a group has fewer bins, as with `qcut-drop`,
    these are the worst bins.
    """
    each = axes[0].measure.each
    records = groups.moved([wanted.measure.chunks for wanted in axes], each)
    placed = np.empty(records.shape, np.uint8)
    rules = Rules.of(axes)
    most_bins = max(wanted.bins for wanted in axes)

    def place(members: Members) -> None:
        room = Room.of(len(axes), members.most, most_bins)
        place_by_value(frozen(records), members, rules, room, placed)

    list(each(place, groups.runs()))
    for _, customers in groups.large():
        for axis, wanted in enumerate(axes):
            placed[customers, axis] = wanted.placed(records[customers, axis])
    return placed


class GroupCuts(NamedTuple):
    """The cut points of each group: the first `counts`, `int64[groups, axes]`, of `points`."""

    axes: Sequence[Wanted]
    points: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def placed(self, axis: int, values: Integers, groups: Codes) -> Integers:
        """Return the bins, from 0, of any customers, given their groups."""
        wanted = self.axes[axis]
        found = np.empty(len(values), np.int64)
        lowest = 0 if wanted.measure.ascending else wanted.bins - 1
        at = frozen(values), frozen(groups), frozen(self.points), frozen(self.counts)
        place_at(*at, axis, lowest, found)
        return found


def cuts_within(axes: Sequence[Wanted], groups: Groups) -> GroupCuts:
    """Return the cut points by which `place_within` places customers.

    Groups without customers have none.
    """
    each = axes[0].measure.each
    records = groups.moved([wanted.measure.chunks for wanted in axes], each)
    most_bins = max(wanted.bins for wanted in axes)
    points = np.zeros((groups.n, len(axes), most_bins), np.int64)
    counts = np.zeros((groups.n, len(axes)), np.int64)
    rules = Rules.of(axes)

    def write(members: Members) -> None:
        room = Room.of(len(axes), members.most, most_bins)
        write_cuts_by_group(frozen(records), members, rules, room, points, counts)

    list(each(write, groups.runs()))
    for group, customers in groups.large():
        for axis, wanted in enumerate(axes):
            measure = wanted.measure._replace(chunks=[records[customers, axis]])
            cuts = fit_cuts(wanted.method, measure, wanted.bins)
            points[group, axis, : len(cuts)] = cuts
            counts[group, axis] = len(cuts)
    return GroupCuts(axes, points, counts)


def rank_within(method: str, measure: Measure, bins: int, groups: Groups) -> BinNumbers:
    """Return the bins of all customers by rank within their groups, from 0: `uint8[n]`.

    The rows are in the order of `groups.numbers`. Customers with equal values are ranked in the
    order of `groups`.
    """
    values = groups.moved([measure.chunks], measure.each)[:, 0]
    placed = np.empty(len(values), np.uint8)

    def place(members: Members) -> None:
        room = Sorting.room(members.most)
        place_by_rank(frozen(values), members, method == "ntile", bins, room, placed)

    list(measure.each(place, groups.runs()))
    for _, customers in groups.large():
        order = np.argsort(values[customers], kind="stable")
        ends = counts_below(method, len(order), bins)
        placed[customers[order]] = np.searchsorted(ends, np.arange(len(order)), side="right")
    return placed
