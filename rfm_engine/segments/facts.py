"""Customer facts: what follows about each customer from its totals and from all customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Instants, Integers, Mask, Positions
from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.orders.time.clock import DAY_US
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.concentration import Concentration
from rfm_engine.scoring.group_ranks import ranked_within
from rfm_engine.scoring.groups import Groups, averages_within
from rfm_engine.scoring.ranking import ranked
from rfm_engine.scoring.timing import ONE_ORDER, Orders, Timed, words, write_timing
from rfm_engine.scoring.whales import least_of, whales_of
from rfm_engine.segments.conditions import OWN_CYCLE, WHALE
from rfm_engine.segments.fact_plan import FactPlan
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.groups import Grouping

FACT_BYTES_A_CUSTOMER = 24
"""While customers are ranked: amounts in order, numbers of rows and ranks, and buffers."""
FACT_BYTES_WITHIN = 12
"""The rank, the whale and the group; ranking within groups takes what scoring has freed."""
_MONETARY, _ORDERS = WHALE_BY
_MOST = (1 << 63) - 1
_UTC = Zone("UTC")
_ALONE: Codes = frozen(np.zeros(0, np.uint32))


class Marks(NamedTuple):
    """Facts of the customers of a chunk that depend on all customers.

    `ranks`, `uint32[n]`, by net amount; `whales`, `bool[n]`; `groups`, `uint32[n]`, or empty if all
    customers are one group.
    """

    ranks: Positions
    whales: Mask
    groups: Codes

    def chosen(self, mask: Mask) -> Marks:
        """Return the facts of the customers for whom the mask, `bool[n]`, is true."""
        groups = self.groups[mask] if len(self.groups) else self.groups
        return Marks(self.ranks[mask], self.whales[mask], frozen(groups))


class Limits(NamedTuple):
    """What customers are compared with, per group: `int64[groups]` each.

    `sizes` are numbers of customers, `least` are the least values of whales, and `cycle_us` are
    average cycles. `has_cycle`, `bool[groups]`, is False where no customer has two orders.
    """

    sizes: Integers
    least: Integers
    cycle_us: Integers
    has_cycle: Mask

    def frozen_at(self, facts: FrozenFacts, scale: int) -> Limits:
        """Return the limits of a frozen scheme; values of whales have `scale` decimals."""
        least = min(ceil(Fraction(facts.whale_least) * 10**scale), _MOST)
        return self._replace(
            least=np.full_like(self.least, least),
            cycle_us=np.full_like(self.cycle_us, facts.cycle_us),
        )


class Facts(NamedTuple):
    """The facts of all customers, by chunk, and what they are compared with."""

    marks: list[Marks]
    limits: Limits
    concentration: Concentration | None
    n_whales: int
    whales_minor: int
    plan: FactPlan
    whale_values: WhaleValues | None
    measure_scale: int

    @classmethod
    def of(
        cls,
        chunks: Sequence[CustomerChunk],
        plan: FactPlan,
        grouping: Grouping | None,
        whale_values: WhaleValues | None,
        scale: int,
        pool: Executor,
    ) -> Facts:
        """Compute the facts with the threads of `pool`; within groups if there are groups.

        `whale_values` are the values of whales unless they are a measure of the customers. Amounts
        have `scale` decimals.
        """
        measures: Sequence[Integers]
        if whale_values is None:
            measures = [_measure(chunk, plan.by) for chunk in chunks]
        else:
            measures = whale_values.chunks
        if grouping is None:
            ranks, limits, concentration = _together(chunks, measures, plan, pool)
            codes = [_ALONE for _ in chunks]
        else:
            groups = Groups(grouping.numbers, grouping.n, grouping.places)
            ranks, limits = _within(chunks, measures, plan, groups, pool)
            codes = [frozen(found) for found in groups.back(groups.numbers)]
            concentration = None
        measure_scale = scale if plan.by == _MONETARY else 0
        if whale_values is not None:
            measure_scale = whale_values.scale
        if plan.frozen is not None:
            limits = limits.frozen_at(plan.frozen, measure_scale)
        least = [limits.least] * len(chunks)
        whales = list(pool.map(whales_of, measures, least, codes))
        marks = [Marks(*each) for each in zip(ranks, whales, codes, strict=True)]
        totals = list(pool.map(_whale_totals, chunks, whales))
        n_whales, minor = (sum(each) for each in zip((0, 0), *totals, strict=True))
        return cls(marks, limits, concentration, n_whales, minor, plan, whale_values, measure_scale)

    def of_some(
        self, chunks: Sequence[CustomerChunk], masks: Sequence[Mask], scale: int, pool: Executor
    ) -> Facts:
        """Return the facts of the customers for whom the masks are true, as if they were all.

        `chunks` have only these customers.
        """
        values = None if self.whale_values is None else self.whale_values.chosen(masks)
        return Facts.of(chunks, self.plan, None, values, scale, pool)

    def raw(self, number: int, chunk: CustomerChunk, measure: str) -> Integers:
        """Return a fact of the customers of the n-th chunk for conditions, `int64[n]`."""
        marks = self.marks[number]
        if measure == WHALE:
            return marks.whales.astype(np.int64)
        found, _ = timed_chunk(chunk, marks, self.limits, _UTC, chunk.moments())
        return found.own_us if measure == OWN_CYCLE else found.timing.astype(np.int64)

    def totals(self) -> FactTotals:
        """Return the facts about all customers together."""
        plan, scale = self.plan, self.measure_scale
        least, cycle_us, has_cycle = None, None, None
        if self.concentration is not None or (plan.frozen is not None and len(self.limits.least)):
            least, cycle_us = int(self.limits.least[0]), int(self.limits.cycle_us[0])
        if self.concentration is not None:
            has_cycle = bool(self.limits.has_cycle[0])
        n_null = None if self.whale_values is None else self.whale_values.n_null
        return FactTotals(
            plan.share_text, plan.by, scale, n_null, self.n_whales, self.whales_minor, least,
            cycle_us, has_cycle, self.concentration,
        )  # fmt: skip


def timed_chunk(
    chunk: CustomerChunk,
    marks: Marks,
    limits: Limits,
    zone: Zone,
    moments: Iterable[tuple[Instants, Instants]],
) -> tuple[Timed, Mask | None]:
    """Return the timing of a chunk, and for whom the due date is a date (None: all).

    `moments` are the first and last order times of the customers, part by part.
    """
    n, start = len(marks.ranks), 0
    found, are_dates = Timed.room(n), np.ones(n, np.bool_)
    for first_us, last_us in moments:
        end = start + len(last_us)
        here = slice(start, end)
        orders = Orders(first_us, last_us, chunk.frequency[here], chunk.recency_days[here])
        groups = marks.groups[here]
        known = write_timing(orders, limits.cycle_us, groups, zone, found.part(start, end))
        if known is not None:
            are_dates[here] = known
        start = end
    return found, None if are_dates.all() else are_dates


def _measure(chunk: CustomerChunk, by: str) -> Integers:
    return chunk.frequency if by == _ORDERS else chunk.monetary_minor


def _together(
    chunks: Sequence[CustomerChunk], measures: Sequence[Integers], plan: FactPlan, pool: Executor
) -> tuple[list[Positions], Limits, Concentration]:
    ranking = ranked([chunk.monetary_minor for chunk in chunks], pool.map)
    concentration = Concentration.of(ranking.ascending, pool.map)
    ends = np.cumsum([0, *map(len, measures)]).tolist()
    ranks = [ranking.ranks[start:end] for start, end in pairwise(ends)]
    least = least_of(measures, plan.share, pool.map)
    gaps = list(pool.map(_gap_totals, chunks))
    n_known, total_us = (sum(each) for each in zip((0, 0), *gaps, strict=True))
    cycle_us = total_us // n_known if n_known else words().fallback_days * DAY_US
    limits = Limits(
        np.array(ends[-1:], np.int64),
        np.array([least], np.int64),
        np.array([cycle_us], np.int64),
        np.array([n_known > 0]),
    )
    return ranks, limits, concentration


def _within(
    chunks: Sequence[CustomerChunk],
    measures: Sequence[Integers],
    plan: FactPlan,
    groups: Groups,
    pool: Executor,
) -> tuple[list[Positions], Limits]:
    money = groups.moved([[chunk.monetary_minor for chunk in chunks]], pool.map)[:, 0]
    ranks, least = ranked_within(money, groups, plan.share, pool.map)
    if plan.by != _MONETARY:
        values = groups.moved([measures], pool.map)[:, 0]
        _, least = ranked_within(values, groups, plan.share, pool.map)
    gaps = groups.moved([list(pool.map(CustomerChunk.mean_gaps_us, chunks))], pool.map)[:, 0]
    known = gaps != ONE_ORDER
    cycles = averages_within(gaps[known], groups.of_some(known), None, pool.map)
    fallback_us = words().fallback_days * DAY_US
    cycle_us = np.where(cycles.known, cycles.floor, fallback_us)
    sizes = np.diff(groups.bounds)
    return groups.back(ranks), Limits(sizes, least, cycle_us, cycles.known)


def _gap_totals(chunk: CustomerChunk) -> tuple[int, int]:
    """Return how many customers have two or more orders, and the sum of their mean gaps."""
    sums: Any = np.zeros(3, np.int64)
    add_gaps(frozen(chunk.mean_gaps_us()), sums)
    n, high, low = sums.tolist()
    return n, (high << 32) + low


def _whale_totals(chunk: CustomerChunk, whales: Mask) -> tuple[int, int]:
    """Return how many customers are whales, and their net amount."""
    sums: Any = np.zeros(3, np.int64)
    add_chosen(frozen(whales), frozen(chunk.monetary_minor), sums)
    n, high, low = sums.tolist()
    return n, (high << 32) + low


@kernel
def add_gaps(gaps, sums):
    """Add to `sums`, `int64[3]`, the number of gaps from 0 on, and their high and low 32 bits."""
    for i in range(len(gaps)):
        known = gaps[i] >= 0
        sums[0] += known
        sums[1] += (gaps[i] >> 32) if known else 0
        sums[2] += (gaps[i] & 0xFFFFFFFF) if known else 0


@kernel
def add_chosen(chosen, amounts, sums):
    """Add to `sums`, `int64[3]`, the number of chosen rows, and the halves of their amounts."""
    for i in range(len(chosen)):
        if chosen[i]:
            sums[0] += 1
            sums[1] += amounts[i] >> 32
            sums[2] += amounts[i] & 0xFFFFFFFF
