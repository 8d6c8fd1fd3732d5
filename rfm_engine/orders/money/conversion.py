"""Multiply amounts, quantities and rates to minor units: exact products, rounded once.

A rate is an integer and a shift of the decimal point, and the shift is the same for all rates. So
the integer multiplies the quantity, and the rest is the arithmetic of amounts without rates at
another scale.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, frozen, valid_mask, values
from rfm_engine.orders.money.decimals import decimal_minor
from rfm_engine.orders.money.floats import float_minor
from rfm_engine.orders.money.rates import RowRates
from rfm_engine.orders.money.status import NONFINITE, OK, ROUNDED, Minors
from rfm_engine.orders.money.texts import exact_decimal, split_decimal, text_minor

_WHOLE = pa.decimal128(20, 0)  # holds every signed or unsigned integer of 64 bits
_MINOR_DIGITS = 18
# If a product overflows 64 bits, its exact value is above 2**63, so its double is above 2**62.
_WITHIN = 2.0**62


def converted_minor(
    amount: pa.Array[Any],
    quantity: npt.NDArray[np.int64],
    scale: int,
    decimal_mark: str,
    rates: RowRates,
) -> Minors:
    """Round `amount * quantity * rate * 10**scale` half-even; an empty `quantity` means ones.

    Integers are already minor units. A float is interpreted as a decimal of `scale` digits if it
    is the float nearest to that decimal, otherwise as its shortest decimal.
    """
    kind = amount.type
    if pa.types.is_floating(kind):
        width: Any = np.float32 if pa.types.is_float32(kind) else np.float64
        return _converted_floats(values(amount, width), quantity, scale, rates)
    shift = scale - rates.digits
    if pa.types.is_integer(kind):
        amount, shift = amount.cast(_WHOLE), -rates.digits
    counts, beyond = _products(quantity, rates.factors)
    if pa.types.is_decimal(amount.type):
        minors = decimal_minor(amount, counts, shift)
    else:
        minors = text_minor(amount, counts, shift, decimal_mark)
    if len(beyond) == 0:
        return minors
    whole, status = minors.values.copy(), minors.status
    valid = valid_mask(amount)
    for row in beyond:
        if status[row] <= ROUNDED and (valid is None or valid[row]):
            count = int(quantity[row]) * int(rates.factors[row])
            parts = _split(amount[int(row)].as_py(), decimal_mark)
            whole[row], status[row] = exact_decimal(*parts, count, shift)
    return Minors(whole, status)


def _converted_floats(
    amount: npt.NDArray[np.float32] | npt.NDArray[np.float64],
    quantity: npt.NDArray[np.int64],
    scale: int,
    rates: RowRates,
) -> Minors:
    taken = float_minor(amount, np.empty(0, np.int64), scale)
    counts, beyond = _products(quantity, rates.factors)
    shift = scale - rates.digits
    decimals = arrow(taken.values, pa.decimal64(_MINOR_DIGITS, scale))
    minors = decimal_minor(decimals, counts, shift)
    whole, status = minors.values.copy(), minors.status.copy()
    is_finite = taken.status != NONFINITE
    status[~is_finite] = NONFINITE
    inexact = np.flatnonzero(is_finite & (taken.status != OK))
    for row in np.union1d(inexact, beyond[is_finite[beyond]]):
        count = int(rates.factors[row]) * (int(quantity[row]) if quantity.size else 1)
        if taken.status[row] == OK:
            meant = Decimal(int(taken.values[row])).scaleb(-scale)
        else:
            meant = Decimal(str(amount[row]))
        whole[row], status[row] = exact_decimal(meant, 0, count, shift)
    return Minors(whole, status)


def _products(
    quantity: npt.NDArray[np.int64], factors: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Multiply both; also return the rows that may overflow 64 bits, whose product is set to 0."""
    if not quantity.size:
        return factors, np.empty(0, np.intp)
    about = quantity.astype(np.float64) * factors.astype(np.float64)
    is_beyond = np.abs(about) > _WITHIN
    return frozen(np.where(is_beyond, 0, quantity * factors)), np.flatnonzero(is_beyond)


def _split(amount: str | Decimal, decimal_mark: str) -> tuple[Decimal, int]:
    return (amount, 0) if isinstance(amount, Decimal) else split_decimal(amount, decimal_mark)
