"""Rank customers by value: equal values share a rank, and the best value has rank 1.

Values are first divided by their leading bits into buckets that fit the second-level cache. Then
each bucket is sorted. For 10 M log-normal amounts this takes 0.35 s of CPU time on all threads;
`numpy.argsort` takes 0.6 s with AVX-512 and 1.4 s without, on one thread, and more memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Positions
from rfm_engine.scoring.group_sort import Sorting, sort_pairs
from rfm_engine.scoring.selection import Map
from rfm_engine.scoring.value_counts import KEYS, key_of

_BUCKET_VALUES = 1 << 15
_MOST_BUCKETS = 1 << 12
# Larger buckets are sorted by NumPy: values of one key of which many are equal or nearly equal.
_MOST_SORTED = 1 << 18
_VALUES_A_CALL = 1 << 19


class Ranking(NamedTuple):
    """All values in ascending order, `int64[n]`, and the rank of each customer, `uint32[n]`.

    The rank is 1 + the number of greater values. Customers are in the order of their chunks.
    """

    ascending: Integers
    ranks: Positions


def ranked(chunks: Sequence[Integers], each: Map = map) -> Ranking:
    """Sort and rank the values of all chunks."""
    starts = np.cumsum([0, *map(len, chunks)])
    n = int(starts[-1])
    counts = list(each(_counts, chunks))
    by_key = sum((of_chunk.astype(np.int64) for of_chunk in counts), np.zeros(KEYS, np.int64))
    buckets, first_keys = _buckets(by_key)
    bounds = np.append(np.append(0, np.cumsum(by_key))[first_keys], n)
    sizes = [np.add.reduceat(of_chunk, first_keys, dtype=np.int64) for of_chunk in counts]
    counts.clear()
    places = bounds[:-1] + np.cumsum([np.zeros_like(first_keys), *sizes], axis=0)
    ascending, who, ranks = np.empty(n, np.int64), np.empty(n, np.uint32), np.empty(n, np.uint32)

    def move(task: tuple[Integers, int, Integers]) -> None:
        values, start, next_place = task
        move_values(frozen(values), start, buckets, next_place, ascending, who)

    list(each(move, list(zip(chunks, starts[:-1].tolist(), places[:-1].copy(), strict=True))))

    def finish(run: tuple[int, int]) -> None:
        largest = int(np.diff(bounds[run[0] : run[1] + 1]).max(initial=0))
        most = min(largest, _MOST_SORTED)
        rank_buckets(frozen(bounds), *run, most, Sorting.room(most), ascending, who, ranks)

    ends = np.unique(np.searchsorted(bounds, np.arange(0, n, _VALUES_A_CALL)))
    list(each(finish, list(pairwise([*ends.tolist(), len(first_keys)]))))
    for bucket in np.flatnonzero(np.diff(bounds) > _MOST_SORTED).tolist():
        here = slice(*bounds[bucket : bucket + 2].tolist())
        order = np.argsort(ascending[here])
        ascending[here], who[here] = ascending[here][order], who[here][order]
        write_ranks(ascending[here], who[here], n - here.stop, ranks)
    return Ranking(ascending, ranks)


def _counts(values: Integers) -> npt.NDArray[np.uint32]:
    counts = np.zeros(KEYS, np.uint32)
    count_keys(frozen(values), counts)
    return counts


def _buckets(by_key: Integers) -> tuple[npt.NDArray[np.uint16], Integers]:
    """Return the bucket of each key, and the first key of each bucket, given customers by key.

    A bucket has about `_BUCKET_VALUES` customers. A key with more customers is a bucket by itself,
    perhaps with fewer customers before it.
    """
    ends = np.cumsum(by_key)
    size = max(_BUCKET_VALUES, -(-int(ends[-1]) // _MOST_BUCKETS))
    numbers = (ends - by_key) // size
    first_keys = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
    buckets = np.searchsorted(first_keys, np.arange(KEYS), side="right") - 1
    return frozen(buckets.astype(np.uint16)), first_keys


@kernel
def count_keys(values, counts):
    """Count values, `int64[n]`, by key, `uint32[KEYS]`."""
    for i in range(len(values)):
        counts[key_of(values[i]) + 65536] += np.uint32(1)


@kernel
def move_values(values, start, buckets, next_place, moved, who):
    """Move each value of a chunk to the next place of its bucket, with the number of its row."""
    for i in range(len(values)):
        value = values[i]
        bucket = buckets[key_of(value) + 65536]
        place = next_place[bucket]
        next_place[bucket] = place + 1
        moved[place] = value
        who[place] = start + i


@kernel
def rank_buckets(bounds, first, last, most, room, ascending, who, ranks):
    """Sort and rank the buckets `first:last` that have at most `most` values."""
    n_all = bounds[len(bounds) - 1]
    for bucket in range(first, last):
        start = bounds[bucket]
        end = bounds[bucket + 1]
        n = end - start
        if n > most:
            continue
        for j in range(n):
            room.values[j] = ascending[start + j]
            room.who[j] = who[start + j]
        sort_pairs(room, n)
        for j in range(n):
            ascending[start + j] = room.values[j]
        write_ranks(room.values[:n], room.who, n_all - end, ranks)


@kernel
def write_ranks(ascending, who, n_greater, ranks):
    """Write the ranks of customers `who` with ascending values; `n_greater` others have more."""
    n = len(ascending)
    rank = n_greater + 1
    for j in range(n - 1, -1, -1):
        if j < n - 1 and ascending[j] != ascending[j + 1]:
            rank = n_greater + n - j
        ranks[who[j]] = rank
