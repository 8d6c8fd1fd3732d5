"""Convert money for the naive twin: amounts are exact fractions, rounded once per row."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

LIMIT = 10**18


class Single(float):
    """A float32; it was rounded if the result's nearest float32 differs from it."""


class TooLargeError(ArithmeticError):
    """An amount has more than 18 digits."""


class NoRateError(LookupError):
    """A counted row has a currency without a rate."""


Rates = Mapping[str | None, Sequence[tuple[date | None, Fraction]]]
Amount = int | float | Single | Decimal | str


def is_finite(amount: Amount) -> bool:
    return not isinstance(amount, float) or math.isfinite(amount)


def minor_units(
    amount: Amount, scale: int, quantity: int = 1, rate: Fraction | None = None
) -> tuple[int, bool]:
    """Return the integer minor units of a row, and whether digits were lost.

    The product is rounded once. An integer is in minor units, at any scale. A float has lost no
    digits if it is the float nearest to the decimal chosen for it. A rate is multiplied by this
    decimal, or, if digits were lost, by the shortest decimal whose nearest float it is.
    """
    if rate is not None:
        return _converted(amount, scale, quantity, rate)
    if isinstance(amount, int):
        return within_18_digits(amount * quantity), False
    exact = Fraction(amount) if isinstance(amount, float) else Fraction(Decimal(amount))
    factor = quantity * 10**scale
    if factor == 0:
        return 0, False
    minor = within_18_digits(round(exact * factor))  # round() of a Fraction is half-even
    taken = Fraction(minor, factor)
    if isinstance(amount, Single):
        rounded = nearest_single(taken) != amount
    elif isinstance(amount, float):
        rounded = float(taken) != amount
    else:
        rounded = taken != exact
    return minor, rounded


def decimal_of(text: str, point: str = ".", thousands: str = "") -> Decimal | None:
    """Return the number in a text; None if the text is not a number.

    `thousands` are the characters that may separate groups of three digits. A minus may be before
    or after the number, or the number may be in parentheses.
    """
    text = text.strip(" \t\r\n\v\f")
    whole = "[0-9]+"
    if thousands:
        whole = f"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:[{re.escape(thousands)}][0-9]{{3}})+)"
    mark = re.escape(point)
    number = rf"((?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    plain = re.fullmatch(rf"([+-]?){number}", text)
    wrapped = re.fullmatch(rf"{number}-|\({number}\)", text)
    if plain is not None:
        sign, digits = plain[1], plain[2]
    elif wrapped is not None and text[-2] in f"0123456789{point}":
        sign, digits = "-", wrapped[1] or wrapped[2]
    else:
        return None
    for each in thousands:
        digits = digits.replace(each, "")
    return Decimal(sign + digits.replace(point, "."))


def _converted(amount: Amount, scale: int, quantity: int, rate: Fraction) -> tuple[int, bool]:
    if isinstance(amount, int):
        exact = amount * quantity * rate
    else:
        decimal = _meant(amount, scale) if isinstance(amount, float) else Fraction(Decimal(amount))
        exact = decimal * quantity * 10**scale * rate
    minor = within_18_digits(round(exact))
    return minor, minor != exact


def _meant(amount: float, scale: int) -> Fraction:
    """Return the decimal that a float represents."""
    try:
        minor, was_rounded = minor_units(amount, scale)
    except TooLargeError:
        was_rounded = True
    if not was_rounded:
        return Fraction(minor, 10**scale)
    for digits in range(1, 18):
        text = f"{amount:.{digits}g}"
        exact = Fraction(Decimal(text))
        if (nearest_single(exact) if isinstance(amount, Single) else float(text)) == amount:
            return exact
    raise AssertionError(amount)


def rate_on(rates: Rates, currency: str | None, day: date) -> Fraction | None:
    """Return the rate of the newest line not after the day; None without such a line."""
    lines = [(start or date.min, rate) for start, rate in rates.get(currency, ())]
    begun = [line for line in lines if line[0] <= day]
    return max(begun)[1] if begun else None


def within_18_digits(minor: int) -> int:
    if abs(minor) >= LIMIT:
        raise TooLargeError(minor)
    return minor


def nearest_single(exact: Fraction) -> float:
    """Round directly to float32: return the nearest of three candidates, ties to even."""
    (bits,) = struct.unpack("<I", struct.pack("<f", float(exact)))
    sign, magnitude = bits & 0x8000_0000, bits & 0x7FFF_FFFF
    near = {sign | max(0, magnitude + step) for step in (-1, 0, 1)}

    def distance(candidate: int) -> tuple[Fraction, int]:
        return abs(Fraction(_single_of(candidate)) - exact), candidate & 1

    return _single_of(min(near, key=distance))


def _single_of(bits: int) -> float:
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return float(value)
