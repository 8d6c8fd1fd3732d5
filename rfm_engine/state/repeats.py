"""Lines of one order in several batches: what a batch counts less, and what of it is remembered.

Each batch counts its own distinct orders by day. An order that an earlier batch holds too must
count once, and one with lines on several days once within a window that holds several of them. So
beside a batch's totals stand rows with what they count less: days that were there before, and
pairs of days that follow each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.ids import taken
from rfm_engine.aggregate.measures import COUNT
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.group_keys import customers_of
from rfm_engine.orders.keys import ByteKeys
from rfm_engine.state.days import DAY_SHIFT, day_words
from rfm_engine.state.merge import NO_DAYS, Rows
from rfm_engine.state.sorting import added_up, sorted_rows

Int64s = npt.NDArray[np.int64]


def counted_less(before: Rows | None, own: Rows, key: HashKey, *, of_bytes: bool) -> Rows:
    """Return totals that hold, below 0, what a batch's distinct orders count too much.

    Parameters
    ----------
    before
        Distinct orders, with their customers and days, of all remembered batches before.
    own
        Those of the batch.
    key
        Of the buckets.
    of_bytes
        Whether ids of customers are bytes.
    """
    there = own.take(np.zeros(0, np.intp)) if before is None else before
    room = _repeats(there, own, 0)[0]
    n, at, first, until, counts = _repeats(there, own, room)
    assert n == room
    records = np.zeros((n, 4), np.int64)
    records[:, COUNT] = counts
    words = day_words(first, until, np.zeros(n, np.bool_)) if len(own.days) else NO_DAYS
    pairs = taken(own.keys, at)
    assert isinstance(pairs, ByteKeys)
    owners = customers_of(pairs, of_bytes=of_bytes)
    return added_up(sorted_rows(owners, records, words, key))


def shared(orders: Rows, later: Rows) -> Rows:
    """Return those of `orders` whose order, on whatever day, is one of `later`."""
    is_shared = np.zeros(orders.n, np.bool_)
    find_shared(*_arrays(orders), *_arrays(later), is_shared)
    return orders.take(np.flatnonzero(is_shared))


def _repeats(before: Rows, own: Rows, room: int) -> tuple[int, Int64s, Int64s, Int64s, Int64s]:
    at, first, until, counts = (np.empty(room, np.int64) for _ in range(4))
    n = find_repeats(
        *_arrays(before), *_arrays(own), frozen(before.days), frozen(own.days), DAY_SHIFT, at,
        first, until, counts,
    )  # fmt: skip
    return int(n), at, first, until, counts


def _arrays(rows: Rows) -> tuple[Int64s, npt.NDArray[np.uint8], Int64s]:
    assert isinstance(rows.keys, ByteKeys)
    return frozen(rows.keys.offsets), frozen(rows.keys.data), frozen(rows.bounds)


@kernel
def find_repeats(
    a_offsets, a_data, a_bounds, b_offsets, b_data, b_bounds, a_days, b_days, day_shift, at, first,
    until, counts
):  # fmt: skip
    """Find what the orders of run `b` count too much, with those of run `a` before them.

    Return how many changes there are; those that there is room for are written: a row of `b` with
    the order, two days, and what counts more or less on them.
    """
    n = 0
    daily = len(b_days) > 0
    for bucket in range(len(b_bounds) - 1):
        i, i_end = a_bounds[bucket], a_bounds[bucket + 1]
        j, j_end = b_bounds[bucket], b_bounds[bucket + 1]
        while j < j_end:
            order = -1
            while i < i_end:
                order = compare_ids(
                    a_data, a_offsets[i], a_offsets[i + 1], b_data, b_offsets[j], b_offsets[j + 1]
                )
                if order >= 0:
                    break
                i += 1
            i_next = i
            while i < i_end and order == 0 and i_next < i_end and compare_ids(
                a_data, a_offsets[i_next], a_offsets[i_next + 1], b_data, b_offsets[j],
                b_offsets[j + 1]
            ) == 0:  # fmt: skip
                i_next += 1
            j_next = j + 1
            while j_next < j_end and compare_ids(
                b_data, b_offsets[j_next], b_offsets[j_next + 1], b_data, b_offsets[j],
                b_offsets[j + 1]
            ) == 0:  # fmt: skip
                j_next += 1
            row = j
            if not daily:
                if i_next > i:
                    n = put_change(n, row, 0, 0, -1, at, first, until, counts)
                i, j = i_next, j_next
                continue
            # Both orders' days, ascending: those of both count once, each pair of days that follow
            # each other counts one less, and pairs of `a` that are parted now no longer do.
            last, last_a = -1, -1
            has_last, last_in_a, has_last_a = False, False, False
            while i < i_next or j < j_next:
                in_a = j == j_next or (i < i_next and a_days[i] <= b_days[j])
                in_b = i == i_next or (j < j_next and b_days[j] <= a_days[i])
                day = (a_days[i] if in_a else b_days[j]) >> day_shift
                if in_a and in_b:
                    n = put_change(n, row, day, day, -1, at, first, until, counts)
                if has_last and not (in_a and last_in_a):
                    n = put_change(n, row, last, day, -1, at, first, until, counts)
                if in_a and has_last_a and not last_in_a:
                    n = put_change(n, row, last_a, day, 1, at, first, until, counts)
                last, has_last, last_in_a = day, True, in_a
                if in_a:
                    last_a, has_last_a = day, True
                i += in_a
                j += in_b
    return n


@kernel
def put_change(n, row, day, last_day, count, at, first, until, counts):
    """Write the n-th change where there is room for it; return how many there are now."""
    if n < len(at):
        at[n] = row
        first[n] = day
        until[n] = last_day
        counts[n] = count
    return n + 1


@kernel
def find_shared(a_offsets, a_data, a_bounds, b_offsets, b_data, b_bounds, is_shared):
    """Tell which rows of run `a` have the key of a row of run `b`."""
    for bucket in range(len(a_bounds) - 1):
        j, j_end = b_bounds[bucket], b_bounds[bucket + 1]
        for i in range(a_bounds[bucket], a_bounds[bucket + 1]):
            order = 1
            while j < j_end:
                order = compare_ids(
                    a_data, a_offsets[i], a_offsets[i + 1], b_data, b_offsets[j], b_offsets[j + 1]
                )
                if order <= 0:
                    break
                j += 1
            is_shared[i] = order == 0


@kernel
def compare_ids(a, a_start, a_end, b, b_start, b_end):
    """Return below 0, 0 or above 0: bytewise, the shorter first where one begins the other."""
    length = min(a_end - a_start, b_end - b_start)
    for i in range(length):
        x, y = a[a_start + i], b[b_start + i]
        if x != y:
            return 1 if x > y else -1
    return (a_end - a_start) - (b_end - b_start)
