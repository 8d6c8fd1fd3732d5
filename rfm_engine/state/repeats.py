"""Orders with lines in several batches: corrections of their number, and which are remembered.

Each batch counts its own distinct orders by day. An order that an earlier batch contains too must
count once. An order with lines on several days must count once in a window that contains several of
these days. So each batch has, in addition to its totals, rows that correct the number of orders:
for days that an earlier batch counted, and for pairs of consecutive days.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.orders.hashing import HashKey
from rfm_engine.state.days import DAY_SHIFT, day_words
from rfm_engine.state.merge import NO_DAYS, Rows
from rfm_engine.state.row_order import added_up, sorted_rows
from rfm_engine.state.runs import Changes, find_repeats, find_shared
from rfm_engine.state.shape import Shape
from rfm_engine.totals.tables.measures import COUNT


def counted_less(before: Rows | None, own: Rows, key: HashKey, shape: Shape) -> Rows:
    """Return corrections, as totals to add: what a batch's distinct orders count too much.

    Parameters
    ----------
    before
        Distinct orders, with their customers and days, of all remembered earlier batches.
    own
        Distinct orders of the batch.
    key
        Hash key of the buckets.
    shape
        Shape of distinct orders.
    """
    there = own.take(np.zeros(0, np.intp)) if before is None else before
    room = _repeats(there, own, 0)[0]
    n, changes = _repeats(there, own, room)
    assert n == room
    records = np.zeros((n, 4), np.int64)
    records[:, COUNT] = changes.counts
    words = NO_DAYS
    if len(own.days):
        words = day_words(changes.first, changes.until, np.zeros(n, np.bool_))
    owners = shape.owners(own.keys.take(changes.rows))
    return added_up(sorted_rows(owners, records, words, key))


def shared(orders: Rows, later: Rows) -> Rows:
    """Return the rows of `orders` with an order that is also in `later`, on any day."""
    is_shared = np.zeros(orders.n, np.bool_)
    find_shared(orders.as_run(), later.as_run(), is_shared)
    return orders.take(np.flatnonzero(is_shared))


def _repeats(before: Rows, own: Rows, room: int) -> tuple[int, Changes]:
    changes = Changes(*[np.empty(room, np.int64) for _ in range(4)])
    return find_repeats(before.as_run(), own.as_run(), DAY_SHIFT, changes), changes
