"""The predicted columns of customers, from tables per pair of x and T."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.money import margins_of
from rfm_engine.clv.pairs import Pairs, number_of
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.triples import Triples
from rfm_engine.clv.values import ValueModel
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.totals.chunks import decimals
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.tables.day_totals import Repeats

# The columns between the kernels take 5 MB and stay in the cache of the processor.
_PIECE = 1 << 16
# For customers of a few days, the naive rate would be as high as their first order.
_FEWEST_DAYS = 90
_LARGEST = (1 << 63) - 1


def column_names(terms: Terms) -> list[str]:
    """Return the names of the columns of predictions."""
    days = terms.horizon_days
    return [
        "p_alive", f"p_order_{days}d", f"expected_orders_{days}d", "expected_value", "clv",
        "simple_clv", "historic_clv",
    ]  # fmt: skip


class PairTables(NamedTuple):
    """Predictions of each pair, if the customer is alive, `float64[n_pairs]` each.

    Attributes
    ----------
    p_order, orders
        Probability of an order, and expected orders, within the horizon.
    discounted
        Expected orders within the horizon of the lifetime value, discounted.
    """

    p_order: Floats
    orders: Floats
    discounted: Floats


class Factors(NamedTuple):
    """Factors from minor units to the columns of money.

    Attributes
    ----------
    value
        Minor units per major unit.
    clv
        The margin.
    simple
        The margin times the days of the lifetime value, per major unit in minor units.
    """

    value: float
    clv: float
    simple: float

    @classmethod
    def of(cls, terms: Terms, scale: int) -> Factors:
        """Return the factors for amounts with a number of decimal digits."""
        major, margin = 10.0**scale, float(terms.margin)
        return cls(major, margin, margin * terms.clv_days / major)


class Columns(NamedTuple):
    """The columns of floats, `float64[n]` each, in the order of the result."""

    p_alive: Floats
    p_order: Floats
    orders: Floats
    value: Floats
    clv: Floats
    simple_clv: Floats

    @classmethod
    def empty(cls, n: int) -> Columns:
        """Return columns to be written."""
        return cls(*(np.empty(n) for _ in cls._fields))

    def of_rows(self, rows: slice) -> Columns:
        """Return the columns of some rows, without a copy."""
        return Columns(*(column[rows] for column in self))


class Estimates:
    """The predictions for one population.

    No estimate is null, NaN, infinite or negative.

    Parameters
    ----------
    forecast, value
        Models with their parameters.
    terms
        Horizons, margin and discount rate.
    triples
        The histories of the population, at the date of analysis.
    scale
        Digits of amounts after the point.
    as_of_day
        The date of analysis, in days from 1970.
    """

    def __init__(
        self,
        forecast: Forecast,
        value: ValueModel,
        terms: Terms,
        triples: Triples,
        scale: int,
        as_of_day: int,
    ) -> None:
        self._forecast, self._value, self._terms = forecast, value, terms
        self._scale, self._as_of_day = scale, as_of_day
        self._pairs = Pairs.of(triples)
        forecast.prepare(triples)
        self._tables = tables_of(forecast, terms, self._pairs)
        self._factors = Factors.of(terms, scale)

    @property
    def fields(self) -> list[pa.Field[Any]]:
        """The fields of the columns."""
        return fields_of(self._terms, self._scale)

    def columns(self, repeats: Repeats, monetary_minor: Integers) -> list[pa.Array[Any]]:
        """Return the columns of some customers of the population; callable from any thread.

        Parameters
        ----------
        repeats
            First and last day, number of days, and amount of the later days.
        monetary_minor
            Net amount in minor units, `int64[n]`.
        """
        columns = Columns.empty(len(monetary_minor))
        for here in pieces(len(monetary_minor)):
            self._write(repeats.take(here), monetary_minor[here], columns.of_rows(here))
        historic = decimals(margins_of(monetary_minor, self._terms.margin), self._scale)
        return [*map(arrow, columns), historic]

    def _write(self, repeats: Repeats, monetary_minor: Integers, columns: Columns) -> None:
        x, t_x, T, s = histories_of(repeats, self._as_of_day)  # noqa: N806
        alive, value = self._forecast.p_alive(x, t_x, T), self._value.expected(x, s)
        columns.p_alive[:] = alive
        columns.value[:] = value
        write_estimates(
            *map(frozen, (x, T, monetary_minor)), self._pairs, self._tables, self._factors, columns
        )


def fields_of(terms: Terms, scale: int) -> list[pa.Field[Any]]:
    """Return the fields of the columns.

    In this order, for a horizon of 90 days: `p_alive`, `p_order_90d`, `expected_orders_90d`,
    `expected_value`, `clv`, `simple_clv` (float64), and `historic_clv` (decimal128(18, scale)).
    Orders are order days. Values are in major units, `expected_value` per order day.
    """
    *floats, historic = column_names(terms)
    money = pa.decimal128(MAX_DIGITS, scale)
    return [*(pa.field(name, pa.float64()) for name in floats), pa.field(historic, money)]


def pieces(n: int) -> Iterator[slice]:
    """Yield the rows of each call of the kernels that write columns."""
    return (slice(start, start + _PIECE) for start in range(0, n, _PIECE))


def histories_of(repeats: Repeats, as_of_day: int) -> tuple[Integers, ...]:
    """Return x, `t_x`, T, and the net amount of repeat days in minor units, `int64[n]` each."""
    x, t_x, T, s = (np.empty(len(repeats.n_days), np.int64) for _ in range(4))  # noqa: N806
    first, last, n_days, high, low = repeats
    days = frozen(first), frozen(last), frozen(n_days)
    read_repeats(Repeats(*days, frozen(high), frozen(low)), as_of_day, x, t_x, T, s)
    return x, t_x, T, s


def tables_of(forecast: Forecast, terms: Terms, pairs: Pairs) -> PairTables:
    """Return the predictions of pairs."""
    discounted = forecast.discounted(pairs.x, pairs.T, terms.schedule())
    orders = forecast.orders(pairs.x, pairs.T, terms.horizon_days)
    p_order = forecast.p_order(pairs.x, pairs.T, terms.horizon_days)
    return PairTables(*map(frozen, (p_order, orders, discounted)))


@kernel
def read_repeats(repeats, as_of_day, x, t_x, T, s):  # noqa: N803
    """Write repeat days, days until the last one and until the date, and their net amount.

    An amount of more than 63 bits, which only refunds of the first day make possible, becomes the
    largest one.
    """
    for i in range(len(x)):
        first = np.int64(repeats.first_day[i])
        x[i] = np.int64(repeats.n_days[i]) - 1
        t_x[i] = np.int64(repeats.last_day[i]) - first
        T[i] = as_of_day - first
        high = repeats.later_high[i] + (repeats.later_low[i] >> 32)
        if high >= 1 << 31:
            s[i] = _LARGEST
        elif high < -(1 << 31):
            s[i] = -_LARGEST
        else:
            s[i] = high << 32 | (repeats.later_low[i] & 0xFFFFFFFF)


@kernel
def write_estimates(x, T, monetary_minor, pairs, tables, factors, columns):  # noqa: N803
    """Write all columns, given `p_alive`, and `value` in minor units; arrays `[n]`."""
    for i in range(len(x)):
        number = number_of(pairs, x[i], T[i])
        write_estimate(i, T[i], monetary_minor[i], number, tables, factors, columns)


@kernel
def write_estimate(i, T, monetary_minor, number, tables, factors, columns):  # noqa: N803
    """Write the columns of row i, given `p_alive`, `value` in minor units, and its pair."""
    alive = columns.p_alive[i]
    value = columns.value[i] / factors.value
    columns.p_order[i] = alive * tables.p_order[number]
    columns.orders[i] = alive * tables.orders[number]
    columns.value[i] = value
    columns.clv[i] = factors.clv * value * (alive * tables.discounted[number])
    rate = monetary_minor / max(T + 1, _FEWEST_DAYS)
    columns.simple_clv[i] = max(0.0, factors.simple * rate)
