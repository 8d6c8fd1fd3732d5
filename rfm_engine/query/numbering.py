"""Find the orders of customers among their rows, and number them: a compiled loop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Bytes, Integers, Marks, Numbers
from rfm_engine.scoring.group_sort import Sorting, sort_pairs

DONE, TIED, COLLIDED, OVERFLOWN = range(4)
"""What `number_orders` returns; see there."""


class Lines(NamedTuple):
    """Rows of a bucket, customer by customer.

    Attributes
    ----------
    key
        A number per order id; rows with the same id have the same key. Integer ids are their own
        keys, so that keys are in the order of ids; keys of other ids are hashes.
    is_alone
        1 for rows without an order id, which are orders of their own.
    moment, minor
        The time and the net amount of each row.
    rank
        If `ranks` is set: numbers that decide between orders of a customer at the same moment.
    offsets, data
        Ids that are bytes: the id of row i is `data[offsets[i]:offsets[i + 1]]`. Empty for
        integers.
    """

    key: Integers
    is_alone: Marks
    moment: Integers
    minor: Integers
    rank: Integers
    offsets: Integers
    data: Bytes


class Found(NamedTuple):
    """What `number_orders` writes.

    Attributes
    ----------
    number
        Per row: the number of its order among the orders of the customer, from 1; 0 if the order
        does not count.
    first_line, minor
        Per order that counts, customer by customer and in the order of their numbers: the row of
        its earliest purchase, and its net amount.
    is_tied
        Per row: 1 if its order is at the same moment as another order of the customer, and only
        `rank` can decide between them.
    """

    number: Numbers
    first_line: Integers
    minor: Integers
    is_tied: Marks


class Space(NamedTuple):
    """Buffers for the orders of one customer, as long as the largest number of rows of one."""

    sorting: Sorting
    own: Integers
    moment: Integers
    minor: Integers
    first: Integers
    place: Integers

    @classmethod
    def of(cls, most: int) -> Space:
        """Allocate buffers for customers with up to `most` rows."""
        return cls(Sorting.room(most), *(np.empty(most, np.int64) for _ in range(5)))


@kernel
def number_orders(lines, bounds, is_net, ranks, space, found):  # noqa: PLR0913
    """Assign numbers to the orders of some customers; return a status and how many orders.

    The rows of customer c are `bounds[c]:bounds[c + 1]`. An order counts if a row of it is a
    purchase (an amount of 0 or more); if `is_net`, also only if its rows add up to more than 0, or
    to 0 without a refund. Orders are numbered by the moment of their earliest purchase, then by id,
    and then by amount.

    The status is TIED if orders at the same moment need `rank`, COLLIDED if two ids have the same
    key, and OVERFLOWN if the amount of an order exceeds 64 bits; otherwise DONE.
    """
    status = DONE
    n_orders = 0
    for customer in range(len(bounds) - 1):
        start, stop = bounds[customer], bounds[customer + 1]
        collided, overflown, n, n_with_id = collect_orders(lines, start, stop, is_net, space)
        if collided:
            return COLLIDED, n_orders
        if overflown:
            return OVERFLOWN, n_orders
        room = space.sorting
        for i in range(n):
            space.place[i] = i
        if ranks:
            arrange_by_rank(lines, 0, n_with_id, space)
            arrange_by_rank(lines, n_with_id, n, space)
        for i in range(n):
            room.who[i] = space.place[i]
            room.values[i] = space.moment[room.who[i]]
        sort_pairs(room, n)
        for i in range(n):
            order = room.who[i]
            space.place[order] = i + 1
            found.first_line[n_orders + i] = space.first[order]
            found.minor[n_orders + i] = space.minor[order]
        if not ranks and mark_ties(lines, n, n_with_id, space, found):
            status = TIED
        for line in range(start, stop):
            order = space.own[line - start]
            found.number[line] = space.place[order] if order >= 0 else 0
        n_orders += n
    return status, n_orders


@kernel
def collect_orders(lines, start, stop, is_net, space):
    """Write the orders of a customer that count to `space`, those with an id first.

    `space.own` gets the order of each row, -1 if it does not count. Returns whether two ids have
    the same key, whether an amount overflows, and the numbers of orders, all and with an id.
    """
    room = space.sorting
    n_lines = 0
    for line in range(start, stop):
        space.own[line - start] = -1
        if not lines.is_alone[line]:
            room.values[n_lines] = lines.key[line]
            room.who[n_lines] = line
            n_lines += 1
    sort_pairs(room, n_lines)
    n = 0
    i = 0
    while i < n_lines:
        j = i + 1
        while j < n_lines and room.values[j] == room.values[i]:
            if not same_id(lines, room.who[i], room.who[j]):
                return True, False, 0, 0
            j += 1
        overflown, counts = add_order(lines, room.who, i, j, is_net, space, n)
        if overflown:
            return False, True, 0, 0
        if counts:
            for k in range(i, j):
                space.own[room.who[k] - start] = n
            n += 1
        i = j
    n_with_id = n
    n_alone = 0
    for line in range(start, stop):
        if lines.is_alone[line] and lines.minor[line] >= 0:
            room.values[n_alone] = lines.minor[line]
            room.who[n_alone] = line
            n_alone += 1
    sort_pairs(room, n_alone)
    for i in range(n_alone):
        line = room.who[i]
        space.own[line - start] = n
        space.moment[n] = lines.moment[line]
        space.minor[n] = lines.minor[line]
        space.first[n] = line
        n += 1
    return False, False, n, n_with_id


@kernel
def add_order(lines, who, i, j, is_net, space, n):  # noqa: PLR0913
    """Write the order of the rows `who[i:j]` as the n-th; return whether it overflows, and counts.

    Overflow is noticed because adding a positive number must not make a sum smaller.
    """
    total = np.int64(0)
    first = -1
    has_refund = False
    overflown = False
    for k in range(i, j):
        line = who[k]
        minor = lines.minor[line]
        before = total
        total += minor
        overflown |= (total < before) != (minor < 0)
        if minor < 0:
            has_refund = True
        elif first < 0 or lines.moment[line] < lines.moment[first]:
            first = line
    counts = first >= 0 and (not is_net or total > 0 or (total == 0 and not has_refund))
    if counts:
        space.moment[n] = lines.moment[first]
        space.minor[n] = total
        space.first[n] = first
    return overflown, counts


@kernel
def arrange_by_rank(lines, first, last, space):
    """Sort the orders `first` to `last` in `space.place` by rank; orders without an id by amount.

    Among orders without an id, the amount decides first.
    """
    room = space.sorting
    n = last - first
    for i in range(n):
        room.who[i] = first + i
        room.values[i] = lines.rank[space.first[first + i]]
    sort_pairs(room, n)
    if n > 0 and lines.is_alone[space.first[first]]:
        for i in range(n):
            room.values[i] = space.minor[room.who[i]]
        sort_pairs(room, n)
    for i in range(n):
        space.place[first + i] = room.who[i]


@kernel
def mark_ties(lines, n, n_with_id, space, found):
    """Mark orders at the same moment between which keys and amounts do not decide.

    `space.sorting` has the orders sorted by moment. Returns whether there are any.
    """
    room = space.sorting
    are_bytes = len(lines.offsets) > 0
    any_tied = False
    for i in range(1, n):
        one, other = room.who[i - 1], room.who[i]
        if room.values[i - 1] != room.values[i]:
            continue
        both_ids = one < n_with_id and other < n_with_id
        both_alone = one >= n_with_id and other >= n_with_id
        if (both_ids and are_bytes) or (both_alone and space.minor[one] == space.minor[other]):
            found.is_tied[space.first[one]] = 1
            found.is_tied[space.first[other]] = 1
            any_tied = True
    return any_tied


@kernel
def same_id(lines, one, other):
    """Return whether two rows with the same key have the same order id."""
    if len(lines.offsets) == 0:
        return True
    start, stop = lines.offsets[one], lines.offsets[one + 1]
    at = lines.offsets[other]
    if stop - start != lines.offsets[other + 1] - at:
        return False
    n_same = 0
    while n_same < stop - start and lines.data[start + n_same] == lines.data[at + n_same]:
        n_same += 1
    return n_same == stop - start
