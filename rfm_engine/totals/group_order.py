"""Number groups, and move customers so that the customers of a group are near each other.

Customers are stored in the order of their hashes, so that the customers of one group are spread
over all memory. One pass distributes them by group to parts that fit the cache. All later work per
group stays within one part.
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

# The values, groups and bins of this many customers fit the second-level cache.
_CUSTOMERS_A_PART = 1 << 15
_MOST_BITS = 10


def regrouped(
    hashes: Sequence[Hashes], key: HashKey, pool: Executor
) -> tuple[list[Positions], Codes, int]:
    """Distribute customers to parts by group, with the threads of `pool`.

    Parameters
    ----------
    hashes
        Per chunk, the hashes of the customers' groups; hashes of integers, computed with `key`.

    Returns
    -------
    tuple
        The new positions of the customers, per chunk; the group at each new position, numbered from
        0 in the order of the parts; and the number of groups.
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
    # The first position of each chunk within each part.
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
        table = IntTable(key, bits)  # The first bits of all hashes of a part are equal.
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
    """Assign the next position of its part to each customer, and write its hash there."""
    for i in range(len(hashes)):
        part = hashes[i] >> shift
        place = next_place[part]
        next_place[part] = place + 1
        places[i] = place
        moved[place] = hashes[i]
