"""The numbers that customer facts compare with, as a frozen scheme or a model has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.orders.time.clock import FIRST_US, LAST_US
from rfm_engine.scoring.numbers import exact_number
from rfm_engine.scoring.whales import share_of


class FrozenFacts(NamedTuple):
    """The share and the measure of whales, the least value of a whale, and the average cycle.

    The least value is in major units of money, in orders, or in units of an attribute.
    """

    whale_share: str
    whale_by: str
    whale_least: Decimal
    cycle_us: int

    def to_data(self) -> dict[str, Any]:
        """Return the facts as data for JSON."""
        return self._asdict() | {"whale_least": f"{self.whale_least:f}"}

    @classmethod
    def of(cls, data: Any, place: str) -> FrozenFacts:
        """Read facts from data.

        Raises
        ------
        UsageError
            The data are not facts. The message names `place`.
        """
        if not isinstance(data, dict) or set(data) != set(cls._fields):
            raise UsageError(
                f"facts of {place!r} must be a table with {', '.join(cls._fields)}; "
                f"got {shown(data)}."
            )
        least, cycle_us = exact_number(data["whale_least"]), data["cycle_us"]
        by = data["whale_by"]
        if not isinstance(by, str) or not by:
            raise _wrong(data, "whale_by", "text", place)
        if least is None or isinstance(data["whale_least"], float):
            raise _wrong(data, "whale_least", "a number", place)
        if type(cycle_us) is not int or not 0 <= cycle_us <= LAST_US - FIRST_US:
            raise _wrong(data, "cycle_us", "a whole number of microseconds", place)
        share_of(data["whale_share"])
        return cls(data["whale_share"], by, least, cycle_us)


def _wrong(data: dict[str, Any], key: str, wanted: str, place: str) -> UsageError:
    return UsageError(f"{key} of {place!r} must be {wanted}; got {shown(data[key])}.")
