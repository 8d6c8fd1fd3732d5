"""Customers moved so that those of a group stand near each other, and groups numbered.

A marketplace's customers come in the order of their hashes: to look at one group is then to look
all over memory. They are dealt out by their groups into parts that fit the cache, which takes one
pass, and all that is done by group is done within a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Codes, Hashes, Positions
from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.tables.keys import IntTable, coded

# Values, groups and bins of so many customers fit the second-level cache.
_CUSTOMERS_A_PART = 1 << 15
_MOST_BITS = 10


def regrouped(
    hashes: Sequence[Hashes], key: HashKey, pool: Executor
) -> tuple[list[Positions], Codes, int]:
    """Deal customers out by group, with the threads of `pool`.

    Parameters
    ----------
    hashes
        By chunk, what tells the groups of customers apart: of integers, by `key`.

    Returns
    -------
    tuple
        By chunk the new places of the customers; the groups of the new places, numbered from 0 in
        the order of the parts; and how many groups there are.
    """
    n = sum(map(len, hashes))
    bits = min(max((n // _CUSTOMERS_A_PART).bit_length(), 1), _MOST_BITS)
    shift = np.uint64(64 - bits)

    def count(chunk: Hashes) -> npt.NDArray[np.int64]:
        counts = np.zeros(1 << bits, np.int64)
        count_parts(chunk, shift, counts)
        return counts

    sizes = np.array([*pool.map(count, hashes)], np.int64).reshape(len(hashes), 1 << bits)
    bounds = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))])
    # Where each chunk's customers of each part begin.
    starts = bounds[:-1] + np.cumsum(sizes, axis=0) - sizes
    moved = np.empty(n, np.uint64)

    def move(task: tuple[Hashes, npt.NDArray[np.int64]]) -> Positions:
        chunk, next_place = task
        places = np.empty(len(chunk), np.uint32)
        move_hashes(chunk, shift, next_place.copy(), places, moved)
        return places

    places = list(pool.map(move, list(zip(hashes, starts, strict=True))))
    numbers = np.empty(n, np.uint32)
    parts = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))

    def number(part: tuple[int, int]) -> int:
        first, last = part
        table = IntTable(key, bits)  # The first bits of a part's hashes are alike.
        numbers[first:last] = coded(table, moved[first:last])
        return table.n

    n_groups = np.array([*pool.map(number, parts)], np.int64)
    before = np.cumsum(n_groups) - n_groups
    for (first, last), offset in zip(parts, before.tolist(), strict=True):
        numbers[first:last] += np.uint32(offset)
    return places, numbers, int(n_groups.sum())


@kernel
def count_parts(hashes, shift, counts):
    """Count the customers of each part."""
    for i in range(len(hashes)):
        counts[hashes[i] >> shift] += 1


@kernel
def move_hashes(hashes, shift, next_place, places, moved):
    """Give each customer the next place of its part, and put its hash there."""
    for i in range(len(hashes)):
        part = hashes[i] >> shift
        place = next_place[part]
        next_place[part] = place + 1
        places[i] = place
        moved[place] = hashes[i]
