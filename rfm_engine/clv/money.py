"""The margin of amounts, exact in minor units."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers


def margins_of(monetary_minor: Integers, margin: Decimal) -> Integers:
    """Return the margin of amounts, rounded half to even.

    Parameters
    ----------
    monetary_minor
        Net amounts in minor units, `int64[n]`, of any sign.
    margin
        From 0 to 1, with at most 9 digits after the point.
    """
    share = Fraction(margin)
    found = np.empty(len(monetary_minor), np.int64)
    write_margins(frozen(monetary_minor), share.numerator, share.denominator, found)
    return found


@kernel
def write_margins(amounts, numerator, denominator, margins):
    """Write `amount * numerator / denominator`, half to even.

    Both are at most 10^9, and the numerator is not the larger one. With `amount = high *
    denominator + low`, no product exceeds 64 bits.
    """
    for i in range(len(amounts)):
        high = amounts[i] // denominator
        low = (amounts[i] - high * denominator) * numerator
        part = low // denominator
        whole = high * numerator + part
        twice = 2 * (low - part * denominator)
        if twice > denominator or (twice == denominator and whole & 1):
            whole += 1
        margins[i] = whole
