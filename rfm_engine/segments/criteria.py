"""Criteria that were fitted to some customers, to find the segments of any customers."""

from __future__ import annotations

from concurrent.futures import Executor
from fractions import Fraction
from functools import cache, partial
from math import ceil
from typing import NamedTuple, Self

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Integers, Segments
from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.cells import Added, Compared, Cuts, new_sums, place_customers
from rfm_engine.scoring.groups import GroupCuts, Groups, Wanted, cuts_within
from rfm_engine.scoring.whales import whales_of
from rfm_engine.segments.assignment import means_of, measures_of, raw_measure
from rfm_engine.segments.conditions import OWN_CYCLE, WHALE, Population
from rfm_engine.segments.facts import Facts, Limits, Marks, timed_chunk
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Rules
from rfm_engine.segments.scheme import Scheme
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.groups import Grouping

_ORDERS = WHALE_BY[1]
_UTC = Zone("UTC")
_ALONE: Codes = frozen(np.zeros(0, np.uint32))
_MOST = (1 << 63) - 1


class Compares(NamedTuple):
    """What facts are compared with, the measure of whales, and its number of decimals."""

    limits: Limits
    whale_by: str
    scale: int

    @classmethod
    def of_frozen(cls, facts: FrozenFacts, scale: int) -> Self:
        """Return what the facts of a frozen scheme compare with, with `scale` decimals."""
        one = np.zeros(1, np.int64)
        limits = Limits(one, one, one, np.ones(1, np.bool_)).frozen_at(facts, scale)
        return cls(limits, facts.whale_by, scale)

    @classmethod
    def of_facts(cls, facts: Facts) -> Self:
        """Return what the facts of some customers compare with."""
        return cls(facts.limits, facts.plan.by, facts.measure_scale)

    def least(self, scale: int) -> Integers:
        """Return the least value of a whale per group, with `scale` decimals."""
        if scale == self.scale:
            return self.limits.least
        factor = Fraction(10) ** (scale - self.scale)
        least = [min(ceil(each * factor), _MOST) for each in self.limits.least.tolist()]
        return np.array(least, np.int64)


class Criteria:
    """Cut points, rules and limits of facts, of all customers or of each group."""

    def __init__(
        self, plan: Plan, scale: int, cuts: GroupCuts | None, rules: Rules, facts: Compares | None
    ) -> None:
        self._plan = plan
        self._scale = scale
        self._cuts = cuts
        self._rules = rules
        self._facts = facts

    @classmethod
    def of_frozen(cls, scheme: Scheme, plan: Plan, scale: int) -> Self:
        """Return the criteria of a frozen scheme, which has numbers only.

        Amounts have `scale` decimals.
        """
        population = Population(_no_values, scale, map) if scheme.is_raw else None
        facts = None if scheme.facts is None else Compares.of_frozen(scheme.facts, scale)
        return cls(plan, scale, None, Rules(scheme, plan.bins, population), facts)

    @classmethod
    def within_groups(  # noqa: PLR0913
        cls,
        chunk: CustomerChunk,
        grouping: Grouping,
        scheme: Scheme,
        plan: Plan,
        scale: int,
        facts: Facts | None,
        pool: Executor,
    ) -> Self:
        """Return the criteria that are fitted to the customers of each group.

        `facts` are those of the customers if the scheme uses them.

        Raises
        ------
        DataError
            A mean amount overflows 64 bits.
        """
        groups = Groups(grouping.numbers, grouping.n, grouping.places)
        measures = measures_of([chunk], scale, plan, pool)
        axes = [
            Wanted(axis.method, axis.bins, measure)
            for axis, measure in zip(plan.axes(scale), measures, strict=True)
            if axis.cuts is None
        ]
        cuts = cuts_within(axes, groups) if axes else None
        compares = None if facts is None else Compares.of_facts(facts)
        population = None
        if scheme.is_raw:
            fact = _no_fact if facts is None else partial(facts.raw, 0, chunk)
            column = cache(partial(raw_measure, chunk, fact))
            population = Population(lambda name: [column(name)], scale, pool.map, groups)
        rules = Rules(scheme, plan.bins, population)
        return cls(plan, scale, cuts, rules, compares)

    def assign(
        self, chunk: CustomerChunk, whale_values: WhaleValues | None, groups: Codes | None
    ) -> Segments:
        """Return the number of the segment of each customer of a chunk.

        Parameters
        ----------
        whale_values
            The values of whales unless they are a measure of the customers.
        groups
            The group of each customer, among those that the criteria have.
        """
        days = frozen(chunk.recency_days)
        added = Added(frozen(chunk.frequency), frozen(chunk.monetary_minor), days)
        bins = self._plan.bins
        compared, cuts = self._compared(chunk, groups)
        cells = place_customers(compared, cuts, bins, added, new_sums(bins))
        fact = partial(self._fact, chunk, whale_values, _ALONE if groups is None else groups)
        return self._rules.assign(cells, cache(partial(raw_measure, chunk, fact)), groups)

    def _compared(self, chunk: CustomerChunk, groups: Codes | None) -> tuple[Compared, Cuts]:
        """Return the values of customers and the cut points to compare them with.

        On axes with cut points per group these are bins, and cut points between them.
        """
        money = chunk.monetary_minor if self._plan.monetary == "sum" else means_of(chunk)
        values, cuts = [], []
        own: Integers
        n_fitted = 0
        measures = chunk.recency_days.astype(np.int64), chunk.frequency, money
        for axis, own in zip(self._plan.axes(self._scale), measures, strict=True):
            if axis.cuts is None and self._cuts is not None and groups is not None:
                values.append(self._cuts.placed(n_fitted, own, groups))
                cuts.append(list(range(axis.bins - 1)))
                n_fitted += 1
            else:
                values.append(own)
                cuts.append(axis.cuts or [])
        return Compared(*values), Cuts(*cuts)

    def _fact(
        self,
        chunk: CustomerChunk,
        whale_values: WhaleValues | None,
        groups: Codes,
        measure: str,
    ) -> Integers:
        """Return a fact of customers, `int64[n]`."""
        assert self._facts is not None
        if measure == WHALE:
            values, scale = chunk.monetary_minor, self._facts.scale
            if whale_values is not None:
                values, scale = np.concatenate(whale_values.chunks), whale_values.scale
            elif self._facts.whale_by == _ORDERS:
                values, scale = chunk.frequency, 0
            return whales_of(values, self._facts.least(scale), groups).astype(np.int64)
        n = len(chunk.frequency)
        marks = Marks(np.zeros(n, np.uint32), np.zeros(n, np.bool_), groups)
        found, _ = timed_chunk(chunk, marks, self._facts.limits, _UTC, chunk.moments())
        return found.own_us if measure == OWN_CYCLE else found.timing.astype(np.int64)


def _no_values(measure: str) -> list[Integers]:
    raise KeyError(measure)


def _no_fact(measure: str) -> Integers:
    raise KeyError(measure)
