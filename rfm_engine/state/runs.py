"""Kernels that loop over two sorted runs together and compare their keys."""

from __future__ import annotations

from typing import NamedTuple

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Bytes, Integers, Words


class Run(NamedTuple):
    """Sorted keys as integers (`bits`) or as bytes (`offsets` and `data`); the others are empty.

    `bounds[i]:bounds[i + 1]` are the rows of bucket i. `days` may be empty.
    """

    bits: Words
    offsets: Integers
    data: Bytes
    bounds: Integers
    days: Integers


class Changes(NamedTuple):
    """Corrections of counts: the row of an order, two days, and the number to add to the count."""

    rows: Integers
    first: Integers
    until: Integers
    counts: Integers


@kernel
def interleave(a, b, from_a, from_b, bounds):
    """Find the ascending order of the rows of both runs; return the number of distinct rows.

    For each distinct row, `from_a` and `from_b` contain its index in either run, or -1 if the run
    does not contain it.
    """
    a_days, b_days = a.days, b.days
    n = 0
    for bucket in range(len(a.bounds) - 1):
        i, i_end = a.bounds[bucket], a.bounds[bucket + 1]
        j, j_end = b.bounds[bucket], b.bounds[bucket + 1]
        while i < i_end or j < j_end:
            order = 0
            if i == i_end:
                order = 1
            elif j == j_end:
                order = -1
            else:
                order = compare_keys(a, i, b, j)
            if order == 0 and len(a_days) > 0:
                order = int(a_days[i] > b_days[j]) - int(a_days[i] < b_days[j])
            from_a[n] = i if order <= 0 else -1
            from_b[n] = j if order >= 0 else -1
            i += order <= 0
            j += order >= 0
            n += 1
        bounds[bucket + 1] = n
    return n


@kernel
def find_places(a, b, places):
    """Find the row of run `a` with the key of each row of `b`; return the number of distinct keys.

    Keys that `a` does not contain get the indices after its last row, in the order of `b`.
    """
    n = a.bounds[-1]
    for bucket in range(len(a.bounds) - 1):
        low, end = a.bounds[bucket], a.bounds[bucket + 1]
        for j in range(b.bounds[bucket], b.bounds[bucket + 1]):
            # Double the step until the key is passed, then bisect. If `b` has few rows, the time is
            # logarithmic in the distance; if it has many, it is about that of a linear scan.
            step = 1
            high = low
            while high < end and compare_keys(a, high, b, j) < 0:
                low = high + 1
                high += step
                step <<= 1
            high = min(high, end)
            while low < high:
                middle = (low + high) >> 1
                if compare_keys(a, middle, b, j) < 0:
                    low = middle + 1
                else:
                    high = middle
            if low < end and compare_keys(a, low, b, j) == 0:
                places[j] = low
            else:
                places[j] = n
                n += 1
    return n


@kernel
def find_repeats(a, b, day_shift, changes):
    """Find what the orders of run `b` count too much, given the earlier orders of run `a`.

    Return the number of changes, and write as many as `changes` has room for. A change is the row
    of an order in `b`, two days, and the number to add to the count of these days.
    """
    a_days, b_days = a.days, b.days
    n = 0
    daily = len(b_days) > 0
    for bucket in range(len(b.bounds) - 1):
        i, i_end = a.bounds[bucket], a.bounds[bucket + 1]
        j, j_end = b.bounds[bucket], b.bounds[bucket + 1]
        while j < j_end:
            order = -1
            while i < i_end:
                order = compare_keys(a, i, b, j)
                if order >= 0:
                    break
                i += 1
            i_next = i
            while order == 0 and i_next < i_end and compare_keys(a, i_next, b, j) == 0:
                i_next += 1
            j_next = j + 1
            while j_next < j_end and compare_keys(b, j_next, b, j) == 0:
                j_next += 1
            row = j
            if not daily:
                if i_next > i:
                    n = put_change(n, row, 0, 0, -1, changes)
                i, j = i_next, j_next
                continue
            # Loop over the days of the order in both runs, in ascending order. A day in both runs
            # counts once. A new pair of consecutive days counts one less. A pair of consecutive
            # days of `a` with a day of `b` in between does not count one less any more.
            last, last_a = -1, -1
            has_last, last_in_a, has_last_a = False, False, False
            while i < i_next or j < j_next:
                in_a = j == j_next or (i < i_next and a_days[i] <= b_days[j])
                in_b = i == i_next or (j < j_next and b_days[j] <= a_days[i])
                day = (a_days[i] if in_a else b_days[j]) >> day_shift
                if in_a and in_b:
                    n = put_change(n, row, day, day, -1, changes)
                if has_last and not (in_a and last_in_a):
                    n = put_change(n, row, last, day, -1, changes)
                if in_a and has_last_a and not last_in_a:
                    n = put_change(n, row, last_a, day, 1, changes)
                last, has_last, last_in_a = day, True, in_a
                if in_a:
                    last_a, has_last_a = day, True
                i += in_a
                j += in_b
    return n


@kernel
def put_change(n, row, day, last_day, count, changes):
    """Write change `n` if there is room for it; return the new number of changes."""
    if n < len(changes.rows):
        changes.rows[n] = row
        changes.first[n] = day
        changes.until[n] = last_day
        changes.counts[n] = count
    return n + 1


@kernel
def find_shared(a, b, is_shared):
    """Set `is_shared` for each row of run `a`: whether run `b` contains its key."""
    for bucket in range(len(a.bounds) - 1):
        j, j_end = b.bounds[bucket], b.bounds[bucket + 1]
        for i in range(a.bounds[bucket], a.bounds[bucket + 1]):
            order = 1
            while j < j_end:
                order = compare_keys(a, i, b, j)
                if order <= 0:
                    break
                j += 1
            is_shared[i] = order == 0


@kernel
def mark_changes(run, changed):
    """Set `changed` for each key: whether it differs from the key before."""
    for i in range(len(changed)):
        changed[i] = i == 0 or compare_keys(run, i - 1, run, i) != 0


@kernel
def compare_keys(a, i, b, j):
    """Compare key `i` of run `a` with key `j` of run `b`; return a number below, at or above 0."""
    if len(a.bits) > 0:
        return int(a.bits[i] > b.bits[j]) - int(a.bits[i] < b.bits[j])
    return compare_bytes(
        a.data, a.offsets[i], a.offsets[i + 1], b.data, b.offsets[j], b.offsets[j + 1]
    )


@kernel
def compare_bytes(a, a_start, a_end, b, b_start, b_end):
    """Compare byte by byte; return -1, 0 or 1. A prefix is smaller than a longer string."""
    length = min(a_end - a_start, b_end - b_start)
    for i in range(length):
        x, y = a[a_start + i], b[b_start + i]
        if x != y:
            return 1 if x > y else -1
    difference = (a_end - a_start) - (b_end - b_start)
    return int(difference > 0) - int(difference < 0)
