"""What the customers of one arm bought, as sums of integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from rfm_engine.activation.statistics.means import Sums

_WORD = 1 << 32


@dataclass(frozen=True, slots=True)
class Arm:
    """Sums over the customers of one arm, in minor units.

    Attributes
    ----------
    customers, responders, buyers, orders
        Numbers. Buyers have an order; responders are in the file of responses.
    spend, margin, cost
        The net amount of the orders, the sum of the column of margins, and the cost of the
        contacts and responses.
    spend_squares, margin_squares
        The sums of the squares per customer.
    responder_spend, responder_margin
        The same of the responders.
    """

    customers: int = 0
    responders: int = 0
    buyers: int = 0
    orders: int = 0
    spend: int = 0
    margin: int = 0
    cost: int = 0
    responder_spend: int = 0
    responder_margin: int = 0
    spend_squares: int = 0
    margin_squares: int = 0

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the sums of a row of `cells.sql`."""
        own = {field.name: int(row[field.name]) for field in fields(cls) if field.name in row}
        squares = {f"{name}_squares": squares_of(row, name) for name in ("spend", "margin")}
        return cls(**own | squares)

    def __add__(self, other: Arm) -> Arm:
        """Return the sums of both."""
        names = [field.name for field in fields(self)]
        return Arm(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def spends(self) -> Sums:
        """The spend per customer, for tests of means."""
        return Sums(self.customers, self.spend, self.spend_squares)

    @property
    def margins(self) -> Sums:
        """The column of margins per customer, for tests of means."""
        return Sums(self.customers, self.margin, self.margin_squares)


def squares_of(row: Mapping[str, Any], name: str) -> int:
    """Return a sum of squares from its parts."""
    high, mixed, low = (int(row[f"{name}_{part}"]) for part in ("high_high", "high_low", "low_low"))
    return high * _WORD * _WORD + 2 * mixed * _WORD + low
