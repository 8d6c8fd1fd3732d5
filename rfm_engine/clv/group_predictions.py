"""The predicted columns of customers in groups, each with the parameters of its group.

Customers of one group are spread over all parts of the totals. So predictions are computed for the
distinct histories of each group, group by group, and each customer finds its history there. The
time does not depend on the number of parts times the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.fitting import forecast_of, values_of
from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.gamma_gamma import expected_of
from rfm_engine.clv.group_sharing import Sharing
from rfm_engine.clv.groups import (
    Gathered,
    Groups,
    coded_groups,
    kind_of_groups,
    numbered,
    of_each,
)
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.model import ClvModel, Fitted
from rfm_engine.clv.money import margins_of
from rfm_engine.clv.pairs import Pairs
from rfm_engine.clv.predictions import (
    Columns,
    Factors,
    PairTables,
    fields_of,
    histories_of,
    pieces,
    tables_of,
    write_estimate,
)
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.triples import T_SHIFT, X_SHIFT, Triples, keys_of
from rfm_engine.clv.values import GammaGammaValue, MeanValue
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.totals.chunks import CustomerChunk, decimals
from rfm_engine.totals.population import Population


class HistoryTables(NamedTuple):
    """The distinct histories of the customers of each estimate.

    Attributes
    ----------
    starts
        The first history of each estimate, and the end of the last one, `int64[n_fitted + 1]`.
    keys
        Packed histories, ascending for each estimate, `int64[n]`.
    alive
        Probability to be alive, `float64[n]`.
    pairs
        The place of the pair of x and T in `PairTables`, `int64[n]`.
    """

    starts: Integers
    keys: Integers
    alive: Floats
    pairs: Integers


class AmountTables(NamedTuple):
    """What predicts amounts, for each estimate: p, q, gamma, and the mean; `float64[n]` each.

    A mean without a model has p = q = 0, so that the mean applies to all customers.
    """

    p: Floats
    q: Floats
    gamma: Floats
    mean: Floats


class _Own(NamedTuple):
    """What one estimate predicts for the histories of its customers."""

    triples: Triples
    alive: Floats
    pairs: Integers
    tables: PairTables

    @classmethod
    def of(cls, triples: Triples, forecast: Forecast, terms: Terms) -> _Own:
        forecast.prepare(triples)
        alive = forecast.p_alive(triples.x, triples.t_x, triples.T)
        tables = tables_of(forecast, terms, Pairs.of(triples))
        return cls(triples, alive, Pairs.numbers(triples), tables)


class GroupEstimates:
    """The predictions for one population with groups.

    Parameters
    ----------
    model, terms
        The model, and what is predicted.
    population, chunks
        The population and its customers.
    pool, threads
        Threads. They do not change the result.

    Attributes
    ----------
    warnings
        At most one warning: how many groups the model does not know.
    """

    def __init__(
        self,
        model: ClvModel,
        terms: Terms,
        population: Population,
        chunks: Sequence[CustomerChunk],
        pool: Executor,
        threads: int,
    ) -> None:
        self._terms, self._scale = terms, population.scale
        self._factors = Factors.of(terms, population.scale)
        self._as_of_day = as_of_day = population.intake.as_of_day or 0
        groups = Groups.of_chunks(population, chunks, pool)
        self._kind = kind_of_groups(population)
        keys = list(pool.map(lambda chunk: keys_of(chunk.repeats, as_of_day), chunks))
        sharing = Sharing.of(model.fitted, model.groups or {}, groups.values)
        self._numbers = sharing.numbers
        self.warnings = sharing.warnings(groups.n)
        self._amounts = _amounts(sharing.fitted)
        gathered = Gathered.of(sharing.of_customers(groups), [keys], len(sharing.fitted))

        def predicted(number: int, its_threads: int) -> _Own:
            [own] = gathered.of_number(number)
            forecast = forecast_of(model.family, sharing.fitted[number], its_threads)
            return _Own.of(Triples.of([own]), forecast, terms)

        parts = of_each(predicted, dict(enumerate(gathered.sizes())), pool, threads)
        self._histories, self._tables = _joined([*parts.values()])

    @property
    def fields(self) -> list[pa.Field[Any]]:
        """The fields of the columns."""
        return fields_of(self._terms, self._scale)

    def columns(self, chunk: CustomerChunk) -> list[pa.Array[Any]]:
        """Return the columns of some customers of the population; callable from any thread."""
        repeats, minor = chunk.repeats, chunk.monetary_minor
        assert repeats is not None
        numbers = numbered(*coded_groups(chunk.groups(), self._kind), self._numbers)
        columns = Columns.empty(len(minor))
        for here in pieces(len(minor)):
            histories = histories_of(repeats.take(here), self._as_of_day)
            write_group_estimates(
                *map(frozen, (numbers[here], *histories, minor[here])),
                self._histories, self._amounts, self._tables, self._factors,
                columns.of_rows(here),
            )  # fmt: skip
        historic = decimals(margins_of(minor, self._terms.margin), self._scale)
        return [*map(arrow, columns), historic]


def _joined(parts: Sequence[_Own]) -> tuple[HistoryTables, PairTables]:
    n_pairs = np.cumsum([0, *(len(part.tables.orders) for part in parts)])
    n_histories = np.cumsum([0, *(len(part.alive) for part in parts)])
    triples = [part.triples for part in parts]
    packed = [x << X_SHIFT | T << T_SHIFT | t_x for x, t_x, T, _ in triples]
    pairs = [part.pairs + start for part, start in zip(parts, n_pairs.tolist(), strict=False)]
    histories = HistoryTables(
        frozen(n_histories.astype(np.int64)),
        frozen(np.concatenate(packed)),
        frozen(np.concatenate([part.alive for part in parts])),
        frozen(np.concatenate(pairs)),
    )
    columns = zip(*(part.tables for part in parts), strict=True)
    return histories, PairTables(*(frozen(np.concatenate(column)) for column in columns))


def _amounts(fitted: Sequence[Fitted]) -> AmountTables:
    rows = []
    for model in map(values_of, fitted):
        if isinstance(model, GammaGammaValue):
            rows.append((*model.parameters, model.sample_mean))
        else:
            assert isinstance(model, MeanValue)
            # Without p and q, `expected_of` returns the mean for every customer.
            rows.append((0.0, 0.0, 0.0, model.mean))
    return AmountTables(*(frozen(np.array(column)) for column in zip(*rows, strict=True)))


@kernel
def write_group_estimates(
    numbers, x, t_x, T, s, monetary_minor, histories, amounts, tables, factors, columns  # noqa: N803
):  # fmt: skip
    """Write all columns of customers, arrays `[n]`; `numbers` are those of their estimates."""
    for i in range(len(x)):
        number = numbers[i]
        history = history_of(histories, number, x[i] << X_SHIFT | T[i] << T_SHIFT | t_x[i])
        columns.p_alive[i] = histories.alive[history]
        columns.value[i] = expected_of(
            x[i], s[i], amounts.p[number], amounts.q[number], amounts.gamma[number],
            amounts.mean[number],
        )  # fmt: skip
        pair = histories.pairs[history]
        write_estimate(i, T[i], monetary_minor[i], pair, tables, factors, columns)


@kernel
def history_of(histories, number, key):
    """Return the place of a packed history of an estimate, which must exist."""
    low, high = histories.starts[number], histories.starts[number + 1] - 1
    while low < high:
        middle = (low + high) >> 1
        if histories.keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low
