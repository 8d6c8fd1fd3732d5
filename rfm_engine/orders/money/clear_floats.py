"""Floats well away from a tie, which nearly all are: rounded many at a time, without a branch.

Let `f` be the exact factor, quantity times `10**scale`, and `p` the double `x * f`. While
`|p| <= 2**46`, `p` is off by at most `2**-7`. If the integer `m` next to `p` is no farther from it
than 0.49, it is nearer than 0.498 to the exact `x * f`, so that it is what that rounds to. Whether
`x` is the float nearest to `m / f`, which decides between OK and ROUNDED, IEEE division tells for
doubles: it rounds correctly. NaN, infinities and amounts too large meet `m = 0`, far from them.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.orders.money.status import HARD, OK, ROUNDED

WITHIN = 70368744177664.0  # 2**46
CLEAR = 0.49
EXACT = 9007199254740992.0  # 2**53: a product of integers that comes out below it is exact
# 1.5 * 2**52: doubles from 2**52 to 2**53 are the integers, so that adding it rounds half-even
# (to 2**51 either way), and the last bits of the sum count on from those of the number itself.
SHIFT = 6755399441055744.0
SHIFT_BITS = 0x4338000000000000


@kernel
def round_clear(amount, quantity, unit, minor, status):
    """Fill `minor` and `status` of `float64[n]` amounts; return how many rows are left HARD.

    What stands in `minor` means nothing there. Division is NumPy's, since the compiler's own
    looks for zeros. Measured: 0.6 ns a row, 0.9 with quantities.
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
        is_clear = abs(product - whole) <= CLEAR
        is_nearest = np.divide(whole, factor) == amount[i]
        minor[i] = np.float64(shifted).view(np.int64) - SHIFT_BITS
        status[i] = (OK if is_nearest else ROUNDED) if is_clear else HARD
        n_hard += not is_clear
    return n_hard


@kernel
def round_clear_singles(amount, quantity, unit, minor, status):
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
        whole = shifted - SHIFT if abs(product) <= WITHIN else 0.0
        quotient = np.divide(whole, factor)
        single = np.float64(np.float32(quotient))
        gap = quotient - single
        mirror = quotient + gap
        is_midway = (gap != 0.0) & (np.float64(np.float32(mirror)) == mirror)
        is_clear = (abs(product - whole) <= CLEAR) & (not is_midway)
        minor[i] = np.float64(shifted).view(np.int64) - SHIFT_BITS
        status[i] = (OK if single == amount[i] else ROUNDED) if is_clear else HARD
        n_hard += not is_clear
    return n_hard
