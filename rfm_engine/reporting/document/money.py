"""Money in the report document: text in major units."""

from __future__ import annotations

from decimal import Decimal

from rfm_engine.orders.money.amounts import format_minor


def money_text(amount: Decimal | int | None, scale: int) -> str | None:
    """Return an amount as text, for example `"12.50"`; None stays None.

    Parameters
    ----------
    amount
        A decimal in major units, or an integer in minor units.
    scale
        Number of decimal digits of the minor unit.
    """
    if amount is None:
        return None
    return format_minor(amount, scale) if isinstance(amount, int) else f"{amount:f}"
