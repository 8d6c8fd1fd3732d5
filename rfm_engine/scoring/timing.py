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
from rfm_engine.orders.extent import extent
from rfm_engine.orders.time.clock import DAY_US, LAST_US, local_us
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
    `own_us`, `int64[n]`, is the own cycle. `timing`, `int16[n]`, numbers the names of `Words`.
    """

    gap_us: Integers
    own_us: Integers
    timing: npt.NDArray[np.int16]


class Orders(NamedTuple):
    """What timing is computed from: first and last order, number of orders, days since the last."""

    first_us: Instants
    last_us: Instants
    frequency: Integers
    recency_days: npt.NDArray[np.int32]


def timed(orders: Orders, cycle_us: Integers, groups: Codes) -> Timed:
    """Compute timing; `cycle_us` is `int64[groups]`, and `groups` is empty if there is only one."""
    n = len(orders.frequency)
    found = Timed(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int16))
    limits = frozen(np.array(words().limits, np.int64))
    write_timing(_frozen(orders), frozen(cycle_us), groups, limits, found)
    return found


def _frozen(orders: Orders) -> Orders:
    arrays: Any = orders
    return Orders(*map(frozen, arrays))


def due_days(
    last_us: Instants, own_us: Integers, zone: Zone
) -> tuple[npt.NDArray[np.int32], Mask | None]:
    """Return the local date of the last order plus the own cycle, in days since 1970.

    The mask is False where this is after the year 9999, so that it is no date; None if all are
    dates.
    """
    due_us = frozen(last_us + own_us)
    wall_us = local_us(due_us, zone)
    latest = max(extent(due_us)[1], extent(wall_us)[1])
    known = None if latest <= LAST_US else (due_us <= LAST_US) & (wall_us <= LAST_US)
    return (wall_us // DAY_US).astype(np.int32), known


def gaps_of(first_us: Instants, last_us: Instants, frequency: Integers, gaps: Integers) -> None:
    """Fill `gaps`, `int64[n]`, with the mean time between orders; `ONE_ORDER` for one order."""
    write_gaps(frozen(first_us), frozen(last_us), frozen(frequency), gaps)


@kernel
def write_gaps(first_us, last_us, frequency, gaps):
    """Fill `gaps` with `(last - first) // (orders - 1)`, and -1 if there is one order."""
    for i in range(len(gaps)):
        n = frequency[i]
        gaps[i] = (last_us[i] - first_us[i]) // (n - 1) if n > 1 else -1


@kernel
def write_timing(orders, cycle_us, groups, limits, found):
    """Fill the arrays of `found`.

    `limit * own` is below 2^62, because two orders are less than 2^59 microseconds apart and limits
    are at most 8. Days are compared with its whole days: `r * day <= x` is `r <= x // day`.
    """
    for i in range(len(orders.frequency)):
        n = orders.frequency[i]
        span = orders.last_us[i] - orders.first_us[i]
        cycle = cycle_us[groups[i] if len(groups) > 0 else 0]
        own = (span + cycle) // n
        found.gap_us[i] = span // (n - 1) if n > 1 else -1
        found.own_us[i] = own
        above = 0
        for j in range(len(limits)):
            above += orders.recency_days[i] > limits[j] * own // DAY_US
        found.timing[i] = above
