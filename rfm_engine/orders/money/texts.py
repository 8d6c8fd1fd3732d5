"""Convert amounts written as text to minor units, read as decimals directly from the bytes.

The kernel reads numbers of up to 18 significant digits, which are almost all rows.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import texts
from rfm_engine.kernels.words import trim
from rfm_engine.orders.money.status import (
    HARD,
    LIMIT,
    NONFINITE,
    OK,
    POWERS_OF_TEN,
    ROUNDED,
    TOO_LARGE,
    UNREADABLE,
    Minors,
    no_minors,
)

NAN, INF, INFINITY = (int.from_bytes(word) for word in (b"nan", b"inf", b"infinity"))
ENDLESS = 10**15  # an exponent so large that no text has enough digits to compensate for it
SIGNIFICANT = 18  # number of digits that always fit in an int64
MAX_INT64 = 2**63 - 1


def text_minor(
    amount: pa.Array[Any], quantity: npt.NDArray[np.int64], scale: int, decimal_mark: str
) -> Minors:
    """Round `amount * quantity * 10**scale` half-even; an empty `quantity` means ones."""
    data, offsets = texts(amount)
    minors = no_minors(len(amount))
    n_hard = read_amounts(data, offsets, quantity, scale, ord(decimal_mark), POWERS_OF_TEN, *minors)
    if n_hard:
        for row in np.flatnonzero(minors.status == HARD):
            text = data[offsets[row] : offsets[row + 1]].tobytes().decode("ascii")
            count = int(quantity[row]) if quantity.size else 1
            minors.values[row], minors.status[row] = exact_decimal(
                *split_decimal(text, decimal_mark), count, scale
            )
    return minors


def split_decimal(text: str, decimal_mark: str = ".") -> tuple[Decimal, int]:
    """Split a number into its digits and its exponent, which is limited to `ENDLESS`.

    Raises
    ------
    ValueError
        The text is not a decimal number.
    """
    mark = re.escape(decimal_mark)
    pattern = rf"\s*([+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+))(?:[eE]([+-]?[0-9]+))?\s*"
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        raise ValueError(text)
    sign, digits = (match[2] or "+0")[:1], (match[2] or "").lstrip("+-0")[:16]
    exponent = min(int(digits or 0), ENDLESS)
    return Decimal(match[1].replace(decimal_mark, ".")), -exponent if sign == "-" else exponent


def exact_decimal(mantissa: Decimal, exponent: int, count: int, scale: int) -> tuple[int, int]:
    """Round `mantissa * 10**exponent * count * 10**scale`, with no limit on the digits."""
    shift = exponent + scale
    if mantissa == 0 or count == 0:
        return 0, OK
    if mantissa.adjusted() + shift >= SIGNIFICANT:
        return 0, TOO_LARGE
    if mantissa.adjusted() + shift < -len(str(abs(count))) - 1:
        return 0, ROUNDED
    n_digits = len(mantissa.as_tuple().digits)
    exact = Context(prec=n_digits + 60, Emin=MIN_EMIN, Emax=MAX_EMAX)
    product = exact.multiply(mantissa, Decimal(count)).scaleb(shift, exact)
    minor = product.to_integral_value(ROUND_HALF_EVEN, exact)
    if abs(minor) >= LIMIT:
        return 0, TOO_LARGE
    return int(minor), OK if minor == product else ROUNDED


@kernel
def read_amounts(  # noqa: PLR0913
    data, offsets, quantity, scale, mark, powers, minor, status
):
    """Fill `minor` and `status` from texts; return the number of HARD rows.

    `mark` is the byte of the decimal mark. `powers`, `int64[19]`, contains powers of ten.
    """
    n_hard = 0
    for i in range(len(minor)):
        minor[i] = 0
        at, end = trim(data, offsets[i], offsets[i + 1])
        negative = at < end and data[at] == ord("-")
        if negative or (at < end and data[at] == ord("+")):
            at += 1
        first = at
        mantissa, exponent, n_digits, at, is_long = read_digits(data, at, end, mark, powers)
        if n_digits == 0:
            status[i] = NONFINITE if is_nonfinite_word(data, first, end) else UNREADABLE
            continue
        more, at = read_exponent(data, at, end)
        if at < end:
            status[i] = UNREADABLE
            continue
        if quantity.size and not is_long:
            count = quantity[i]
            if count == 0:
                mantissa = np.int64(0)
            elif count < -MAX_INT64 or mantissa > MAX_INT64 // abs(count):
                is_long = True
            else:
                mantissa *= abs(count)
                negative ^= count < 0
        if is_long or exponent + more + scale == -19:
            status[i] = HARD
            n_hard += 1
            continue
        whole, status[i] = shift_point(mantissa, exponent + more + scale, powers)
        minor[i] = -whole if negative else whole
    return n_hard


@kernel
def read_digits(data, at, end, mark, powers):
    """Read digits with at most one decimal mark, as `mantissa * 10**exponent`.

    Zeros enter the mantissa only if another digit follows. Return the mantissa, the exponent, the
    number of digits read, the end position, and whether there were more digits than fit in the
    mantissa.
    """
    mantissa = np.int64(0)
    exponent = np.int64(0)
    n_seen = n_held = n_zeros = 0
    is_long = after_mark = False
    while at < end:
        digit = np.int64(data[at]) - 48
        if 0 <= digit <= 9:
            n_seen += 1
            if after_mark:
                exponent -= 1
            if digit == 0:
                n_zeros += n_held > 0
            elif n_held + n_zeros >= SIGNIFICANT:
                is_long = True
            else:
                mantissa = mantissa * powers[n_zeros + 1] + digit
                n_held += n_zeros + 1
                n_zeros = 0
        elif data[at] == mark and not after_mark:
            after_mark = True
        else:
            break
        at += 1
    return mantissa, exponent + n_zeros, n_seen, at, is_long


@kernel
def read_exponent(data, at, end):
    """Read an exponent after `e`; return it and the end position (before `e` if it is invalid)."""
    begin = at
    if at == end or data[at] | 32 != ord("e"):
        return np.int64(0), begin
    at += 1
    negative = at < end and data[at] == ord("-")
    if negative or (at < end and data[at] == ord("+")):
        at += 1
    if at == end:
        return np.int64(0), begin
    exponent = np.int64(0)
    while at < end:
        digit = np.int64(data[at]) - 48
        if digit < 0 or digit > 9:
            return np.int64(0), begin
        if exponent < ENDLESS:
            exponent = exponent * 10 + digit
        at += 1
    return -exponent if negative else exponent, at


@kernel
def is_nonfinite_word(data, at, end):
    """Tell whether the bytes are `nan`, `inf` or `infinity` in lower or upper case."""
    if end - at > 8:
        return False
    word = np.int64(0)
    while at < end:
        letter = np.int64(data[at]) | 32
        if letter < 97 or letter > 122:
            return False
        word = word << 8 | letter
        at += 1
    return word in (NAN, INF, INFINITY)


@kernel
def shift_point(mantissa, shift, powers):
    """Round `mantissa * 10**shift` half-even; the mantissa must be >= 0 and the shift not -19."""
    if mantissa == 0:
        return mantissa, OK
    if shift >= 0:
        if shift > 18 or mantissa >= powers[18 - shift]:
            return np.int64(0), TOO_LARGE
        return mantissa * powers[shift], OK
    if shift < -18:
        return np.int64(0), ROUNDED
    unit = powers[-shift]
    whole = mantissa // unit
    rest = mantissa - whole * unit
    if rest > unit - rest or (rest == unit - rest and whole & 1 == 1):
        whole += 1
    if whole >= LIMIT:
        return np.int64(0), TOO_LARGE
    return whole, OK if rest == 0 else ROUNDED
