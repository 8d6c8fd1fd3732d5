"""Convert floats to minor units: round the exact binary value, not the printed decimal.

Values that are not close to a tie are rounded in `clear_floats`. For the other rows, a product of
two doubles is kept as its rounded value and the exact rest (Dekker 1971), so that ties can be told
apart from values near a tie. The rare rows that this does not decide use `fractions`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.money.clear_floats import round_clear, round_clear_singles
from rfm_engine.orders.money.status import (
    HARD,
    LIMIT,
    NONFINITE,
    OK,
    ROUNDED,
    TOO_LARGE,
    Minors,
    no_minors,
)

SPLITTER = 134217729.0  # 2**27 + 1 splits the 53 bits of a double into two halves
SAFE = 1.1e18  # above every amount of up to 18 digits, below 2**63
WHOLE = 4503599627370496.0  # 2**52: every double from here on is an integer
EXACT = 9007199254740992  # 2**53: every integer up to here is a double


def float_minor(
    amount: npt.NDArray[np.float64] | npt.NDArray[np.float32],
    quantity: npt.NDArray[np.int64],
    scale: int,
) -> Minors:
    """Round `amount * quantity * 10**scale` half-even; an empty `quantity` means ones."""
    minors = no_minors(len(amount))
    unit = float(10**scale)
    doubles = frozen(amount.astype(np.float64, copy=False))
    is_single = amount.dtype == np.float32
    round_most = round_clear_singles if is_single else round_clear
    n_hard = round_most(doubles, quantity, unit, minors.values, minors.status)
    if n_hard:
        n_hard = round_products(doubles, quantity, unit, minors.values, minors.status)
        if is_single:
            n_hard = recheck_singles(amount, quantity, unit, minors.values, minors.status)
    if n_hard:
        for row in np.flatnonzero(minors.status == HARD):
            factor = int(quantity[row]) if quantity.size else 1
            minors.values[row], minors.status[row] = exact_product(amount[row], factor * 10**scale)
    return minors


def exact_product(amount: np.floating[Any], factor: int) -> tuple[int, int]:
    """Round the product of a finite amount and an integer, with no limit on either."""
    minor = round(Fraction(float(amount)) * factor)
    if abs(minor) >= LIMIT:
        return 0, TOO_LARGE
    is_nearest = factor == 0 or _is_nearest(amount, Fraction(minor, factor))
    return minor, OK if is_nearest else ROUNDED


def _is_nearest(amount: np.floating[Any], decimal: Fraction) -> bool:
    """Tell whether an amount is the float of its width nearest to a decimal, ties to even."""
    if amount.dtype == np.float64:
        return decimal.numerator / decimal.denominator == float(amount)
    here = abs(Fraction(float(amount)) - decimal)
    neighbours = (np.nextafter(amount, np.float32(side)) for side in (-np.inf, np.inf))
    nearest = min(abs(Fraction(float(other)) - decimal) for other in neighbours)
    is_even = int(amount.view(np.uint32)) & 1 == 0
    return here < nearest or (here == nearest and is_even)


@kernel
def round_products(amount, quantity, unit, minor, status):
    """Fill `minor` and `status` of HARD `float64[n]` amounts; return how many are still HARD.

    A double is ROUNDED if `minor / factor` is another double; IEEE division rounds it correctly.
    Above 2**53 minor units, doubles are sparser than half units, so no double is ROUNDED.
    """
    n_hard = 0
    unit_high = upper_half(unit)
    unit_low = unit - unit_high
    factor, high, low, limit = unit, unit_high, unit_low, SAFE / unit
    for i in range(len(amount)):
        if status[i] != HARD:
            continue
        x = amount[i]
        minor[i] = 0
        status[i] = OK
        if not abs(x) < np.inf:
            status[i] = NONFINITE
            continue
        if quantity.size:
            if quantity[i] == 0:
                continue
            count = np.float64(quantity[i])
            factor = count * unit
            if abs(count) >= EXACT or product_rest(count, factor, unit_high, unit_low) != 0.0:
                status[i] = HARD
                n_hard += 1
                continue
            high = upper_half(factor)
            low = factor - high
            limit = SAFE / abs(factor)
        if abs(x) >= limit:
            status[i] = TOO_LARGE
            continue
        product = x * factor
        if abs(product) < 0.25:
            if x != 0.0:
                status[i] = ROUNDED
            continue
        rest = product_rest(x, product, high, low)
        whole = round_sum(product, rest)
        if abs(whole) >= LIMIT:
            status[i] = TOO_LARGE
            continue
        minor[i] = whole
        if abs(whole) <= EXACT and np.float64(whole) / factor != x:
            status[i] = ROUNDED
    return n_hard


@kernel
def recheck_singles(amount, quantity, unit, minor, status):
    """Decide `status` again for `float32[n]` amounts; return the number of HARD rows.

    Rounding the quotient to a double first can change the result only if this double is midway
    between two singles. In this case, the point at the same distance on its other side is also a
    single.
    """
    n_hard = 0
    factor = unit
    for i in range(len(amount)):
        if status[i] == HARD:
            n_hard += 1
        if status[i] > ROUNDED or minor[i] == 0 or abs(minor[i]) > EXACT:
            continue
        if quantity.size:
            factor = np.float64(quantity[i]) * unit
        quotient = np.float64(minor[i]) / factor
        single = np.float32(quotient)
        gap = quotient - np.float64(single)
        mirror = quotient + gap
        if gap != 0.0 and np.float64(np.float32(mirror)) == mirror:
            status[i] = HARD
            n_hard += 1
        else:
            status[i] = OK if single == amount[i] else ROUNDED
    return n_hard


@kernel
def upper_half(x):
    """Return the upper 26 bits of a double; `x` minus the result is exact."""
    spread = SPLITTER * x
    return spread - (spread - x)


@kernel
def product_rest(x, product, high, low):
    """Return `x * (high + low) - product` exactly; `product` is the rounded product."""
    x_high = upper_half(x)
    x_low = x - x_high
    return ((x_high * high - product) + x_high * low + x_low * high) + x_low * low


@kernel
def round_sum(product, rest):
    """Round `product + rest` half-even; `rest` is at most half a unit in the last place."""
    if abs(product) < WHOLE:
        near = np.rint(product)
        gap = product - near
        if gap == 0.5 and rest > 0.0:
            near += 1.0
        elif gap == -0.5 and rest < 0.0:
            near -= 1.0
        return np.int64(near)
    floor = np.floor(rest)
    whole = np.int64(product) + np.int64(floor)
    fraction = rest - floor
    if fraction > 0.5 or (fraction == 0.5 and whole & 1 == 1):
        whole += 1
    return whole
