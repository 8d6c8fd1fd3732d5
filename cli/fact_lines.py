"""Lines about all customers together for people: whales, concentration, average cycle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .words import counted, with_separators

_MORE = (5, 10, 20)
_DAY_US = 86_400_000_000


def fact_lines(facts: dict[str, Any]) -> list[str]:
    """Return lines about the facts of a summary; groups have no concentration and no cycle."""
    lines = [_whales(facts["whales"])]
    shares = facts["concentration"]
    if shares is not None:
        best = {each["percent"]: each["share_monetary"] for each in shares["best"]}
        if shares["gini"] is not None:
            more = ", ".join(f"{percent}% {best[percent]:.1%}" for percent in _MORE)
            gini = f"Gini {shares['gini']:.3f}"
            lines.append(f"the best 1% have {best[1]:.1%} of the money, {more}; {gini}")
    if facts["cycle_us"] is not None:
        days = f"{facts['cycle_us'] / _DAY_US:,.1f} days"
        known = ", assumed because no customer has two orders"
        if facts["has_cycle"]:
            known = " between two orders of a customer"
        lines.append(f"average cycle: {days}{known}")
    return lines


def _whales(whales: dict[str, Any]) -> str:
    least = whales["least"]
    of = "of each group " if least is None else ""
    limit = "" if least is None else f", at least {with_separators(str(least))}"
    if least is not None and Decimal(least) <= 0:
        # A whale has a value above 0, even if the best customers have less.
        limit = ", above 0"
    share = whales["share_monetary"]
    money = "" if share is None else f", {share:.1%} of the money"
    by = "money" if whales["by"] == "monetary" else whales["by"]
    chosen = f"best {whales['share']} {of}by {by}{limit}"
    nulls = f"; null for {counted(whales['nulls'], 'customer')}" if whales.get("nulls") else ""
    return f"whales: {counted(whales['customers'], 'customer')} ({chosen}){money}{nulls}"
