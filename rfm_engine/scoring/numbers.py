"""Numbers that people write, as the decimals they are: cut points and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from decimal import Context, Decimal
from numbers import Real

from rfm_engine.orders.money.texts import split_decimal

# More would be no days, orders or money, and powers of ten that take minutes to write out.
MOST_DIGITS, MOST_DECIMALS = 18, 50
_EXACT = Context(prec=2 * (MOST_DIGITS + MOST_DECIMALS))


def exact_numbers(given: object, *, floats: bool) -> list[Decimal] | None:
    """Return a list of numbers as decimals; None where it is no list of such.

    `floats` are taken for their shortest text, or are none.
    """
    if isinstance(given, str | bytes | Mapping | Set) or not isinstance(given, Iterable):
        return None
    numbers = []
    for each in given:
        number = exact_number(each)
        if number is None or (isinstance(each, float) and not floats):
            return None
        numbers.append(number)
    return numbers


def exact_number(given: object) -> Decimal | None:
    """Return a number, or a text that is one, as the decimal that it is written as.

    None for all else, and for a number of more than 18 digits before the point or 50 behind it.
    """
    if isinstance(given, bool) or not isinstance(given, str | Decimal | Real):
        return None
    if isinstance(given, int) and abs(given) >= 10**MOST_DIGITS:
        return None  # Before it is written out, which Python refuses for thousands of digits.
    try:
        mantissa, exponent = split_decimal(str(given))
    except ValueError:
        return None
    if mantissa == 0:
        return Decimal(0)
    lowest = int(mantissa.as_tuple().exponent) + exponent
    if mantissa.adjusted() + exponent >= MOST_DIGITS or lowest < -MOST_DECIMALS:
        return None
    return mantissa.scaleb(exponent, _EXACT)
