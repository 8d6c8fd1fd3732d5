"""How well scores rank customers: the Gini coefficient and the AUC, from exact integers.

Both follow from one sum over the customers in ascending order of their scores: the actual value
times `2 rank - n - 1`, where ranks count from 1 and customers with equal scores have their mean
rank. The sum is an integer, because twice a mean rank is one.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.validation.sorting import Sorted
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Positions

# A call takes some milliseconds.
_PIECE = 1 << 20


class Ranking(NamedTuple):
    """Customers in ascending order of a score, `uint32[n]`, and `2 rank - n - 1`, `int64[n]`.

    The threads of `pool` work on pieces of them.
    """

    order: Positions
    weights: Integers
    pool: Executor

    @classmethod
    def of(cls, scores: Floats | Integers, pool: Executor) -> Ranking:
        """Rank the scores of at least one customer."""
        n = len(scores)
        order, words = Sorted.of(scores, pool)
        changes = np.flatnonzero(words[1:] != words[:-1]) + 1
        starts, ends = np.append(0, changes), np.append(changes, n)
        # The ranks of customers with equal scores are start + 1 to end.
        return cls(order, np.repeat(starts + ends - n, ends - starts), pool)

    def weigh(self, actual: Integers) -> int:
        """Return the sum of the actual values, `int64[n]`, times the weights."""

        def weighed(start: int) -> int:
            here, sums = slice(start, start + _PIECE), np.zeros(4, np.int64)
            add_weighted(frozen(actual[self.order[here]]), frozen(self.weights[here]), sums)
            high, high_rest, low, low_rest = sums.tolist()
            return (high << 64) + ((high_rest + low) << 32) + low_rest

        return sum(self.pool.map(weighed, range(0, len(actual), _PIECE)))


def gini(ranking: Ranking, perfect: int, actual: Integers) -> float | None:
    """Return the Gini coefficient as a share of that of the perfect ranking.

    1 is the perfect ranking, and 0 is no better than chance. It is None if all actual values are
    equal. `perfect` is the weighted sum of the ranking by the actual values themselves.
    """
    return ranking.weigh(actual) / perfect if perfect else None


def auc(ranking: Ranking, is_event: Integers) -> float | None:
    """Return the probability that a customer with the event ranks above one without it.

    Equal scores count one half (Mann and Whitney 1947). `is_event` is 1 or 0, `int64[n]`. It is
    None if all customers have the event, or none has.
    """
    n_events = int(is_event.sum())
    n_pairs = n_events * (len(is_event) - n_events)
    return (ranking.weigh(is_event) + n_pairs) / (2 * n_pairs) if n_pairs else None


@kernel
def add_weighted(values, weights, sums):
    """Add values times weights to `sums`, `int64[4]`.

    These are the high and low 32 bits of the products of the high, then of the low 32 bits of the
    values. Weights are below 2^31, so that no product exceeds 64 bits.
    """
    for i in range(len(values)):
        high = (values[i] >> 32) * weights[i]
        low = (values[i] & 0xFFFFFFFF) * weights[i]
        sums[0] += high >> 32
        sums[1] += high & 0xFFFFFFFF
        sums[2] += low >> 32
        sums[3] += low & 0xFFFFFFFF
