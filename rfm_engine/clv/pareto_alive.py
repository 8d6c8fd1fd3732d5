"""Whether customers are alive under Pareto/NBD: integrals from tables by x and day, in blocks.

The integral of F from `t_x` to T is the sum over blocks of 128 days. Within a block, tables hold
the integral from each day to the end of the block, relative to F on this day. What a block holds
depends on x and on the parameters alone, so that it may come from a table that customers share or
be computed for one customer: the bits are the same.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.pareto_days import Days
from rfm_engine.clv.pareto_integrals import PIECE_RULE, integral, is_steep
from rfm_engine.clv.pareto_sums import ParetoParameters
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers

BLOCK_DAYS = 128
"""The days of a block; with 1,095 days, a customer needs at most 9 blocks."""
# Customers with a table take 40 ns, and so does a day of a block that is computed for one customer.
_MOST_COST = 1 << 19
# 134 MB: 7,000 numbers of repeat days with 1,095 days.
_MOST_BLOCKS = 1 << 16


class Histories(NamedTuple):
    """x, `t_x` and T of customers, `int64[n]` each."""

    x: Integers
    t_x: Integers
    T: Integers


class AliveTables(NamedTuple):
    """Blocks of some x.

    Attributes
    ----------
    low, high
        First block of each x in the tables and the end of its blocks, `int64[n_x]`; equal if there
        are none.
    places
        Where the first block of each x is in the tables, `int64[n_x]`.
    ahead
        Integral of F from a day to the end of its block, relative to F on this day, `float64[n_days
        of all blocks]`.
    kept
        F at the end of the block relative to F on this day, `float64[n_days of all blocks]`.
    """

    low: Integers
    high: Integers
    places: Integers
    ahead: Floats
    kept: Floats

    @classmethod
    def none(cls) -> AliveTables:
        """Return tables of no x."""
        nothing, empty = frozen(np.zeros(0, np.int64)), frozen(np.zeros(0))
        return cls(nothing, nothing, nothing, empty, empty)

    @classmethod
    def of(
        cls, parameters: ParetoParameters, days: Days, triples: Triples, pool: Executor
    ) -> AliveTables:
        """Return the blocks that several customers with these histories need."""
        first = np.flatnonzero(np.diff(triples.x, prepend=-1))
        if len(first) == 0:
            return cls.none()
        last = np.append(first[1:], len(triples.x)) - 1
        own_low = np.minimum.reduceat(triples.t_x, first) // BLOCK_DAYS
        n_blocks = triples.T[last] // BLOCK_DAYS + 1 - own_low
        needed = np.zeros(len(first), np.int64)
        count_blocks(*triples, needed)
        saved = needed - n_blocks
        order = np.argsort(-saved, kind="stable")
        fits = np.cumsum(n_blocks[order]) <= _MOST_BLOCKS
        chosen = np.sort(order[fits & (saved[order] > 0)])
        x = triples.x[first[chosen]]
        low, high, places = np.zeros((3, int(x.max(initial=-1)) + 1), np.int64)
        low[x], high[x] = own_low[chosen], own_low[chosen] + n_blocks[chosen]
        ends = np.cumsum(n_blocks[chosen]) * BLOCK_DAYS
        places[x] = ends - n_blocks[chosen] * BLOCK_DAYS
        ahead, kept = np.empty((2, int(ends[-1]) if len(ends) else 0))

        def fill(x: int, end: int) -> None:
            own = slice(int(places[x]), end)
            blocks = int(low[x]), int(high[x])
            fill_blocks(parameters, days, PIECE_RULE, x, *blocks, ahead[own], kept[own])

        list(pool.map(fill, x.tolist(), ends.tolist()))
        return cls(frozen(low), frozen(high), frozen(places), frozen(ahead), frozen(kept))


@kernel
def fill_block(parameters, ordering, days, rule, block, ahead, kept):
    """Write `AliveTables.ahead` and `kept` of one block, `float64[128]` each."""
    alpha, beta, leaving = parameters.alpha, parameters.beta, parameters.s + 1.0
    n_nodes = len(days.rule.nodes)
    after, left = 0.0, 1.0
    for i in range(BLOCK_DAYS - 1, -1, -1):
        day = block * BLOCK_DAYS + i
        a_steps, b_steps = days.alpha.steps[day], days.beta.steps[day]
        if is_steep(alpha, beta, ordering, leaving, day):
            start = float(day)
            own = integral(alpha, beta, ordering, leaving, rule, start, start + 1.0)
        else:
            own = 0.0
            for k in range(n_nodes):
                fall = ordering * a_steps[k] + leaving * b_steps[k]
                own += days.rule.weights[k] * math.exp(-fall)
        step = math.exp(-(ordering * a_steps[n_nodes] + leaving * b_steps[n_nodes]))
        after = own + step * after
        left *= step
        ahead[i] = after
        kept[i] = left


@kernel
def fill_blocks(parameters, days, rule, x, low, high, ahead, kept):
    """Write the blocks of x from low to before high, `float64[n_blocks * 128]` each."""
    ordering = parameters.r + x
    for block in range(low, high):
        place = (block - low) * BLOCK_DAYS
        end = place + BLOCK_DAYS
        fill_block(parameters, ordering, days, rule, block, ahead[place:end], kept[place:end])


@kernel
def count_blocks(x, t_x, T, n, needed):  # noqa: N803
    """Add to `needed`, `int64[n_x]`, the blocks of customers with each x, given in its order."""
    place = -1
    for i in range(len(x)):
        if i == 0 or x[i] != x[i - 1]:
            place += 1
        needed[place] += n[i] * (T[i] // BLOCK_DAYS - t_x[i] // BLOCK_DAYS + 1)


@kernel
def has_table(tables, x, t_x, T):  # noqa: N803
    """Return whether the tables hold all blocks of a customer."""
    if x >= len(tables.low):
        return False
    return tables.low[x] <= t_x // BLOCK_DAYS and tables.high[x] > T // BLOCK_DAYS


@kernel
def chance_alive(parameters, days, rule, tables, x, t_x, T, ahead, kept):  # noqa: N803
    """Return the probability to be alive; a block that is in no table is written to the arrays."""
    ordering = parameters.r + x
    is_known = has_table(tables, x, t_x, T)
    first, last = t_x // BLOCK_DAYS, T // BLOCK_DAYS
    total, beyond = 0.0, 0.0
    for block in range(last, first - 1, -1):
        i = t_x - first * BLOCK_DAYS if block == first else 0
        end = T - last * BLOCK_DAYS
        if is_known:
            place = tables.places[x] + (block - tables.low[x]) * BLOCK_DAYS
            total = tables.ahead[place + i] + tables.kept[place + i] * total
            if block == last:
                beyond = tables.ahead[place + end]
        else:
            fill_block(parameters, ordering, days, rule, block, ahead, kept)
            total = ahead[i] + kept[i] * total
            if block == last:
                beyond = ahead[end]
    a = days.alpha.logs[T] - days.alpha.logs[t_x]
    b = days.beta.logs[T] - days.beta.logs[t_x]
    decay = math.exp(-(ordering * a + (parameters.s + 1.0) * b))
    alive = (parameters.beta + T) * decay
    return alive / (alive + parameters.s * max(total - decay * beyond, 0.0))


@kernel
def write_alive(parameters, days, rule, tables, histories, start, ahead, kept, p_alive):
    """Write probabilities from row `start` on; return the row where to continue.

    `ahead` and `kept` are `float64[128]`. A call ends
    after customers that take about 20 ms.
    """
    cost = 0
    for i in range(start, len(p_alive)):
        x, t_x, T = histories.x[i], histories.t_x[i], histories.T[i]  # noqa: N806
        p_alive[i] = chance_alive(parameters, days, rule, tables, x, t_x, T, ahead, kept)
        cost += 1 if has_table(tables, x, t_x, T) else 2 * BLOCK_DAYS + T - t_x
        if cost > _MOST_COST:
            return i + 1
    return len(p_alive)
