"""Distinct (customer, order) and (customer, day) pairs: lines of one order count once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.memory import empty, zeros
from rfm_engine.aggregate.tables import Codes, slot_shift
from rfm_engine.kernels import kernel

_FIRST_SLOTS = 16
# Pairs stand in the slots themselves, 12 bytes each: 17 to 34 bytes a pair.
_LOAD_TENTHS = 7

Values: TypeAlias = npt.NDArray[np.int64]


class Pairs:
    """A set of (customer code, 64-bit value); a free slot has code 0, codes are kept plus one."""

    def __init__(self, key: HashKey) -> None:
        self._key = key
        self._codes = np.zeros(_FIRST_SLOTS, np.uint32)
        self._values = np.empty(_FIRST_SLOTS, np.int64)
        self.n = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._codes.nbytes + self._values.nbytes

    def add(self, codes: Codes, values: Values) -> None:
        """Put pairs in; those already there stay."""
        done = 0
        while True:
            room = len(self._codes) * _LOAD_TENTHS // 10
            done, self.n = insert_pairs(
                codes, values, done, self._key.mask, self._key.multiplier,
                slot_shift(len(self._codes)), self._codes, self._values, self.n, room,
            )  # fmt: skip
            if done == len(codes):
                return
            self._grow()

    def entries(self) -> tuple[Codes, Values]:
        """All pairs, in no order."""
        taken = self._codes != 0
        return self._codes[taken] - np.uint32(1), self._values[taken]

    def counts(self, n_customers: int) -> npt.NDArray[np.int64]:
        """How many pairs each customer code has, `int64[n_customers]`."""
        return np.bincount(self._codes, minlength=n_customers + 1)[1:]

    def _grow(self) -> None:
        codes, values = self.entries()
        self._codes = zeros(2 * len(self._codes), np.uint32)
        self._values = empty(len(self._codes), np.int64)
        self.n = 0
        self.add(codes, values)


@kernel
def insert_pairs(codes, values, first, mask, multiplier, shift, slot_codes, slot_values, n, room):
    """Insert pairs `first:` until `room` of the slots are taken; return pairs done and taken."""
    last_slot = np.uint64(len(slot_codes) - 1)
    for i in range(first, len(codes)):
        owner = codes[i] + np.uint32(1)
        value = values[i]
        x = np.uint64(value) ^ mask
        x ^= x >> np.uint64(32)
        x *= np.uint64(0xD6E8FEB86659FD93)
        x ^= (x >> np.uint64(29)) + np.uint64(owner)
        x *= multiplier
        x ^= x >> np.uint64(32)
        slot = (x * np.uint64(0xD6E8FEB86659FD93)) >> shift
        while True:
            there = slot_codes[slot]
            if there == 0:
                if n == room:
                    return i, n
                slot_codes[slot] = owner
                slot_values[slot] = value
                n += 1
                break
            if there == owner and slot_values[slot] == value:
                break
            slot = (slot + np.uint64(1)) & last_slot
    return len(codes), n


@kernel
def pick_orders(rows, column, codes, starts, ends, skip_equal, codes_out, places_out, values_out):
    """Pick the purchases with an order id: customer's code, place of the row, value of `column`.

    With `skip_equal` a row that equals the one picked before is left out: lines of one order
    often stand together. Returns how many were picked.
    """
    n = 0
    place = 0
    for piece in range(len(starts)):
        for i in range(starts[piece], ends[piece]):
            code = codes[place]
            place += 1
            if rows[i, 2] < 0 or rows[i, 2] & 1 == 1:
                continue
            value = rows[i, column]
            if skip_equal and n > 0 and codes_out[n - 1] == code and values_out[n - 1] == value:
                continue
            codes_out[n] = code
            places_out[n] = i
            values_out[n] = value
            n += 1
    return n
