"""What a fit needs of the customers of a population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.spending import Spending
from rfm_engine.clv.sums import whole_sum
from rfm_engine.clv.triples import Triples, keys_of
from rfm_engine.errors import DataError
from rfm_engine.kernels.types import Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.tables.day_totals import Repeats

_HIGH = 32
_LOW = (1 << _HIGH) - 1
_MOST_HIGH = 10**18 >> _HIGH


class Histories(NamedTuple):
    """Repeat purchases and amounts of customers.

    Attributes
    ----------
    triples
        Histories of purchases with their counts.
    spending
        Amounts of repeat days.
    n_days, minor
        Number of days with a purchase of all customers, and their net amount in minor units.
    """

    triples: Triples
    spending: Spending
    n_days: int
    minor: int

    @classmethod
    def of(cls, chunks: Sequence[CustomerChunk], as_of_day: int, threads: int) -> Histories:
        """Return the histories of all customers, given the date of analysis in days from 1970.

        Raises
        ------
        DataError
            No customer has two days with a purchase, a first purchase is too long ago, or the
            repeat days of a customer have an amount with more than 18 digits.
        """
        with Workers(threads) as pool:
            parts = list(pool.map(lambda chunk: _Part.of(chunk, as_of_day), chunks))
        triples = Triples.of([part.keys for part in parts])
        if triples.n_customers == 0:
            raise DataError(
                message(
                    "orders must have rows that count; got none. Check {as_of} and {where}, and "
                    "which rows were dropped."
                )
            )
        if triples.n_repeaters == 0:
            raise DataError(
                "orders must hold customers with two order days; got none. Give a longer history."
            )
        x = np.concatenate([part.x for part in parts])
        sums = np.concatenate([part.sums for part in parts])
        spending = Spending.of(x, sums, threads)
        n_days, minor = sum(part.n_days for part in parts), sum(part.minor for part in parts)
        return cls(triples, spending, n_days, minor)


class _Part(NamedTuple):
    """Some customers: packed histories; x and amounts of repeaters; days and amount of all."""

    keys: Integers
    x: Integers
    sums: Integers
    n_days: int
    minor: int

    @classmethod
    def of(cls, chunk: CustomerChunk, as_of_day: int) -> _Part:
        repeats = chunk.repeats
        assert repeats is not None
        repeaters = np.flatnonzero(repeats.n_days > 1)
        some = repeats.take(repeaters)
        return cls(
            keys_of(repeats, as_of_day),
            some.n_days.astype(np.int64) - 1,
            later_minor(some),
            int(repeats.n_days.sum(dtype=np.int64)),
            whole_sum(chunk.monetary_minor),
        )


def later_minor(repeats: Repeats) -> Integers:
    """Return the net amount of the repeat days of each customer, in minor units.

    Raises
    ------
    DataError
        An amount has more than 18 digits.
    """
    high = repeats.later_high + (repeats.later_low >> _HIGH)
    if len(high) and (high.max() >= _MOST_HIGH or high.min() < -_MOST_HIGH):
        raise DataError(
            message(
                "amounts of repeat days must have at most 18 digits per customer; got more. Check "
                "the column of amounts ({amount}), or give a smaller {amount_scale}."
            )
        )
    return (high << _HIGH) + (repeats.later_low & _LOW)
