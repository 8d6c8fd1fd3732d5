"""Validate a model: fit it without the last days, or take a saved one, and compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from rfm_engine.clv.fitting import fit, forecast_of, values_of
from rfm_engine.clv.group_fits import GroupHistories, Shrinking, fit_groups
from rfm_engine.clv.group_ids import Group
from rfm_engine.clv.group_sharing import Sharing
from rfm_engine.clv.groups import Gathered, Groups, kind_of_groups, of_each
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.model import ClvModel, Fitted
from rfm_engine.clv.predictor import refuse_other_money
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.sums import whole_sum
from rfm_engine.clv.terms import days_of, shrinkage_sd_of
from rfm_engine.clv.triples import refuse_long_ago
from rfm_engine.clv.validation.holdout import Holdout, holdout_of
from rfm_engine.clv.validation.predictions import Predictions
from rfm_engine.clv.validation.validation import Validation, validate
from rfm_engine.clv.warnings import warnings_of
from rfm_engine.errors import DataError, UsageError
from rfm_engine.kernels.types import Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.totals.population import Population


def validation_of(
    population: Population,
    settled: Any,
    model: ClvModel | None,
    pool: Executor,
    threads: int,
) -> Validation:
    """Compare predictions for the last days of the orders with what customers did.

    Parameters
    ----------
    population
        The totals of all orders.
    settled
        The options: `validate`, the number of days, `family`, and `shrinkage_sd` for groups.
    model
        A saved model; None if one is fitted without these days.
    pool, threads
        Threads for work on customers. They do not change the result.

    Raises
    ------
    UsageError
        The saved model was fitted to orders of these days.
    DataError
        There are too few orders before these days.
    """
    holdout = holdout_of(population, days_of("validate", settled["validate"]), pool)
    refuse_long_ago(holdout.fit_as_of_day - int(holdout.T.max()), holdout.fit_as_of_day)
    groups = None
    if holdout.groups is not None:
        groups = Groups.of([holdout.groups], kind_of_groups(population), pool)
    by_group: Mapping[Group, Fitted | None] = {}
    of_fit: tuple[DataWarning, ...] = ()
    if model is None:
        family = settled["family"]
        fitted = fit(family, _histories(holdout, threads), threads)
        if groups is not None:
            shrinking = Shrinking(family, fitted, shrinkage_sd_of(settled["shrinkage_sd"]))
            columns = [[holdout.keys()], [holdout.s], [holdout.monetary]]
            by_group = fit_groups(shrinking, GroupHistories.of(groups, columns), pool, threads)
        of_fit = tuple(
            DataWarning(code, message("fitted to orders up to {}: {}", holdout.fit_as_of, text))
            for code, text in warnings_of(fitted, by_group)
        )
    else:
        _refuse_known(model, holdout)
        refuse_other_money(model, population)
        family, fitted, by_group = model.family, model.fitted, model.groups or {}
    if groups is None:
        predictions = _predictions(family, fitted, holdout, threads)
    else:
        sharing = Sharing.of(fitted, by_group, groups.values)
        numbers = sharing.of_customers(groups)
        predictions = _of_groups(family, sharing.fitted, holdout, numbers, pool, threads)
    found = validate(holdout, fitted, predictions, pool)
    return found._replace(warnings=(*found.warnings, *of_fit))


def _of_groups(
    family: str,
    fitted: Sequence[Fitted],
    holdout: Holdout,
    numbers: Sequence[Integers],
    pool: Executor,
    threads: int,
) -> Predictions:
    """Return predictions for customers, given the number of their estimates in one part."""
    gathered = Gathered.of(numbers, [[np.arange(holdout.n_customers)]], len(fitted))

    def predicted(number: int, its_threads: int) -> tuple[Integers, Predictions]:
        [rows] = gathered.of_number(number)
        return rows, _predictions(family, fitted[number], holdout.chosen(rows), its_threads)

    predictions = Predictions.empty(holdout)
    sizes = dict(enumerate(gathered.sizes()))
    for rows, found in of_each(predicted, sizes, pool, threads).values():
        predictions.add(rows, found)
    return predictions


def _predictions(family: str, fitted: Fitted, holdout: Holdout, threads: int) -> Predictions:
    forecast = forecast_of(family, fitted, threads)
    return Predictions.of(holdout, forecast, values_of(fitted).expected)


def _histories(holdout: Holdout, threads: int) -> Histories:
    triples = holdout.triples()
    if triples.n_repeaters == 0:
        raise DataError(
            message(
                "orders up to {} must hold customers with two order days; got none. Hold back "
                "fewer days ({validate}), or give a longer history.",
                holdout.fit_as_of,
            )
        )
    n_days = whole_sum(holdout.x) + holdout.n_customers
    spending = Spending.of(holdout.x, holdout.s, threads)
    return Histories(triples, spending, n_days, whole_sum(holdout.monetary))


def _refuse_known(model: ClvModel, holdout: Holdout) -> None:
    if model.as_of > holdout.fit_as_of:
        raise UsageError(
            message(
                "{clv_model} must have been fitted to orders up to {} for {validate} of {} days; "
                "got one as of {}, which knows some of these days. Use an earlier model or fewer "
                "days.",
                holdout.fit_as_of, holdout.days, model.as_of,
            )
        )  # fmt: skip
