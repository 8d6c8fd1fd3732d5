"""Convert exact sums of more than 64 bits, in two halves or with a carry, to 128-bit decimals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import values
from rfm_engine.kernels.types import Integers

WIDE = pa.decimal128(38, 0)
_HALF = np.int64(32)
_LOW = np.int64(0xFFFFFFFF)


def of_halves(high: Integers, low: Integers) -> pa.Array:
    """Return `high * 2^32 + low` as decimals."""
    high = high + (low >> _HALF)
    return _decimals(high << _HALF | low & _LOW, high >> _HALF)


def halves_of(sums: pa.Array) -> tuple[Integers, Integers] | None:
    """Undo `of_halves`, with the lower half from 0 to 2^32 - 1; None if a sum does not fit."""
    lower, upper = _words(sums)
    high = upper << _HALF | (lower >> _HALF) & _LOW
    return None if (high >> _HALF != upper).any() else (high, lower & _LOW)


def of_carries(lower: Integers, carry: Integers) -> pa.Array:
    """Return `carry * 2^64 + lower` as decimals."""
    return _decimals(lower, carry + (lower >> np.int64(63)))


def carries_of(sums: pa.Array) -> tuple[Integers, Integers]:
    """Undo `of_carries`."""
    lower, upper = _words(sums)
    return lower, upper - (lower >> np.int64(63))


def _decimals(lower: Integers, upper: Integers) -> pa.Array:
    words = np.stack([lower, upper], axis=1)
    return pa.Array.from_buffers(WIDE, len(words), [None, pa.py_buffer(words)])


def _words(sums: pa.Array) -> tuple[Integers, Integers]:
    words = values(sums, np.int64).reshape(-1, 2)
    return words[:, 0], words[:, 1]
