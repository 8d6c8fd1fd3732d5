"""Floats that stand for decimals: rows settled many at a time, by a loop without branches.

Let `f` be the exact factor (quantity times `10**scale`), `m` the integer next to the double
`x * f`, and `q` the double `m / f`. Whoever wrote 10.05 gets `m = 1005` and `q == x`. Then the
rounded product need not be trusted: IEEE division is off by at most `2**-53 * |m / f|`, so
`|m - x * f| <= 2**-53 * |m|`, which is at most 1/8 as `|m| <= 2**50`. Hence `m` is the half-even
rounding of the exact `x * f`, however near a tie that product came out, and `x` is the double
nearest to `m / f`: the row is OK. No quotient is subnormal (`|m / f| >= 2**-53` unless it is 0),
and NaN, infinities and amounts too large are replaced by `m = 0`, which gives them a `q` that
differs. For singles the same holds with `2**-24` and `|m| <= 2**22`: at most 1/4.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.orders.money_status import HARD, OK

WITHIN = 1125899906842624.0  # 2**50
WITHIN_SINGLE = 4194304.0  # 2**22
EXACT = 9007199254740992.0  # 2**53: a product of integers that comes out below it is exact
# 1.5 * 2**52: doubles from 2**52 to 2**53 are the integers, so that adding it rounds half-even
# (to 2**51 either way), and the last bits of the sum count on from those of the number itself.
SHIFT = 6755399441055744.0
SHIFT_BITS = 0x4338000000000000


@kernel
def take_decimals(amount, quantity, unit, minor, status):
    """Settle the `float64[n]` amounts that are the nearest to a decimal; return how many are not.

    Those are marked HARD, and their `minor` means nothing. Division is NumPy's, since the
    compiler's own looks for zeros. Measured: 0.6 ns a row, 0.9 with quantities.
    """
    n_hard = 0
    factor = unit
    for i in range(len(amount)):
        if quantity.size:
            factor = np.float64(quantity[i]) * unit
            factor = factor if 0.0 < abs(factor) < EXACT else np.nan
        product = amount[i] * factor
        shifted = product + SHIFT
        whole = shifted - SHIFT if abs(product) <= WITHIN else 0.0
        is_hard = np.divide(whole, factor) != amount[i]
        minor[i] = np.float64(shifted).view(np.int64) - SHIFT_BITS
        status[i] = HARD if is_hard else OK
        n_hard += is_hard
    return n_hard


@kernel
def take_single_decimals(amount, quantity, unit, minor, status):
    """Do the same with `float64[n]` amounts that are singles.

    Rounding the quotient to a double first misleads only where that double lies midway between
    two singles: then the point as far on its other side is a single, too.
    """
    n_hard = 0
    factor = unit
    for i in range(len(amount)):
        if quantity.size:
            factor = np.float64(quantity[i]) * unit
            factor = factor if 0.0 < abs(factor) < EXACT else np.nan
        product = amount[i] * factor
        shifted = product + SHIFT
        whole = shifted - SHIFT if abs(product) <= WITHIN_SINGLE else 0.0
        quotient = np.divide(whole, factor)
        gap = quotient - amount[i]
        mirror = quotient + gap
        is_other = np.float64(np.float32(quotient)) != amount[i]
        is_midway = (gap != 0.0) & (np.float64(np.float32(mirror)) == mirror)
        is_hard = is_other | is_midway
        minor[i] = np.float64(shifted).view(np.int64) - SHIFT_BITS
        status[i] = HARD if is_hard else OK
        n_hard += is_hard
    return n_hard
