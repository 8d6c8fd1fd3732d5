"""Attributes of order lines for the naive twin: sums of exact fractions, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .reference_money import Amount, is_finite, minor_units, within_18_digits


def summed_minor(
    amounts: Sequence[Amount | None], scale: int, rate: Fraction | None = None
) -> int | None:
    """Return the sum of the minor units of one row; None if there is no finite number."""
    known = [each for each in amounts if each is not None and is_finite(each)]
    total = None
    for each in known:
        minor, _ = minor_units(each, scale, rate=rate)
        total = within_18_digits(minor + (total or 0))
    return total
