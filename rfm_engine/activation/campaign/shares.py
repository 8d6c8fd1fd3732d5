"""Shares and numbers that users write, read exactly."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import OptionName, message, named

_PERCENT = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?\s*%")
_MOST_BP = 5000
_MOST_DIGITS = 30


def basis_points(given: object, option: str = "holdout") -> int:
    """Return the share of a holdout such as `10%` in basis points, hundredths of a percent.

    Raises
    ------
    UsageError
        It is not a percentage from 0% to 50% with at most two decimals.
    """
    found = _PERCENT.fullmatch(given.strip()) if isinstance(given, str) else None
    share = -1 if found is None else int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if not 0 <= share <= _MOST_BP:
        raise UsageError(
            message(
                "{} must be a share of the customers like 10% or 2.5%, from 0% to 50%; got {}. "
                "Give a percentage with at most two decimals.",
                named(option), shown(given),
            )
        )  # fmt: skip
    return share


def percent_of(holdout_bp: int) -> str:
    """Return a share in basis points as text, such as `10%` or `2.5%`."""
    return f"{Decimal(holdout_bp) / 100:f}%"


def number(given: object) -> Fraction | None:
    """Return a number, or a percentage as a share; None if it is neither."""
    text = str(given).strip()
    try:
        found = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > _MOST_DIGITS:
        return None
    if len(found.as_tuple().digits) > _MOST_DIGITS:
        return None
    return Fraction(found) / (100 if text.endswith("%") else 1)


def probability(given: object, option: str) -> float:
    """Return a probability between 0 and 1, both excluded.

    Raises
    ------
    UsageError
        It is something else.
    """
    found = number(given)
    if found is None or not 0 < found < 1:
        raise _wrong(named(option), "a share such as 0.05 or 5%, above 0 and below 1", given)
    return float(found)


def positive(given: object, option: str) -> float:
    """Return a number above 0.

    Raises
    ------
    UsageError
        It is something else.
    """
    found = number(given)
    if found is None or found <= 0 or str(given).strip().endswith("%"):
        raise _wrong(named(option), "a number above 0", given)
    return float(found)


def _wrong(option: OptionName, contract: str, given: object) -> UsageError:
    return UsageError(message("{} must be {}; got {}. Correct it.", option, contract, shown(given)))
