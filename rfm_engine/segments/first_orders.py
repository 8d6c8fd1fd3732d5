"""Schemes that need the time of the first order."""

from __future__ import annotations

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.segments.scheme import Scheme


def refuse_first_orders(scheme: Scheme) -> None:
    """Refuse a scheme that needs first orders if only the last orders are known.

    Raises
    ------
    UsageError
        A condition is about the time between orders.
    """
    conditions = [condition for segment in scheme.segments for condition in segment.conditions]
    found = [c for c in conditions if c.measure == "mean_gap_days" or c.operand == "cycle"]
    if found:
        raise UsageError(
            message(
                "scheme {} must not use first orders with {customer_level}, which has none; "
                "got {!r}. Choose another scheme.",
                scheme.name,
                str(found[0]),
            )
        )
