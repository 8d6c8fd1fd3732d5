"""Find ids among ids that stay where they are: an index of their rows, without a copy of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Bytes, Codes, Hashes, Integers
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import Keys
from rfm_engine.totals.tables.keys import slot_shift

LOOKUP_BYTES = 20
"""Bytes per id at most: a hash, and slots of 4 bytes, of which more than 35% are in use."""
_LOAD_TENTHS = 7
NOT_FOUND = -1


class HashedKeys(NamedTuple):
    """Ids for kernels: hashes, and offsets and data of texts, which are empty for integers."""

    hashes: Hashes
    offsets: Integers
    data: Bytes

    @classmethod
    def of(cls, keys: Keys, key: HashKey) -> HashedKeys:
        """Hash ids; different integers have different hashes, so that these are enough."""
        _, offsets, data = keys.arguments()
        return cls(frozen(keys.hash(key)), offsets, data)


class Lookup:
    """Finds the row of an id in `keys`.

    Attributes
    ----------
    repeated
        The first row whose id is also in an earlier row, or -1.
    """

    def __init__(self, keys: Keys, key: HashKey) -> None:
        self._key = key
        self._known = HashedKeys.of(keys, key)
        n_slots = 2 << (len(keys) * 10 // _LOAD_TENTHS).bit_length()
        self._slots: Codes = np.zeros(n_slots, np.uint32)
        self._shift = slot_shift(n_slots)
        self.repeated = int(insert_rows(self._slots, self._shift, self._known))

    def rows_of(self, keys: Keys, rows: Integers) -> None:
        """Fill `rows`, `int64[n]`, with the row of each id, or `NOT_FOUND`."""
        asked = HashedKeys.of(keys, self._key)
        find_rows(self._slots, self._shift, self._known, asked, rows)


@kernel
def insert_rows(slots, shift, known):
    """Fill empty slots with the rows of all ids, plus one; return the first repeated row, or -1."""
    last_slot = np.uint64(len(slots) - 1)
    for row in range(len(known.hashes)):
        slot = known.hashes[row] >> shift
        while slots[slot] != 0:
            if are_equal(known, slots[slot] - np.uint32(1), known, row):
                return row
            slot = (slot + np.uint64(1)) & last_slot
        slots[slot] = row + 1
    return -1


@kernel
def find_rows(slots, shift, known, asked, rows):
    """Fill `rows` with the row of each id of `asked` among those of `known`, or -1."""
    last_slot = np.uint64(len(slots) - 1)
    for i in range(len(rows)):
        slot = asked.hashes[i] >> shift
        rows[i] = -1
        while slots[slot] != 0:
            row = slots[slot] - np.uint32(1)
            if are_equal(known, row, asked, i):
                rows[i] = row
                break
            slot = (slot + np.uint64(1)) & last_slot


@kernel
def are_equal(ones, i, others, j):
    """Return whether id `i` of `ones` is id `j` of `others`."""
    if ones.hashes[i] != others.hashes[j]:
        return False
    if len(ones.offsets) == 0:
        return True
    start = np.uint64(ones.offsets[i])
    other = np.uint64(others.offsets[j])
    length = np.uint64(ones.offsets[i + np.uint64(1)]) - start
    if np.uint64(others.offsets[j + 1]) - other != length:
        return False
    for k in range(length):
        if ones.data[start + np.uint64(k)] != others.data[other + np.uint64(k)]:
            return False
    return True
