"""Sort rows into the order of a state, and add up rows of the same customer and day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import Integers, Records
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import Keys
from rfm_engine.scoring.identities import Identities
from rfm_engine.state.merge import BUCKET_BITS, N_BUCKETS, NO_DAYS, Rows, first_rows
from rfm_engine.totals.tables.measures import COUNT


def order_of(
    keys: Keys, words: Integers, key: HashKey, owners: Keys | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
    """Return the order of rows by bucket, by key and by day, and the bucket of each row.

    The bucket is the first bits of the hash of the customer. The customer is the key, or the owner
    if rows are orders.
    """
    buckets = buckets_of(keys if owners is None else owners, key)
    ids = Identities(keys, signed=False)
    levels = [ids.words(level, ids.n_levels) for level in reversed(range(ids.n_levels))]
    if len(words) or len(levels) > 1:
        order = np.lexsort([*([words] if len(words) else []), *levels])
    else:
        order = np.argsort(levels[0])
    # Buckets have 8 bits, so that numpy uses a counting sort.
    return order[np.argsort(buckets[order], kind="stable")], buckets


def buckets_of(owners: Keys, key: HashKey) -> npt.NDArray[np.uint8]:
    """Return the bucket of each customer."""
    return (owners.hash(key) >> np.uint64(64 - BUCKET_BITS)).astype(np.uint8)


def in_buckets(keys: Keys, key: HashKey, owners: Keys) -> Rows:
    """Sort rows without records by bucket only; they have bounds of all buckets."""
    buckets = buckets_of(owners, key)
    bounds = np.zeros(N_BUCKETS + 1, np.int64)
    np.cumsum(np.bincount(buckets, minlength=N_BUCKETS), out=bounds[1:])
    order = np.argsort(buckets, kind="stable")
    return Rows(bounds, keys.take(order), np.empty((len(order), 0), np.int64), NO_DAYS)


def sorted_rows(
    keys: Keys, records: Records, words: Integers, key: HashKey, owners: Keys | None = None
) -> Rows:
    """Sort rows in the order of `order_of`; they have bounds of all buckets."""
    order, buckets = order_of(keys, words, key, owners)
    bounds = np.zeros(N_BUCKETS + 1, np.int64)
    np.cumsum(np.bincount(buckets, minlength=N_BUCKETS), out=bounds[1:])
    days = words[order] if len(words) else NO_DAYS
    return Rows(bounds, keys.take(order), records.take(order, axis=0), days)


def added_up(rows: Rows) -> Rows:
    """Add up the orders of sorted rows with the same key and day; omit sums of 0."""
    if not rows.n:
        return rows
    is_first = first_rows(rows.keys)
    if len(rows.days):
        is_first[1:] |= rows.days[1:] != rows.days[:-1]
    starts = np.flatnonzero(is_first)
    counts = np.add.reduceat(rows.records[:, COUNT], starts)
    found = rows.take(starts[counts != 0])
    found.records[:, COUNT] = counts[counts != 0]
    return found
