"""What the models predict about customers, given their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.types import Integers

Schedule = Sequence[tuple[int, float]]
"""Horizons in days, ascending, with weights that are not negative."""


class Forecast(Protocol):
    """The predictions of one family with given parameters, for customers in days.

    All arrays of one call have the same length. `x`, `t_x` and `T` are those of `Triples`, in any
    order. Orders are order days, as `x` is. Results do not depend on threads or on the other
    customers of a call.
    """

    def prepare(self, triples: Triples) -> None:
        """Make the tables that `p_alive` needs for customers with these histories."""

    def p_alive(self, x: Integers, t_x: Integers, T: Integers) -> Floats:  # noqa: N803
        """Return the probability that each customer has not left yet."""

    def orders(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the expected orders in the next `days`, if the customer is alive now."""

    def discounted(self, x: Integers, T: Integers, schedule: Schedule) -> Floats:  # noqa: N803
        """Return the sum of orders within the horizons of a schedule, times their weights."""

    def p_order(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the probability of an order in the next `days`, if the customer is alive now."""

    def new_orders(self, days: Integers) -> Floats:
        """Return the expected orders of a new customer within each number of days."""
