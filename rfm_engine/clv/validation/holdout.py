"""Split the orders at a day: the history of each customer until then, and what was bought later.

One pass over the orders is enough, because totals keep the days of each customer with their
amounts, so that the totals at an earlier day follow from the days until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import date
from itertools import chain
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.triples import T_SHIFT, X_SHIFT, Triples
from rfm_engine.clv.validation.days import Bounds, split_customers
from rfm_engine.errors import DataError
from rfm_engine.kernels.types import Hashes, Integers, Places
from rfm_engine.options.messages import message
from rfm_engine.orders.group_keys import GroupIds, joined_groups
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.reading import day_date
from rfm_engine.totals.customers import Some, grouped
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.population import Population
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.tables.contents import Contents

BYTES_A_CUSTOMER = 200
"""Nine columns of 8 bytes, and later predictions and the room to sort them: measured, 195."""

_COLUMNS = ("x", "t_x", "T", "s", "monetary", "orders", "revenue", "previous")
# A fixed key, so that ties are broken equally in each run.
_DRAW = HashKey.from_int(0)


class Holdout(NamedTuple):
    """The customers with an order day at or before `fit_as_of_day`, as they were known that day.

    Columns are `int64[n]`; days are counted from 1970, amounts are in minor units. With
    `refunds="net-order"`, an order that is cancelled after `fit_as_of_day` is part of the history,
    because this is not known then, and is not among the later orders.

    Attributes
    ----------
    fit_as_of_day, as_of_day
        The day until which models may know the orders, and the last day of the holdout.
    scale
        Digits after the decimal point of amounts.
    x, t_x, T
        Repeat days, days until the last of them, and days until `fit_as_of_day`, as in `Triples`.
    s
        Net amount of the repeat days.
    monetary
        Net amount until `fit_as_of_day`.
    orders
        Order days in the holdout: days with a purchase that counts at `as_of_day`.
    revenue
        Net amount in the holdout. It includes refunds of earlier orders.
    previous
        Order days in the last `days` days up to `fit_as_of_day`.
    draws
        `uint64[n]`, a number per id, so that ties are broken without regard to the order of rows.
    groups
        The group of each customer; None without groups.
    daily
        Repeat days of these customers on each day from the first order day in the data to
        `as_of_day`: until `fit_as_of_day` those counted by `x`, then those counted by `orders`.
    n_later
        Customers with an order at `as_of_day` who were not known at `fit_as_of_day`.
    """

    fit_as_of_day: int
    as_of_day: int
    scale: int
    x: Integers
    t_x: Integers
    T: Integers
    s: Integers
    monetary: Integers
    orders: Integers
    revenue: Integers
    previous: Integers
    draws: Hashes
    groups: GroupIds | None
    daily: Integers
    n_later: int

    @property
    def days(self) -> int:
        """The length of the holdout in days."""
        return self.as_of_day - self.fit_as_of_day

    @property
    def n_customers(self) -> int:
        """The number of customers."""
        return len(self.x)

    @property
    def first_day(self) -> int:
        """The first order day in the data."""
        return self.as_of_day + 1 - len(self.daily)

    @property
    def fit_as_of(self) -> date:
        """The date until which models may know the orders."""
        return day_date(self.fit_as_of_day)

    @property
    def as_of(self) -> date:
        """The last date of the holdout."""
        return day_date(self.as_of_day)

    def keys(self) -> Integers:
        """Return the packed histories of the customers, as `rfm_engine.clv.triples.keys_of`."""
        return self.x << X_SHIFT | self.T << T_SHIFT | self.t_x

    def triples(self) -> Triples:
        """Return the distinct histories of the customers."""
        return Triples.of([self.keys()])

    def chosen(self, rows: Places) -> Holdout:
        """Return some of the customers; `daily` and `n_later` remain those of all."""
        columns = {name: getattr(self, name)[rows] for name in (*_COLUMNS, "draws")}
        groups = self.groups
        if groups is not None:
            present = None if groups.present is None else groups.present[rows]
            groups = GroupIds(groups.keys.take(rows), present)
        return self._replace(**columns, groups=groups)


def holdout_of(population: Population, days: int, pool: Executor) -> Holdout:
    """Split the orders of a population `days` days before its date of analysis.

    Parameters
    ----------
    population
        Totals with `clv`, and without a window. The threads of `pool` process their partitions.
    days
        The length of the holdout in days, at least 1.

    Raises
    ------
    DataError
        No customer has an order day at or before the last day of the fit, or an amount has more
        than 18 digits.
    """
    as_of_day, known = population.intake.as_of_day, population.customers
    parts: list[_Part] = []
    if known is not None and as_of_day is not None:
        bounds = Bounds(as_of_day - days, as_of_day)
        settled = known.settled(pool, BYTES_A_CUSTOMER)

        def split(group: Sequence[Some]) -> list[_Part]:
            return [_split(known.contents(some), bounds, population) for some in group]

        parts = list(chain.from_iterable(pool.map(split, grouped(settled))))
    n = sum(len(part.draws) for part in parts)
    population.budget.refuse_without_room(BYTES_A_CUSTOMER, n)
    if n == 0 or as_of_day is None:
        day = "the day of the fit" if as_of_day is None else str(day_date(as_of_day - days))
        raise DataError(
            f"orders must include customers with an order day up to {day}; got none. "
            "Hold back fewer days, or give a longer history."
        )
    daily = np.zeros(max(len(part.daily) for part in parts), np.int64)
    for part in parts:
        daily[len(daily) - len(part.daily) :] += part.daily
    groups = [part.groups for part in parts if part.groups is not None]
    columns = zip(*(part.columns for part in parts), strict=True)
    return Holdout(
        fit_as_of_day=as_of_day - days,
        as_of_day=as_of_day,
        scale=population.scale,
        draws=np.concatenate([part.draws for part in parts]),
        groups=joined_groups(groups) if groups else None,
        daily=daily,
        n_later=sum(part.n_later for part in parts),
        **dict(zip(_COLUMNS, map(np.concatenate, columns), strict=True)),
    )


class _Part(NamedTuple):
    """The customers of one partition."""

    columns: tuple[Integers, ...]
    draws: Hashes
    groups: GroupIds | None
    daily: Integers
    n_later: int


def _split(contents: Contents, bounds: Bounds, population: Population) -> _Part:
    kinds = population.kinds
    ids = IdColumns(kinds.customer, kinds.by)
    found = split_customers(contents, bounds, population.hash_key)
    if found.faulty >= 0:
        raise DataError(
            message(
                "amounts must have at most {} digits in total, before and after {}; customer {} "
                "has more at scale {}. Check the column of amounts ({amount}).",
                MAX_DIGITS,
                day_date(bounds.fit_as_of_day),
                ids.name(contents.keys.take(np.array([found.faulty]))),
                kinds.scale,
            )
        )
    keys = contents.keys.take(found.rows)
    groups = None if kinds.by is None else ids.groups(keys)
    return _Part(found.columns, keys.hash(_DRAW), groups, found.daily, found.n_later)
