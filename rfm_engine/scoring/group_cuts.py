"""Kernels that loop over groups: sort each group, find its cut points, and place its customers.

Most groups are small. A marketplace has a million of them, and a call per group would take longer
than the work itself. Therefore each call processes many groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Integers, Positions
from rfm_engine.scoring.group_sort import Sorting, sort_pairs
from rfm_engine.scoring.methods import (
    MEAN,
    QUANTILE,
    RESERVE,
    Numbers,
    count_below,
    observed_rank,
    write_cuts,
    write_places,
)


class Members(NamedTuple):
    """The customers of groups `first:last`; groups of more than `most` customers are skipped."""

    order: Positions
    bounds: Integers
    first: int
    last: int
    most: int


class Room(NamedTuple):
    """Buffers for one group, not initialized; `own` is `int64[axes, most]`."""

    own: Integers
    sorting: Sorting
    numbers: Numbers
    cuts: Integers

    @classmethod
    def of(cls, n_axes: int, most: int, bins: int) -> Room:
        """Allocate buffers for groups of up to `most` customers and rules of up to `bins` bins."""
        own = np.empty((n_axes, most), np.int64)
        return cls(own, Sorting.room(most), Numbers.room(bins), np.empty(bins, np.int64))


@kernel
def order_by_group(numbers, sequence, places, order):
    """Write the customers to `order`, group by group, and within a group as in `sequence`.

    `places`, `int64[groups]`, contains the start of each group in `order`. It is changed to the end
    of each group.
    """
    for i in range(len(sequence)):
        customer = sequence[i]
        group = numbers[customer]
        order[places[group]] = customer
        places[group] += 1


@kernel
def put_values(values, places, axis, records):
    """Write values to the rows `places` of one column of `records`, `int64[n, axes]`."""
    for i in range(len(values)):
        records[places[i], axis] = values[i]


@kernel
def number_bins(order, bounds, placed, inner, numbers):
    """Assign a number to each bin of each group that has customers; return how many there are.

    `placed` is `uint8[n]`, `numbers` is `uint32[n]`, and `inner` is a buffer, `uint32[bins]`.
    """
    n = 0
    for group in range(len(bounds) - 1):
        for b in range(len(inner)):
            inner[b] = 0
        for i in range(bounds[group], bounds[group + 1]):
            b = placed[order[i]]
            if inner[b] == 0:
                n += 1
                inner[b] = n
            numbers[order[i]] = inner[b] - np.uint32(1)
    return n


@kernel
def place_by_value(records, members, rules, room, placed):
    """Fill `placed`, `uint8[n, axes]`, with the bins, from 0, of the customers of some groups.

    `records` is `int64[n, axes]`. If a group has fewer bins than its rule, these are the first
    bins. If the axis is not `ascending`, they are the last bins, because scores are then counted
    from the other end.
    """
    order, own, cuts = members.order, room.own, room.cuts
    n_axes = len(rules.bins)
    for group in range(members.first, members.last):
        start = members.bounds[group]
        n = members.bounds[group + 1] - start
        if n == 0 or n > members.most:
            continue
        # Fetch all values of a customer at once, because fetching takes most of the time.
        for j in range(n):
            for axis in range(n_axes):
                own[axis, j] = records[order[start + j], axis]
        for axis in range(n_axes):
            bins = rules.bins[axis]
            if rules.method[axis] == QUANTILE and n <= 32:
                place_few(own, axis, n, bins, room)
                continue
            for j in range(n):
                room.sorting.values[j] = own[axis, j]
            n_cuts = cut_group(rules, axis, n, room)
            lowest = 0 if rules.ascending[axis] else bins - 1 - n_cuts
            for j in range(n):
                value = own[axis, j]
                above = lowest
                for c in range(n_cuts):
                    above += cuts[c] < value
                own[axis, j] = above
        for j in range(n):
            for axis in range(n_axes):
                placed[order[start + j], axis] = own[axis, j]


@kernel
def write_cuts_by_group(records, members, rules, room, points, counts):
    """Write the cut points of some groups to `points`, `int64[groups, axes, bins]`.

    `counts`, `int64[groups, axes]`, gets how many there are. `records` is `int64[n, axes]`.
    """
    order, cuts = members.order, room.cuts
    for group in range(members.first, members.last):
        start = members.bounds[group]
        n = members.bounds[group + 1] - start
        if n == 0 or n > members.most:
            continue
        for axis in range(len(rules.bins)):
            for j in range(n):
                room.sorting.values[j] = records[order[start + j], axis]
            n_cuts = cut_group(rules, axis, n, room)
            for c in range(n_cuts):
                points[group, axis, c] = cuts[c]
            counts[group, axis] = n_cuts


@kernel
def place_at(values, groups, points, counts, axis, lowest, placed):
    """Fill `placed`, `int64[n]`, with the bins, from 0, of customers by the cuts of their groups.

    `lowest` is 0 if the axis is ascending. If it is not, it is the number of cut points for all
    bins, because a group with fewer bins has the last ones.
    """
    for i in range(len(values)):
        group = groups[i]
        n = counts[group, axis]
        above = lowest - n if lowest > 0 else 0
        for c in range(n):
            above += points[group, axis, c] < values[i]
        placed[i] = above


@kernel
def cut_group(rules, axis, n, room):
    """Write the cut points of the first n values in `room` and return how many; changes them."""
    values = room.sorting.values
    n_reserved = 0
    for j in range(n if rules.method[axis] == RESERVE else 0):
        n_reserved += values[j] <= 1
    if rules.method[axis] == MEAN:
        values[0], values[1] = mean_of(values, n)
        n = 2
    else:
        sort_pairs(room.sorting, n)
    n_numbers = write_places(rules, axis, n, n_reserved, room.numbers)
    return write_cuts(rules, axis, values, n_numbers, room.numbers, room.cuts)


@kernel
def place_few(own, axis, n, bins, room):
    """Replace values by their bins with method `quantile`, without sorting.

    The i-th quantile has a rank. A value is above the quantile if more values than this rank are
    below the value. For groups of ten this takes a fifth less time than sorting.
    """
    ranks, placed = room.numbers.low, room.sorting.values
    for b in range(1, bins):
        ranks[b - 1] = observed_rank(b, n, bins)
    for j in range(n):
        value = own[axis, j]
        below = 0
        for i in range(n):
            below += own[axis, i] < value
        above = 0
        for b in range(bins - 1):
            above += ranks[b] < below
        placed[j] = above
    for j in range(n):
        own[axis, j] = placed[j]


@kernel
def place_by_rank(values, members, is_ntile, bins, room, placed):
    """Fill `placed`, `uint8[n]`, with bins by rank; ties keep their order in `members`."""
    for group in range(members.first, members.last):
        start = members.bounds[group]
        n = members.bounds[group + 1] - start
        if n == 0 or n > members.most:
            continue
        for j in range(n):
            room.who[j] = members.order[start + j]
            room.values[j] = values[room.who[j]]
        sort_pairs(room, n)
        done = 0
        for b in range(bins):
            end = count_below(is_ntile, b + 1, n, bins)
            for j in range(done, end):
                placed[room.who[j]] = b
            done = end


@kernel
def average_by_group(values, members, i, bins, room, floors, ceilings):
    """Write the quantile i/bins by inverted CDF of some groups, or the mean if `bins` is 0.

    `floors` and `ceilings` contain the mean rounded down and up, or the quantile twice.
    """
    for group in range(members.first, members.last):
        start = members.bounds[group]
        n = members.bounds[group + 1] - start
        if n == 0 or n > members.most:
            continue
        for j in range(n):
            room.values[j] = values[members.order[start + j]]
        if bins == 0:
            floors[group], ceilings[group] = mean_of(room.values, n)
        else:
            sort_pairs(room, n)
            floors[group] = room.values[observed_rank(i, n, bins)]
            ceilings[group] = floors[group]


@kernel
def mean_of(values, n):
    """Return the mean of `values[:n]`, rounded down and up; n must be below 2^31."""
    high = 0
    low = 0
    for j in range(n):
        high += values[j] >> 32
        low += values[j] & 0xFFFFFFFF
    rest = (np.uint64(high % n) << np.uint64(32)) + np.uint64(low)
    whole = (high // n << 32) + np.int64(rest // np.uint64(n))
    return whole, whole + (rest % np.uint64(n) > np.uint64(0))
