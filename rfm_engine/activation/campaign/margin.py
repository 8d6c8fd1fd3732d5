"""The margin of orders: a share of the spend, or a column of the rows."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, Self

from rfm_engine.activation.campaign.shares import number
from rfm_engine.errors import UsageError, shown
from rfm_engine.insight.statistics import half_even
from rfm_engine.options.messages import message


class Margin(NamedTuple):
    """Where the margin is from.

    Attributes
    ----------
    rate
        The share of the spend; None for a column, or without margins.
    column
        The column of the rows; None for a share, or without margins.
    """

    rate: Fraction | None = None
    column: str | None = None

    @classmethod
    def of(cls, given: object) -> Self:
        """Read `25%`, `0.25` or the name of a column.

        Raises
        ------
        UsageError
            It is none of these, or a share above 100%.
        """
        if given is None:
            return cls()
        rate = number(given)
        if rate is None:
            if isinstance(given, str) and given and "%" not in given:
                return cls(column=given)
        elif 0 <= rate <= 1:
            return cls(rate=rate)
        raise UsageError(
            message(
                "{margin} must be a share of the spend such as 25% or 0.25, from 0 to 1, or a "
                "column of {rows}; got {}. Correct it.",
                shown(given),
            )
        )

    @property
    def is_known(self) -> bool:
        """Whether there are margins."""
        return self.rate is not None or self.column is not None

    def sum_of(self, spend: int, margin: int) -> int | None:
        """Return the margin of some orders in minor units, rounded half to even.

        Parameters
        ----------
        spend, margin
            The sums of the orders; `margin` is that of the column.
        """
        found = self.exactly(spend, margin)
        return None if found is None else half_even(found.numerator, found.denominator)

    def exactly(self, spend: int, margin: int) -> Fraction | None:
        """Return the margin of some orders in minor units, which may have a fraction."""
        if self.rate is not None:
            return spend * self.rate
        return Fraction(margin) if self.column is not None else None
