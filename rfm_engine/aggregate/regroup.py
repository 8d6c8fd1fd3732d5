"""Customers moved so that those of a group stand near each other, and groups numbered.

A marketplace's customers come in the order of their hashes: to look at one group is then to look
all over memory. They are dealt out by their groups into parts that fit the cache, which takes one
pass, and all that is done by group is done within a part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.score.select import Map

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.uint32]

# Values, groups and bins of so many customers fit the second-level cache.
_CUSTOMERS_A_PART = 1 << 15
_MOST_BITS = 10


def regrouped(words: Sequence[Words], each: Map = map) -> tuple[list[Places], Numbers, int]:
    """Deal customers out by group.

    Parameters
    ----------
    words
        By chunk, what tells the groups of customers apart: hashes, equal only for one group.

    Returns
    -------
    tuple
        By chunk the new places of the customers; the groups of the new places, numbered from 0 in
        the order of the parts; and how many groups there are.
    """
    n = sum(map(len, words))
    bits = min(max((n // _CUSTOMERS_A_PART).bit_length(), 1), _MOST_BITS)
    shift = np.uint64(64 - bits)

    def count(chunk: Words) -> npt.NDArray[np.int64]:
        counts = np.zeros(1 << bits, np.int64)
        count_parts(chunk, shift, counts)
        return counts

    sizes = np.array([*each(count, words)], np.int64).reshape(len(words), 1 << bits)
    bounds = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))])
    # Where each chunk's customers of each part begin.
    starts = bounds[:-1] + np.cumsum(sizes, axis=0) - sizes
    moved = np.empty(n, np.uint64)

    def move(task: tuple[Words, npt.NDArray[np.int64]]) -> Places:
        chunk, next_place = task
        places = np.empty(len(chunk), np.uint32)
        move_words(chunk, shift, next_place.copy(), places, moved)
        return places

    places = list(each(move, list(zip(words, starts, strict=True))))
    numbers = np.empty(n, np.uint32)
    parts = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))

    def number(part: tuple[int, int]) -> int:
        first, last = part
        slots = np.zeros(1 << (last - first).bit_length() + 1, np.uint32)
        own = np.empty(last - first, np.uint64)
        return int(number_words(frozen(moved[first:last]), slots, own, numbers[first:last]))

    n_groups = np.array([*each(number, parts)], np.int64)
    before = np.cumsum(n_groups) - n_groups
    for (first, last), offset in zip(parts, before.tolist(), strict=True):
        numbers[first:last] += np.uint32(offset)
    return places, numbers, int(n_groups.sum())


@kernel
def count_parts(words, shift, counts):
    """Count the customers of each part."""
    for i in range(len(words)):
        counts[words[i] >> shift] += 1


@kernel
def move_words(words, shift, next_place, places, moved):
    """Give each customer the next place of its part, and put its word there."""
    for i in range(len(words)):
        part = words[i] >> shift
        place = next_place[part]
        next_place[part] = place + 1
        places[i] = place
        moved[place] = words[i]


@kernel
def number_words(words, slots, known, numbers):
    """Fill `numbers` with those of equal words from 0, as they come; return how many there are.

    `slots` is `uint32[power of 2]` of zeros, more than twice as many as words; `known` is
    `uint64[n]`, whatever stands in it. The first bits of the words of a part are alike, and so a
    slot is chosen by the last ones.
    """
    last_slot = np.uint64(len(slots) - 1)
    n = 0
    for i in range(len(words)):
        word = words[i]
        slot = word & last_slot
        while True:
            entry = slots[slot]
            if entry == 0:
                known[n] = word
                n += 1
                slots[slot] = n
                numbers[i] = n - 1
                break
            if known[entry - np.uint32(1)] == word:
                numbers[i] = entry - np.uint32(1)
                break
            slot = (slot + np.uint64(1)) & last_slot
    return n


@kernel
def put_values(values, places, axis, records):
    """Write values to their places in a column of `records`, `int64[n, axes]`."""
    for i in range(len(values)):
        records[places[i], axis] = values[i]
