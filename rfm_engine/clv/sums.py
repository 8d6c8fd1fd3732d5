"""Sums over all customers that do not depend on their order.

Customers arrive in an order that depends on threads and on the rows. Sums of integers are exact.
Floats are cut to 62 bits below the largest one, and added up as integers.
"""

from __future__ import annotations

from math import frexp, ldexp

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers

# A call stays well below 100 ms, so that Ctrl-C is answered.
_PIECE = 1 << 22
_HALF_BITS = 31
_LEAST_EXPONENT = -900


def whole_sum(values: Integers) -> int:
    """Return the exact sum of integers, which may exceed 64 bits."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def float_sum(values: Floats) -> float:
    """Return the sum of finite floats; the result has the same bits in any order.

    Each value loses less than 2^-61 of the largest absolute value, or 2^-961. There are less than
    2^32 values.
    """
    largest = max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))
    # All values are below 2^exponent. Powers of two that are much smaller have no inverse.
    exponent = max(frexp(largest)[1], _LEAST_EXPONENT)
    scale = ldexp(1.0, _HALF_BITS - exponent)
    sums = np.zeros(2, np.int64)
    for start in range(0, len(values), _PIECE):
        add_floats(frozen(values[start : start + _PIECE]), scale, sums)
    high, low = sums.tolist()
    return ldexp(float((high << _HALF_BITS) + low), exponent - 2 * _HALF_BITS)


@kernel
def add_floats(values, scale, sums):
    """Add values times `scale`, below 2^31, to `sums`, `int64[2]`: whole parts, and 31 more bits.

    Both products are exact, because they only change exponents.
    """
    high = low = np.int64(0)
    for i in range(len(values)):
        scaled = values[i] * scale
        whole = np.int64(scaled)
        high += whole
        low += np.int64((scaled - whole) * 2147483648.0)
    sums[0] += high
    sums[1] += low
