"""Fit a model to each group of customers, shrunk towards the fit of all customers.

Few customers determine a model badly, and groups differ less than their own fits do. So the logs of
the parameters of a group have a prior: a normal distribution around those of all customers, whose
standard deviation is an option. The test of 400 simulated sellers with 474 customers each, where
the logs of parameters have a standard deviation of 0.3, finds these root mean square errors of the
logs of `r`, `alpha`, `a`, `b`: 0.09, 0.14, 0.20, 0.25 with the prior; 0.10, 0.16, 0.86, 0.96 for
each seller alone; and 0.30, 0.31, 0.32, 0.34 with the fit of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from rfm_engine.clv import gamma_gamma
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.fitting import FEWEST_AMOUNTS, estimate_of, fitted_of
from rfm_engine.clv.gamma_gamma import GammaGammaLikelihood
from rfm_engine.clv.group_ids import Group
from rfm_engine.clv.groups import Gathered, Groups, of_each
from rfm_engine.clv.histories import Histories, later_minor
from rfm_engine.clv.model import Estimate, Fitted
from rfm_engine.clv.newton import Prior, maximise
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.sums import whole_sum
from rfm_engine.clv.triples import X_SHIFT, Triples, keys_of
from rfm_engine.kernels.types import Integers
from rfm_engine.totals.chunks import CustomerChunk

FEWEST_REPEATERS = 20
"""Customers with a repeat day that a group must have for an estimate of its own."""


class Shrinking(NamedTuple):
    """What groups are shrunk to.

    Attributes
    ----------
    family
        The family of the model.
    pooled
        The estimates for all customers, the centre of the prior.
    sd
        Standard deviation of the logs of the parameters.
    """

    family: str
    pooled: Fitted
    sd: Decimal


def fit_groups(
    shrinking: Shrinking, histories: GroupHistories, pool: Executor, threads: int
) -> dict[Group, Fitted | None]:
    """Return the estimates of groups in their order.

    A group with fewer than 20 customers with a repeat day has None.

    Parameters
    ----------
    shrinking
        What the groups are shrunk to.
    histories
        The customers by group.
    pool, threads
        Threads. They do not change the result.
    """

    def fitted(number: int, its_threads: int) -> Fitted:
        return _shrunk(shrinking, histories.of_group(number, its_threads), its_threads)

    by_group: dict[Group, Fitted | None] = dict.fromkeys(histories.values)
    # With an id as the group there may be millions of groups without an estimate.
    enough = np.flatnonzero(histories.repeaters() >= FEWEST_REPEATERS).tolist()
    sizes = histories.gathered.sizes()
    own = of_each(fitted, {number: sizes[number] for number in enough}, pool, threads)
    return by_group | {histories.values[number]: each for number, each in own.items()}


def _shrunk(shrinking: Shrinking, own: Histories, threads: int) -> Fitted:
    """Return the estimates of a group.

    With amounts of fewer than two customers, it takes the estimates of amounts of all customers.
    """
    chosen, pooled, sd = FAMILIES[shrinking.family], shrinking.pooled, float(shrinking.sd)
    prior = _prior(pooled.orders, sd)
    likelihood = chosen.likelihood(own.triples, threads=threads)
    orders = maximise(likelihood, prior.centre, chosen.box, prior)
    value = None
    if pooled.value is not None and own.spending.n_customers >= FEWEST_AMOUNTS:
        amounts = GammaGammaLikelihood(own.spending, threads=threads)
        prior = _prior(pooled.value, sd)
        found = maximise(amounts, prior.centre, gamma_gamma.BOX, prior)
        value = estimate_of(found, gamma_gamma.PARAMETERS)
    fitted = fitted_of(own, estimate_of(orders, chosen.parameters), value)
    if value is not None:
        return fitted
    return fitted._replace(
        value=pooled.value, value_mean=pooled.value_mean, mean_zbar=pooled.mean_zbar
    )


def _prior(pooled: Estimate, sd: float) -> Prior:
    return Prior(tuple(pooled.parameters.values()), sd)


class GroupHistories(NamedTuple):
    """What fits need of the customers of each group.

    Attributes
    ----------
    values
        The groups in order.
    gathered
        Packed histories, amounts of repeat days, and net amounts of customers by group.
    """

    values: tuple[Group, ...]
    gathered: Gathered

    @classmethod
    def of(cls, groups: Groups, columns: Sequence[Sequence[Integers]]) -> GroupHistories:
        """Bring the customers of each group together.

        Parameters
        ----------
        groups
            The groups of the customers.
        columns
            By part, `int64[n]` each: packed histories of `keys_of`; net amount of the repeat days,
            and of all days, in minor units.
        """
        return cls(groups.values, Gathered.of(groups.codes, columns, groups.n))

    @classmethod
    def of_chunks(
        cls, groups: Groups, chunks: Sequence[CustomerChunk], as_of_day: int, pool: Executor
    ) -> GroupHistories:
        """Bring the customers of a population together, with the threads of `pool`."""
        keys = list(pool.map(lambda chunk: keys_of(chunk.repeats, as_of_day), chunks))
        later = list(pool.map(_later, chunks))
        return cls.of(groups, [keys, later, [chunk.monetary_minor for chunk in chunks]])

    def repeaters(self) -> Integers:
        """Return the number of customers with a repeat day in each group, `int64[n_groups]`."""
        keys, *_ = self.gathered.columns
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keys >> X_SHIFT > 0)])
        found: Integers = np.diff(before[self.gathered.starts])
        return found

    def of_group(self, number: int, threads: int) -> Histories:
        """Return the histories of the customers of a group."""
        keys, later, minor = self.gathered.of_number(number)
        x = keys >> X_SHIFT
        spending = Spending.of(x, later, threads)
        return Histories(Triples.of([keys]), spending, int(x.sum()) + len(x), whole_sum(minor))


def _later(chunk: CustomerChunk) -> Integers:
    """Return the net amount of the repeat days of each customer; 0 without repeat days."""
    repeats = chunk.repeats
    assert repeats is not None
    found = np.zeros(len(repeats.n_days), np.int64)
    repeaters = np.flatnonzero(repeats.n_days > 1)
    found[repeaters] = later_minor(repeats.take(repeaters))
    return found
