"""Find pairs of a customer's code and a value by open addressing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.orders.hashing import HashKey, mixed
from rfm_engine.totals.tables.keys import slot_shift


class Slots(NamedTuple):
    """`places` is `uint32[power of 2]`: the position of a pair plus one, or 0 for a free slot."""

    places: npt.NDArray[np.uint32]
    mask: np.uint64
    multiplier: np.uint64
    shift: np.uint64

    @classmethod
    def of(cls, n: int, key: HashKey) -> Slots:
        """Return free slots for `n` pairs, which use at most half of them.

        `np.empty` lets the allocator reuse memory. Mapping new memory for every search took as long
        as the search.
        """
        places = np.empty(1 << n.bit_length() + 1, np.uint32)
        places[:] = 0
        return cls(places, key.mask, key.multiplier, slot_shift(len(places)))


@kernel
def slot_of(slots, value, more):
    """Return the slot where the search for `value` and `more`, 64 bits each, starts."""
    h = mixed(np.uint64(value), slots.mask, slots.multiplier, np.uint64(more))
    return (h * np.uint64(0xD6E8FEB86659FD93)) >> slots.shift


@kernel
def find_pair(slots, slot, codes, values, code, value, known):
    """Return the first slot from `slot` on that is free or has the pair.

    If the pair is `known` to be new, it is not compared with others.
    """
    last_slot = np.uint64(len(slots.places) - 1)
    while True:
        entry = np.uint64(slots.places[slot])
        if entry == 0:
            return slot
        place = entry - np.uint64(1)
        if not known and values[place] == value and codes[place] == code:
            return slot
        slot = (slot + np.uint64(1)) & last_slot
