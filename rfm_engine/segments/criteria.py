"""Criteria that were fitted to some customers, to find the segments of any customers."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Integers, Segments
from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.cells import Added, Compared, Cuts, new_sums, place_customers
from rfm_engine.scoring.whales import whales_of
from rfm_engine.segments.assignment import means_of, raw_measure
from rfm_engine.segments.conditions import OWN_CYCLE, WHALE, Population
from rfm_engine.segments.facts import Limits, Marks, timed_chunk
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.plan import Plan, plan_scoring
from rfm_engine.segments.rules import Rules
from rfm_engine.segments.scheme import AXES, Scheme
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.chunks import CustomerChunk

_MONETARY, _ORDERS = WHALE_BY
_UTC = Zone("UTC")
_ALONE: Codes = frozen(np.zeros(0, np.uint32))


class Criteria:
    """The cut points, rules and limits of facts of a frozen scheme.

    Parameters
    ----------
    scheme
        A frozen scheme: its method is thresholds, and its conditions compare with numbers.
    options
        The options of the snapshot that it was frozen for.
    scale
        Number of decimal digits of amounts.
    """

    def __init__(self, scheme: Scheme, options: dict[str, Any], scale: int) -> None:
        self._plan = _plan_of(scheme, options)
        self._scale = scale
        axes = self._plan.axes(scale)
        self._cuts = Cuts(*(axis.cuts or [] for axis in axes))
        population = Population(_no_values, scale, map) if scheme.is_raw else None
        self._rules = Rules(scheme, self._plan.bins, population)
        self._facts = scheme.facts

    def assign(self, chunk: CustomerChunk, whale_values: WhaleValues | None = None) -> Segments:
        """Return the number of the segment of each customer of a chunk.

        `whale_values` are the values of whales unless they are a measure of the customers.
        """
        money = chunk.monetary_minor if self._plan.monetary == "sum" else means_of(chunk)
        values = chunk.recency_days.astype(np.int64), chunk.frequency, money
        days = frozen(chunk.recency_days)
        added = Added(frozen(chunk.frequency), frozen(chunk.monetary_minor), days)
        bins = self._plan.bins
        cells = place_customers(Compared(*values), self._cuts, bins, added, new_sums(bins))
        fact = partial(self._fact, chunk, whale_values)
        return self._rules.assign(cells, cache(partial(raw_measure, chunk, fact)))

    def _fact(
        self, chunk: CustomerChunk, whale_values: WhaleValues | None, measure: str
    ) -> Integers:
        """Return a fact of customers under the frozen limits, `int64[n]`."""
        assert self._facts is not None
        if measure == WHALE:
            values, scale = _whale_measure(chunk, whale_values, self._facts, self._scale)
            least = _limits(self._facts, scale).least
            return whales_of(values, least, _ALONE).astype(np.int64)
        n = len(chunk.frequency)
        marks = Marks(np.zeros(n, np.uint32), np.zeros(n, np.bool_), _ALONE)
        limits = _limits(self._facts, 0)
        found, _ = timed_chunk(chunk, marks, limits, _UTC, chunk.moments())
        return found.own_us if measure == OWN_CYCLE else found.timing.astype(np.int64)


def _plan_of(scheme: Scheme, options: dict[str, Any]) -> Plan:
    return plan_scoring(scheme, None, None, dict.fromkeys(AXES), options["monetary"])


def _whale_measure(
    chunk: CustomerChunk, values: WhaleValues | None, facts: FrozenFacts, scale: int
) -> tuple[Integers, int]:
    """Return the values by which customers are whales, and their number of decimals."""
    if values is not None:
        return np.concatenate([*values.chunks]), values.scale
    if facts.whale_by == _ORDERS:
        return chunk.frequency, 0
    return chunk.monetary_minor, scale


def _limits(facts: FrozenFacts, scale: int) -> Limits:
    one = np.zeros(1, np.int64)
    return Limits(one, one, one, np.ones(1, np.bool_)).frozen_at(facts, scale)


def _no_values(measure: str) -> list[Integers]:
    raise KeyError(measure)
