"""Predict with a model: check that it fits the orders, and make the columns of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import pyarrow as pa

from rfm_engine.clv.fitting import forecast_of, values_of
from rfm_engine.clv.group_predictions import GroupEstimates
from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.model_files import load_clv
from rfm_engine.clv.predictions import Estimates, column_names
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.triples import Triples, keys_of
from rfm_engine.errors import DataError, UsageError, shown
from rfm_engine.options.clv import TermOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.population import Population

_BYTES_A_CUSTOMER = 24
BYTES_WITHIN = 72
"""With groups: ids, numbers and packed histories of customers, these by group, and tables."""


class ClvPredictor:
    """Adds what a model predicts to customers.

    Parameters
    ----------
    model
        The model.
    terms
        What is predicted.
    threads
        Number of threads. It does not change the result.
    """

    def __init__(self, model: ClvModel, terms: Terms, threads: int) -> None:
        self._model = model
        self._terms = terms
        self._threads = threads

    @property
    def bytes_a_customer(self) -> int:
        """Bytes of memory that predicting takes per customer."""
        return _BYTES_A_CUSTOMER if self._model.by is None else BYTES_WITHIN

    @property
    def names(self) -> list[str]:
        """The names of the columns that it adds."""
        return column_names(self._terms)

    def of(
        self, chunks: Sequence[CustomerChunk], population: Population, pool: Executor
    ) -> ClvPredictions | GroupEstimates:
        """Return what it predicts for the customers of a population.

        Raises
        ------
        DataError
            Amounts have another scale or currency than those of the model.
        """
        if self._model.by is not None:
            if chunks:
                refuse_other_money(self._model, population)
            found = GroupEstimates(
                self._model, self._terms, population, chunks, pool, self._threads
            )
            found.warnings += self._warnings(population)
            return found
        as_of_day = population.intake.as_of_day or 0
        keys = pool.map(lambda chunk: keys_of(chunk.repeats, as_of_day), chunks)
        return self.of_triples(Triples.of(list(keys)), population)

    def of_triples(self, triples: Triples, population: Population) -> ClvPredictions:
        """Return what it predicts for the customers of a population, given their histories.

        Raises
        ------
        DataError
            As `of`.
        """
        if triples.n_customers:
            refuse_other_money(self._model, population)
        estimates = Estimates(
            forecast_of(self._model.family, self._model.fitted, self._threads),
            values_of(self._model.fitted),
            self._terms,
            triples,
            population.scale,
            population.intake.as_of_day or 0,
        )
        return ClvPredictions(estimates, self._warnings(population))

    def _warnings(self, population: Population) -> tuple[DataWarning, ...]:
        as_of = population.as_of
        if as_of is None or as_of >= self._model.as_of:
            return ()
        text = message(
            "{clv_model} was fitted to orders up to {}, later than {as_of} {}: its predictions "
            "know orders that came afterwards. Use an earlier model.",
            self._model.as_of,
            as_of,
        )
        return (DataWarning("later_model", text),)


class ClvPredictions:
    """What a model predicts for the customers of one population.

    Attributes
    ----------
    warnings
        Warnings about the use of the model.
    """

    def __init__(self, estimates: Estimates, warnings: tuple[DataWarning, ...]) -> None:
        self._estimates = estimates
        self.warnings = warnings

    @property
    def fields(self) -> list[pa.Field]:
        """The columns."""
        return self._estimates.fields

    def columns(self, chunk: CustomerChunk) -> list[pa.Array[Any]]:
        """Return the columns of some of the customers; any thread may call it."""
        assert chunk.repeats is not None
        return self._estimates.columns(chunk.repeats, chunk.monetary_minor)


def predictor_of(settled: Mapping[str, Any], threads: int) -> ClvPredictor:
    """Return the predictor for options of `score` that have a model of lifetime value.

    Raises
    ------
    UsageError
        The file is not such a model, or an option contradicts it.
    """
    model = model_of(settled["clv_model"])
    for name, reason in (
        ("window", "because it leaves out first orders"),
        ("customer_level", "because its rows have no days"),
        ("overall", "because a model is about customers or about customers within groups"),
    ):
        if settled[name]:
            raise UsageError(
                message(
                    "{} must not be used with {clv_model}, {}; got it. Leave it out.",
                    named(name), reason,
                )
            )  # fmt: skip
    if settled["clv_unit"] == "W":
        raise UsageError(
            message(
                "{clv_unit} must be D with {clv_model}, because models count days; got 'W'. Leave "
                "it out."
            )
        )
    refuse_other_groups(model, settled["by"])
    return ClvPredictor(model, Terms.of(**resolve(TermOptions, model.options)), threads)


def model_of(given: Any) -> ClvModel:
    """Return a model that is given as an object or as the path of its file.

    Raises
    ------
    UsageError
        The file is not such a model.
    """
    return given if isinstance(given, ClvModel) else load_clv(given)


def refuse_other_groups(model: ClvModel, by: str | None) -> None:
    """Refuse to use a model of customers within groups for whole customers, and the other way.

    Raises
    ------
    UsageError
        The orders are grouped by another column.
    """
    if model.by == by:
        return
    if model.by is None:
        raise UsageError(
            message(
                "{clv_model} must have been fitted with {by} {}, because orders of a customer are "
                "split by it; got a model of whole customers. Fit one with {by}, or leave {by} "
                "out.",
                by,
            )
        )
    raise UsageError(
        message(
            "{by} must be {}, the column of groups of {clv_model}; got {}. Give it, or use a model "
            "that was fitted without groups.",
            model.by, shown(by),
        )
    )  # fmt: skip


def refuse_other_money(model: ClvModel, population: Population) -> None:
    """Refuse amounts of another scale or currency than those that a model was fitted to.

    Raises
    ------
    DataError
        The scale or the currency differs.
    """
    if population.scale != model.scale:
        raise DataError(
            message(
                "amounts must have {} decimal places as those of {clv_model}; got {}. Give "
                "{amount_scale}, or fit a model to these orders.",
                model.scale, population.scale,
            )
        )  # fmt: skip
    currencies = population.intake.ledger.currencies
    if model.currency is not None and currencies and currencies != {model.currency}:
        raise DataError(
            message(
                "orders must be in {}, the currency of {clv_model}; got {}. Fit a model to these "
                "orders.",
                shown(model.currency), shown(min(currencies)),
            )
        )  # fmt: skip
