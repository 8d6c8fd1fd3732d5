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
        A condition is about the time between orders, or about customer facts.
    """
    found = [
        each
        for each in scheme.conditions
        if each.measure == "mean_gap_days" or each.operand == "cycle" or each.is_about_facts
    ]
    if found:
        raise UsageError(
            message(
                "scheme {} must not use first orders with {customer_level}, which has none; "
                "got {!r}. Choose another scheme.",
                scheme.name,
                str(found[0]),
            )
        )
