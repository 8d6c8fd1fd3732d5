"""Read the numbers that users write, cut points and weights, as exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from decimal import Context, Decimal
from numbers import Real

from rfm_engine.orders.money.texts import split_decimal

# Larger numbers are no days, orders or money; some powers of ten would take minutes to print.
MOST_DIGITS, MOST_DECIMALS = 18, 50
_EXACT = Context(prec=2 * (MOST_DIGITS + MOST_DECIMALS))


def exact_numbers(given: object, *, floats: bool) -> list[Decimal] | None:
    """Return a list of numbers as decimals, or None if `given` is not a list of numbers.

    If `floats` is True, a float is read as its shortest decimal text. Otherwise a float does not
    count as a number.
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
    """Return a number, or a text that contains a number, as an exact decimal.

    Return None for any other value, and for a number that has more than 18 digits before the
    decimal point or more than 50 after it.
    """
    if isinstance(given, bool) or not isinstance(given, str | Decimal | Real):
        return None
    if isinstance(given, int) and abs(given) >= 10**MOST_DIGITS:
        return None  # Checked before `str`, because Python refuses to print thousands of digits.
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
