"""Fit a model of lifetime value to orders, validate it, and predict for every customer."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

from rfm_engine.clv.customers import ClvCustomers
from rfm_engine.clv.fitting import fit
from rfm_engine.clv.group_fits import GroupHistories, Shrinking, fit_groups
from rfm_engine.clv.groups import Groups
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.model import ClvModel, Fitted, clv_model_name
from rfm_engine.clv.model_files import check_place
from rfm_engine.clv.orders import ClvOrders
from rfm_engine.clv.predictor import (
    BYTES_WITHIN,
    ClvPredictor,
    model_of,
    refuse_other_groups,
)
from rfm_engine.clv.result import ClvResult
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.validation.files import check_folder, write_tables
from rfm_engine.clv.validation.run import validation_of
from rfm_engine.clv.validation.validation import Validation
from rfm_engine.clv.warnings import warnings_of
from rfm_engine.errors import UsageError, shown
from rfm_engine.options.clv import TermOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.orders.scan import Seconds
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.orders.workers import Workers
from rfm_engine.output import check_output, refuse_overwriting, write_groups
from rfm_engine.result.assembly import VERSION
from rfm_engine.segments.additions import Predicted
from rfm_engine.totals.aggregation import Aggregated, Report
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.population import Population

Place = str | os.PathLike[str]
# Options of a fit, which a saved model must not be given with.
_OF_FITS = ("family", "shrinkage_sd")
_BYTES_A_CUSTOMER = 64
"""Besides the totals: histories as keys, sorted amounts of repeaters, and triples with counts."""


def clv_given(
    orders: object,
    explicit: Mapping[str, Any],
    config: Mapping[str, Any],
    output: Place | None,
    progress: Report | None,
    *,
    save_model: Place | None = None,
    tables: Place | None = None,
    keep: bool = True,
) -> ClvResult:
    """Fit or load a model, and predict for every customer.

    Parameters
    ----------
    orders
        As for `score`, without states; or normalised rows, or totals that were built with `clv`.
    explicit, config
        Explicit options, and those of a config file.
    output
        Where the customers are written, or None.
    progress
        Called from time to time.
    save_model
        Where the model is written, or None.
    tables
        The folder where the tables of the validation are written, or None.
    keep
        Whether the customers are kept in the result if there is no output.

    Raises
    ------
    RfmError
        As `score`.
    """
    marks = [clock.perf_counter()]
    config = _without_model(config, explicit, save_model)
    asked = {**config, **explicit}
    given = None if asked.get("clv_model") is None else model_of(asked["clv_model"])
    known = ClvOrders(orders, explicit, config, {} if given is None else given.options)
    terms = known.terms()
    _check(known, given, explicit, (output, save_model))
    if tables is not None:
        check_folder(tables)
    population, spent = known.totals(progress, (output, save_model))
    aggregated = Aggregated(population)
    marks.append(clock.perf_counter())
    aggregated.tell(progress, "fit")
    with Workers(known.threads) as pool:
        estimated = _Estimated.of(known, population, given, terms, pool)
    marks.append(clock.perf_counter())
    aggregated.tell(progress, "write")
    result = _result(known, population, estimated)
    if output is not None:
        write_groups(result.pieces(), result.schema, output, threads=known.threads)
    elif keep:
        result.customers  # noqa: B018 - made now, so that an invalid id raises here
    if save_model is not None:
        result.model.save(save_model)
    if tables is not None and result.validation is not None:
        write_tables(result.validation, result.model.family, tables)
    marks.append(clock.perf_counter())
    result.seconds.update(_stages(spent, marks))
    return result


class _Estimated(NamedTuple):
    """The model, its validation, and its predictions for the customers of a population."""

    model: ClvModel
    validation: Validation | None
    predicted: Predicted
    chunks: Sequence[CustomerChunk]
    n_without_orders: int
    warnings: tuple[DataWarning, ...]

    @classmethod
    def of(
        cls,
        known: ClvOrders,
        population: Population,
        given: ClvModel | None,
        terms: Terms,
        pool: Executor,
    ) -> _Estimated:
        """Fit a model unless one is given, validate it if asked for, and prepare predictions."""
        settled, threads = known.settled, known.threads
        validation = None
        if settled["validate"] is not None:
            validation = validation_of(population, settled, given, pool, threads)
        more = 0 if settled["by"] is None else BYTES_WITHIN
        chunks, n_without_orders = population.chunks(pool, _BYTES_A_CUSTOMER + more)
        triples, model = None, given
        of_fit: tuple[DataWarning, ...] = ()
        if model is None:
            histories = Histories.of(chunks, population.intake.as_of_day or 0, threads)
            fitted = fit(settled["family"], histories, threads)
            model = model_of_fit(known, population, chunks, fitted, pool)
            triples, of_fit = histories.triples, warnings_of(model.fitted, model.groups)
        predictor = ClvPredictor(model, terms, threads)
        if triples is not None and model.groups is None:
            predicted: Predicted = predictor.of_triples(triples, population)
        else:
            predicted = predictor.of(chunks, population, pool)
        of_validation = () if validation is None else validation.warnings
        warnings = *of_fit, *of_validation, *predicted.warnings
        return cls(model, validation, predicted, chunks, n_without_orders, warnings)


def _result(known: ClvOrders, population: Population, estimated: _Estimated) -> ClvResult:
    options = _said(known)
    model, validation, predicted, chunks, n_without_orders, warnings = estimated
    customers = ClvCustomers(population, predicted, chunks, options, model)
    return ClvResult(
        model=model,
        validation=validation,
        as_of=population.as_of,
        rows=population.intake.ledger.counts(),
        n_customers=len(customers),
        customers_without_orders=n_without_orders,
        scale=population.scale,
        schema=customers.schema,
        warnings=(*population.intake.warnings, *warnings),
        seconds={},
        options=options,
        version=VERSION,
        _customers=customers,
    )


def model_of_fit(
    known: ClvOrders,
    population: Population,
    chunks: Sequence[CustomerChunk],
    fitted: Fitted,
    pool: Executor,
) -> ClvModel:
    """Return the model of a fit to all customers of a population, with fits of its groups."""
    groups = None
    if known.shrinkage_sd is not None:
        as_of_day = population.intake.as_of_day or 0
        own = GroupHistories.of_chunks(
            Groups.of_chunks(population, chunks, pool), chunks, as_of_day, pool
        )
        shrinking = Shrinking(known.settled["family"], fitted, known.shrinkage_sd)
        groups = fit_groups(shrinking, own, pool, known.threads)
    currencies = population.intake.ledger.currencies
    assert population.as_of is not None
    return ClvModel(
        family=known.settled["family"],
        as_of=population.as_of,
        scale=population.scale,
        currency=min(currencies, default=None),
        fitted=fitted,
        options={name: str(known.settled[name]) for name in declared(TermOptions)},
        by=population.reading.options["by"],
        groups=groups,
        shrinkage_sd=None if known.shrinkage_sd is None else str(known.shrinkage_sd),
    )


def _without_model(
    config: Mapping[str, Any], explicit: Mapping[str, Any], save_model: Place | None
) -> Mapping[str, Any]:
    """Return options of a config file without the model, if explicit options ask for a fit.

    The file may name the model that `score` uses, and that this run replaces.
    """
    if save_model is None and not explicit.keys() & {*_OF_FITS}:
        return config
    return {name: each for name, each in config.items() if name != "clv_model"}


def _check(
    known: ClvOrders,
    given: ClvModel | None,
    explicit: Mapping[str, Any],
    places: Sequence[Place | None],
) -> None:
    """Refuse contradicting options and unusable places before anything is read."""
    output, model_place = places
    if output is not None:
        check_output(output)
    if model_place is not None:
        target = check_place(model_place)
        refuse_overwriting(output, "the place of the model", target)
    if given is None:
        return
    for name in _OF_FITS:
        if name in explicit:
            raise UsageError(
                message(
                    "{} must not be used with {clv_model}, because a saved model is not fitted "
                    "again; got {}. Leave it out.",
                    named(name), shown(explicit[name]),
                )
            )  # fmt: skip
    if model_place is not None:
        raise UsageError(
            message(
                "{save_clv_model} must not be used with {clv_model}, which is saved already; got "
                "both. Leave it out."
            )
        )
    refuse_other_groups(given, known.settled["by"])
    if not isinstance(explicit.get("clv_model"), ClvModel):
        refuse_overwriting(output, "the model", known.settled["clv_model"])


def _said(known: ClvOrders) -> dict[str, Any]:
    """Return the options by name, as in a summary."""
    settled = known.settled
    of_reading: Mapping[str, Any] = known.reading.options
    said = {name: of_reading[name] for name in declared(TotalsOptions) if name != "as_of"}
    said["rates"] = None if settled["rates"] is None else os.fspath(settled["rates"])
    return said | {
        "family": settled["family"],
        **{name: str(settled[name]) for name in declared(TermOptions)},
        "shrinkage_sd": str(settled["shrinkage_sd"]),
        "clv_model": clv_model_name(settled["clv_model"]),
        "validate": settled["validate"],
        "threads": known.threads,
        "sort": settled["sort"],
        **known.tables,
    }


def _stages(spent: Seconds, marks: Sequence[float]) -> dict[str, float]:
    """Return the wall time of each stage."""
    stages = spent.stages(marks)
    return {"fit" if stage == "score" else stage: each for stage, each in stages.items()}
