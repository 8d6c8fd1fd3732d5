"""Schemes that ask when customers first ordered."""

from __future__ import annotations

from rfm_engine.errors import UsageError
from rfm_engine.segments.scheme import Scheme


def refuse_first_orders(scheme: Scheme) -> None:
    """Refuse a scheme for customers of whom only the last order is known.

    Raises
    ------
    UsageError
        A condition is about the time between orders.
    """
    conditions = [condition for segment in scheme.segments for condition in segment.conditions]
    found = [c for c in conditions if c.measure == "mean_gap_days" or c.operand == "cycle"]
    if found:
        raise UsageError(
            f"scheme {scheme.name} must not ask for first orders with customer_level, which has "
            f"none; got {str(found[0])!r}. Choose another scheme."
        )
