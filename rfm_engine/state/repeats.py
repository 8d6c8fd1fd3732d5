"""Lines of one order in several batches: what a batch counts less, and what of it is remembered.

Each batch counts its own distinct orders by day. An order that an earlier batch holds too must
count once, and one with lines on several days once within a window that holds several of them. So
beside a batch's totals stand rows with what they count less: days that were there before, and
pairs of days that follow each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.state.days import DAY_SHIFT, day_words
from rfm_engine.state.merge import NO_DAYS, Rows, run_of
from rfm_engine.state.row_order import added_up, sorted_rows
from rfm_engine.state.runs import Changes, Run, find_repeats, find_shared
from rfm_engine.state.shape import Shape
from rfm_engine.totals.ids import taken
from rfm_engine.totals.tables.hashing import HashKey
from rfm_engine.totals.tables.measures import COUNT

Int64s = npt.NDArray[np.int64]


def counted_less(before: Rows | None, own: Rows, key: HashKey, shape: Shape) -> Rows:
    """Return totals that hold, below 0, what a batch's distinct orders count too much.

    Parameters
    ----------
    before
        Distinct orders, with their customers and days, of all remembered batches before.
    own
        Those of the batch.
    key
        Of the buckets.
    shape
        Of such orders.
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
    owners = shape.owners(taken(own.keys, changes.rows))
    return added_up(sorted_rows(owners, records, words, key))


def shared(orders: Rows, later: Rows) -> Rows:
    """Return those of `orders` whose order, on whatever day, is one of `later`."""
    is_shared = np.zeros(orders.n, np.bool_)
    find_shared(_run(orders), _run(later), is_shared)
    return orders.take(np.flatnonzero(is_shared))


def _repeats(before: Rows, own: Rows, room: int) -> tuple[int, Changes]:
    changes = Changes(*[np.empty(room, np.int64) for _ in range(4)])
    return find_repeats(_run(before), _run(own), DAY_SHIFT, changes), changes


def _run(rows: Rows) -> Run:
    return run_of(rows.keys, rows.bounds, rows.days)
