"""Convert amounts of every accepted type to exact `int64` minor units, and back to text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import frozen, is_text, valid_mask, values
from rfm_engine.orders.money.conversion import converted_minor
from rfm_engine.orders.money.decimals import decimal_minor
from rfm_engine.orders.money.floats import float_minor
from rfm_engine.orders.money.integers import integer_minor
from rfm_engine.orders.money.notation import PLAIN, Notation, plain_numbers
from rfm_engine.orders.money.rates import RowRates
from rfm_engine.orders.money.status import (
    LIMIT,
    NONFINITE,
    OK,
    ROUNDED,
    TOO_LARGE,
    UNREADABLE,
    Minors,
)
from rfm_engine.orders.money.texts import split_decimal, text_minor

__all__ = [
    "NONFINITE",
    "OK",
    "ROUNDED",
    "TOO_LARGE",
    "UNREADABLE",
    "Minors",
    "default_scale",
    "format_minor",
    "parse_minor_floor",
    "to_minor",
]

FLOAT_SCALE = 2


def default_scale(type: pa.DataType, *, text: bool) -> int:  # noqa: A002
    """Return the default number of digits after the decimal point; `text` is True for CSV.

    A decimal type has its own scale (0 if it is negative), integers have 0 digits, floats and CSV
    text 2.
    """
    if text or pa.types.is_floating(type):
        return FLOAT_SCALE
    if pa.types.is_decimal(type):
        return max(0, int(type.scale))
    return 0


def to_minor(
    amount: pa.Array[Any],
    quantity: npt.NDArray[np.int64] | None,
    scale: int,
    *,
    notation: Notation = PLAIN,
    rates: RowRates | None = None,
) -> Minors:
    """Round each amount times its quantity half-even to `scale` digits, from its exact value.

    Parameters
    ----------
    amount
        Integers (already minor units, `scale` is only the position of their decimal point),
        float32, float64, decimals of any width, or decimals written as text.
    quantity
        One integer per row, or None.
    scale
        Digits after the decimal point, 0 to 18.
    notation
        The characters that separate digits in text. A minus after the number and parentheses
        around it are also read.
    rates
        The rate of each row, which multiplies the amount before it is rounded; None for no rates.

    Returns
    -------
    Minors
        `values`, `int64[n]`, read-only, and `status`, `uint8[n]`. The status is OK, ROUNDED (digits
        were lost, or a float is not the float nearest to the rounded decimal), NONFINITE,
        UNREADABLE or TOO_LARGE (more than 18 digits). The value is 0 unless the status is OK or
        ROUNDED. Null rows are 0 and OK.
    """
    counts = frozen(np.zeros(0, np.int64) if quantity is None else quantity)
    mark = notation.decimal
    valid = valid_mask(amount)
    if notation.thousands is not None and is_text(amount.type):
        amount = plain_numbers(amount, notation)
    minors = _minors(amount, counts, scale, mark, rates)
    if is_text(amount.type) and notation.thousands is None:
        unreadable = minors.status == UNREADABLE
        if (unreadable if valid is None else unreadable & valid).any():
            minors = _minors(plain_numbers(amount, notation), counts, scale, mark, rates)
    if valid is None:
        return Minors(frozen(minors.values), minors.status)
    nulls = np.flatnonzero(~valid)
    whole = minors.values if minors.values.flags.writeable else minors.values.copy()
    whole[nulls] = 0
    minors.status[nulls] = OK
    return Minors(frozen(whole), minors.status)


def format_minor(value: int, scale: int) -> str:
    """Write minor units as a decimal: -5 with scale 2 is `-0.05`."""
    digits = f"{abs(value):0{scale + 1}d}"
    sign = "-" if value < 0 else ""
    point = len(digits) - scale
    return f"{sign}{digits[:point]}.{digits[point:]}" if scale else sign + digits


def parse_minor_floor(number: int | Decimal | str, scale: int) -> int:
    """Return the greatest integer of minor units that is not above a cut point.

    For integers, `v > number` and `v > floor(number)` are the same.

    Raises
    ------
    UsageError
        The cut point is not a number, or has more than 18 digits.
    """
    try:
        if isinstance(number, bool) or not isinstance(number, int | Decimal | str):
            raise ValueError(number)
        mantissa, exponent = split_decimal(str(number))
    except ValueError:
        raise UsageError(
            f"cut point must be a decimal number; got {number!r}. Write it like 133.95."
        ) from None
    if mantissa == 0:
        return 0
    if mantissa.adjusted() + exponent + scale >= len(str(LIMIT)) - 1:
        raise UsageError(
            f"cut point must have at most 18 digits at scale {scale}; got {number}. "
            "Give a number closer to 0."
        )
    return _floor(mantissa, exponent + scale)


def _floor(mantissa: Decimal, shift: int) -> int:
    sign, digits, exponent = mantissa.as_tuple()
    n_whole = max(0, len(digits) + int(exponent) + shift)
    padded = "".join(map(str, digits[:n_whole])).ljust(n_whole, "0")
    whole = int(padded or 0)
    return -whole - any(digits[n_whole:]) if sign else whole


def _minors(
    amount: pa.Array[Any],
    counts: npt.NDArray[np.int64],
    scale: int,
    decimal_mark: str,
    rates: RowRates | None,
) -> Minors:
    if rates is None:
        return _all_minor(amount, counts, scale, decimal_mark)
    return converted_minor(amount, counts, scale, decimal_mark, rates)


def _all_minor(
    amount: pa.Array[Any], counts: npt.NDArray[np.int64], scale: int, decimal_mark: str
) -> Minors:
    kind = amount.type
    if pa.types.is_integer(kind):
        return integer_minor(amount, counts)
    if pa.types.is_float64(kind):
        return float_minor(values(amount, np.float64), counts, scale)
    if pa.types.is_float32(kind):
        return float_minor(values(amount, np.float32), counts, scale)
    if pa.types.is_decimal(kind):
        return decimal_minor(amount, counts, scale)
    return text_minor(amount, counts, scale, decimal_mark)
