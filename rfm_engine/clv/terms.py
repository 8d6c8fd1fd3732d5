"""The horizons, the margin and the discount rate of lifetime value, as users write them."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple, Self

from rfm_engine.errors import Message, UsageError, shown
from rfm_engine.options.messages import message, named
from rfm_engine.scoring.numbers import exact_number

MOST_DAYS = 3650
"""The longest horizon: later orders say little, and no model was checked for longer."""
MARGIN_DIGITS = 9
"""Digits of a margin after the point, so that its products with amounts are exact."""
_PARTS: int = 10**MARGIN_DIGITS
STEP_DAYS = 30
"""Orders are discounted at the end of each period of this many days, as in lifetimes."""
_YEAR_DAYS = 365
_WIDEST_SD = 10
_DAYS = re.compile(r"[1-9][0-9]{0,3}d", re.ASCII)
_DIGITS = Context(prec=50)


class Terms(NamedTuple):
    """What is predicted.

    Attributes
    ----------
    horizon_days
        Days in which orders are predicted.
    clv_days
        Days in which orders count for the lifetime value.
    margin
        Share of the amounts that is profit, above 0 up to 1.
    discount_rate
        Yearly rate of discount, from 0 to 1.
    """

    horizon_days: int
    clv_days: int
    margin: Decimal
    discount_rate: Decimal

    @classmethod
    def of(
        cls, horizon: object, clv_horizon: object, margin: object, discount_rate: object
    ) -> Self:
        """Read the options of the same names.

        Raises
        ------
        UsageError
            An option has another form, or is out of its range.
        """
        return cls(
            days_of("horizon", horizon),
            days_of("clv_horizon", clv_horizon),
            margin_of(margin),
            discount_rate_of(discount_rate),
        )

    def schedule(self) -> list[tuple[int, float]]:
        """Return numbers of days, and the weight of the orders within each of them.

        The discounted orders are `sum_j (E(h_j) - E(h_{j-1})) v_j` with `v_j = (1 +
        discount_rate)^(-h_j / 365)` and h_j = 30, 60, .. and the horizon. By parts, this is `sum_j
        E(h_j) (v_j - v_{j+1})`. No weight is negative, so that roundings cannot make the sum
        negative.
        """
        ends = [*range(STEP_DAYS, self.clv_days, STEP_DAYS), self.clv_days]
        log = _DIGITS.ln(_DIGITS.add(1, self.discount_rate))
        years = [_DIGITS.divide(end, _YEAR_DAYS) for end in ends]
        values = [_DIGITS.exp(_DIGITS.multiply(-year, log)) for year in years]
        later = [*values[1:], Decimal(0)]
        weights = [_DIGITS.subtract(*pair) for pair in zip(values, later, strict=True)]
        return [(end, float(each)) for end, each in zip(ends, weights, strict=True) if each]


def days_of(option: str, given: object) -> int:
    """Return the days of a horizon such as `90d`.

    Raises
    ------
    UsageError
        It has another form, or is not from 1 to 3650 days.
    """
    if isinstance(given, str) and _DAYS.fullmatch(given) and int(given[:-1]) <= MOST_DAYS:
        return int(given[:-1])
    raise UsageError(
        message(
            "{} must be a number of days from 1d to {}d, like 90d or 365d; got {}. Correct it.",
            named(option),
            MOST_DAYS,
            shown(given),
        )
    )


def margin_of(given: object) -> Decimal:
    """Return the margin, a share of the amounts such as 0.25.

    Raises
    ------
    UsageError
        It is not an exact number above 0 up to 1, or has more than 9 digits after the point.
    """
    margin = _exactly(given)
    if margin is not None and 0 < margin <= 1 and _PARTS % Fraction(margin).denominator == 0:
        return margin
    raise UsageError(
        message(
            "{} must be a share of the amounts above 0, up to 1, with at most {} digits after the "
            "point, such as {}; got {}. Correct it.",
            named("margin"),
            MARGIN_DIGITS,
            _exact_example("0.25"),
            shown(given),
        )
    )


def discount_rate_of(given: object) -> Decimal:
    """Return the yearly discount rate, such as 0.1 for 10%.

    Raises
    ------
    UsageError
        It is not an exact number from 0 to 1.
    """
    rate = _exactly(given)
    if rate is not None and 0 <= rate <= 1:
        return rate
    raise UsageError(
        message(
            "{} must be a rate per year from 0 to 1, such as {}; got {}. Correct it.",
            named("discount_rate"),
            _exact_example("0.1"),
            shown(given),
        )
    )


def _exact_example(text: str) -> Message:
    """Return a number for a message; in Python, floats are refused."""
    return Message(f'"{text}" (text or Decimal)', text)


def shrinkage_sd_of(given: object) -> Decimal:
    """Return the standard deviation of the logs of the parameters of groups.

    Raises
    ------
    UsageError
        It is not a number above 0 up to 10.
    """
    number = None if isinstance(given, bool) else exact_number(given)
    if number is not None and 0 < number <= _WIDEST_SD:
        return number
    raise UsageError(
        message(
            "{} must be a number above 0, up to {}; got {}. Correct it.",
            named("shrinkage_sd"), _WIDEST_SD, shown(given),
        )
    )  # fmt: skip


def _exactly(given: object) -> Decimal | None:
    """Return a number; None for a float too, because it is rarely the number that was meant."""
    return exact_number(given) if isinstance(given, str | int | Decimal) else None
