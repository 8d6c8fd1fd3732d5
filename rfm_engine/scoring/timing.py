"""Timing: when a customer should order again, compared with the days since the last order.

The own cycle of a customer is `(last - first + cycle) // n` for n orders, in microseconds: the mean
of its gaps and of one gap of the length of the population's cycle. Customers with one order have
the cycle of the population. That cycle is the floor of the mean, over customers with two or more
orders, of `(last - first) // (n - 1)`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Instants, Integers, Mask
from rfm_engine.orders.time.clock import DAY_US, FIRST_US, LAST_US, local_us
from rfm_engine.orders.time.zones import Zone

ONE_ORDER = -1
"""The gap of a customer with one order, who has none."""


class Stage(NamedTuple):
    """A lifecycle stage, and what a customer must have to be in it; None means anything."""

    name: str
    orders: int | None
    timing: frozenset[str] | None
    is_whale: bool | None

    def fits(self, n_orders: int, timing: str, *, is_whale: bool) -> bool:
        """Return whether a customer can be in this stage."""
        return (
            self.orders in (None, n_orders)
            and (self.timing is None or timing in self.timing)
            and self.is_whale in (None, is_whale)
        )


class Words(NamedTuple):
    """The content of timing.toml."""

    limits: tuple[int, ...]
    timings: tuple[str, ...]
    fallback_days: int
    stages: tuple[Stage, ...]

    def stage_table(self) -> npt.NDArray[np.int16]:
        """Return the stage by timing, by whether there is one order, and by whether a whale."""
        found = [
            next(
                number
                for number, stage in enumerate(self.stages)
                if stage.fits(n_orders, timing, is_whale=is_whale)
            )
            for timing in self.timings
            for n_orders in (2, 1)
            for is_whale in (False, True)
        ]
        return np.array(found, np.int16)


@cache
def words() -> Words:
    """Return the limits and names of timing, and the lifecycle stages in order."""
    content = tomllib.loads((files(__package__) / "timing.toml").read_text("utf-8"))
    timing = content["timing"]
    stages = [
        Stage(
            each["name"],
            each.get("orders"),
            frozenset(each["timing"]) if "timing" in each else None,
            each.get("is_whale"),
        )
        for each in content["stages"]
    ]
    limits, names = tuple(timing["limits"]), tuple(timing["names"])
    return Words(limits, names, timing["fallback_days"], tuple(stages))


class Timed(NamedTuple):
    """Timing of customers, one array each.

    `gap_us`, `int64[n]`, is the mean time between orders, `ONE_ORDER` if there is one order.
    `own_us`, `int64[n]`, is the own cycle. `due_days`, `int32[n]`, is the date of the last order
    plus the own cycle, in days since 1970. `timing`, `int16[n]`, numbers the names of `Words`.
    """

    gap_us: Integers
    own_us: Integers
    due_days: npt.NDArray[np.int32]
    timing: npt.NDArray[np.int16]

    @classmethod
    def room(cls, n: int) -> Timed:
        """Allocate arrays for n customers, not initialized."""
        wide = np.empty((2, n), np.int64)
        return cls(wide[0], wide[1], np.empty(n, np.int32), np.empty(n, np.int16))

    def part(self, start: int, end: int) -> Timed:
        """Return the arrays of some customers, which can be written."""
        arrays: Any = self
        return Timed(*(array[start:end] for array in arrays))


class Orders(NamedTuple):
    """What timing is computed from: first and last order, number of orders, days since the last."""

    first_us: Instants
    last_us: Instants
    frequency: Integers
    recency_days: npt.NDArray[np.int32]


def write_timing(
    orders: Orders, cycle_us: Integers, groups: Codes, zone: Zone, found: Timed
) -> Mask | None:
    """Fill `found`; return for whom the due date is a date, or None if it is for all customers.

    It is not a date if it is after the year 9999. `cycle_us` is `int64[groups]`. `groups` are the
    groups of the customers, or empty if there is only one.
    """
    arrays: Any = orders
    orders = Orders(*map(frozen, arrays))
    limits = frozen(np.array(words().limits, np.int64))
    latest_us = time_customers(orders, frozen(cycle_us), frozen(groups), limits, found)
    if zone.is_utc and latest_us <= LAST_US:
        return None
    due_us = frozen(orders.last_us + found.own_us)
    wall_us = local_us(due_us, zone)
    found.due_days[:] = wall_us // DAY_US
    are_dates = (due_us <= LAST_US) & (wall_us <= LAST_US)
    return None if are_dates.all() else are_dates


@kernel
def time_customers(orders, cycle_us, groups, limits, found):
    """Fill the arrays of `found`, with due dates in UTC; return the latest due instant.

    Dates are in the years 1 to 9999, so that spans, own cycles and days in microseconds are below
    2^59. Limits are at most 8. Unsigned division takes half the time of signed division.
    """
    day = np.uint64(DAY_US)
    latest = FIRST_US
    for i in range(len(found.own_us)):
        n = np.uint64(orders.frequency[i])
        last = orders.last_us[i]
        span = np.uint64(last - orders.first_us[i])
        cycle = np.uint64(cycle_us[groups[i] if len(groups) > 0 else 0])
        own = np.int64((span + cycle) // n)
        found.own_us[i] = own
        found.gap_us[i] = np.int64(span // (n - np.uint64(1))) if n > 1 else ONE_ORDER
        latest = max(latest, last + own)
        due = np.uint64(last + own - FIRST_US)
        found.due_days[i] = np.int64(due // day) + FIRST_US // DAY_US
        passed = np.int64(orders.recency_days[i]) * DAY_US
        above = 0
        for j in range(len(limits)):
            above += passed > limits[j] * own
        found.timing[i] = above
    return latest
