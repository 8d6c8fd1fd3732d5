"""The facts about all customers together: whales, average cycle, and concentration."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.scoring.concentration import Concentration
from rfm_engine.segments.conditions import DAY_US, WHALE
from rfm_engine.segments.frozen_facts import FrozenFacts


@dataclass(frozen=True, slots=True)
class FactTotals:
    """What `facts` found about a population.

    Attributes
    ----------
    whale_share, whale_by
        The options `whales` and `whale_by`.
    whale_scale
        Number of decimal digits of the values of whales.
    whale_nulls
        Number of customers without a value, if whales are by an attribute; otherwise None.
    whales, whales_minor
        Number of whales, and their net amount in minor units.
    whale_least
        The least value of a whale as an integer: in minor units, orders, or units of the last
        digit of the attribute. None with `by`.
    cycle_us
        The average cycle in microseconds. None with `by`.
    has_cycle
        Whether a customer has two orders; if not, `cycle_us` is the fallback. None with `by`.
    concentration
        How much of the net amount comes from how few customers. None with `by`.
    """

    whale_share: str
    whale_by: str
    whale_scale: int
    whale_nulls: int | None
    whales: int
    whales_minor: int
    whale_least: int | None
    cycle_us: int | None
    has_cycle: bool | None
    concentration: Concentration | None

    def frozen(self) -> FrozenFacts:
        """Return the numbers for a frozen scheme; there must be one population without groups."""
        assert self.cycle_us is not None
        least = Decimal(self.least_text or 0)
        return FrozenFacts(self.whale_share, self.whale_by, least, self.cycle_us)

    @property
    def least_text(self) -> str | None:
        """The least value of a whale as text: in major units, or orders."""
        return (
            None if self.whale_least is None else format_minor(self.whale_least, self.whale_scale)
        )

    def compared(self, measure: str) -> str | None:
        """Return what a condition on a fact compares with: a value, or a cycle in days."""
        if measure == WHALE:
            return self.least_text
        if self.cycle_us is None:
            return None
        return format_minor(round(Fraction(self.cycle_us * 10**4, DAY_US)), 4)

    def to_metadata(self) -> dict[str, Any]:
        """Return the keys `facts` and `concentration` of the metadata of an output."""
        facts = {name: getattr(self, name) for name in _PLAIN}
        shares = self.concentration
        return {"facts": facts, "concentration": None if shares is None else _table(shares)}

    @classmethod
    def from_metadata(cls, about: dict[str, Any]) -> FactTotals | None:
        """Return the facts in the metadata of an output; None if it was scored without facts."""
        if about.get("facts") is None:
            return None
        return cls(**about["facts"], concentration=_concentration(about["concentration"]))

    def summary(self, scale: int, total_minor: int) -> dict[str, Any]:
        """Return the key `facts` of a summary; money is text in major units.

        `total_minor` is the net amount of all customers in minor units.
        """
        nulls = {} if self.whale_nulls is None else {"nulls": self.whale_nulls}
        return {
            "whales": {
                "share": self.whale_share,
                "by": self.whale_by,
                "customers": self.whales,
                "monetary": format_minor(self.whales_minor, scale),
                "share_monetary": _share(self.whales_minor, total_minor),
                "least": self.least_text,
                **nulls,
            },
            "cycle_us": self.cycle_us,
            "has_cycle": self.has_cycle,
            "concentration": _summary(self.concentration, scale),
        }


_PLAIN = (
    "whale_share", "whale_by", "whale_scale", "whale_nulls", "whales", "whales_minor",
    "whale_least", "cycle_us", "has_cycle",
)  # fmt: skip


def _table(found: Concentration) -> dict[str, Any]:
    return {
        "p": found.percents,
        "customers": found.customers,
        "minor": found.minor,
        "make": {"q": found.make, "customers": found.makers},
        "gini": None if found.gini is None else {"num": found.gini[0], "den": found.gini[1]},
        "n_negative": found.n_negative,
    }


def _concentration(about: dict[str, Any] | None) -> Concentration | None:
    if about is None:
        return None
    make, gini = about["make"], about["gini"]
    makers = make["customers"]
    return Concentration(
        tuple(about["p"]),
        tuple(about["customers"]),
        tuple(about["minor"]),
        tuple(make["q"]),
        None if makers is None else tuple(makers),
        None if gini is None else (gini["num"], gini["den"]),
        about["n_negative"],
    )


def _share(minor: int, total_minor: int) -> float | None:
    return minor / total_minor if total_minor > 0 else None


def _summary(found: Concentration | None, scale: int) -> dict[str, Any] | None:
    if found is None:
        return None
    rows = zip(found.percents, found.customers, found.minor, strict=True)
    makers = found.makers or [None] * len(found.make)
    return {
        "best": [
            {
                "percent": percent,
                "customers": customers,
                "monetary": format_minor(minor, scale),
                "share_monetary": _share(minor, found.minor[-1]),
            }
            for percent, customers, minor in rows
        ],
        "make": [
            {"percent": percent, "customers": customers}
            for percent, customers in zip(found.make, makers, strict=True)
        ],
        "gini": None if found.gini is None else found.gini[0] / found.gini[1],
        "negative_customers": found.n_negative,
    }
