"""Predict with a model in Python: for orders, or for the customers of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from rfm_engine.clv.customers import ClvCustomers
from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.predictor import ClvPredictor, refuse_other_groups
from rfm_engine.clv.run import clv_given
from rfm_engine.clv.terms import Terms
from rfm_engine.errors import UsageError
from rfm_engine.options.clv import TermOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import PredictOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.workers import Workers
from rfm_engine.result.result import Result
from rfm_engine.totals.totals import Totals


def predict(model: ClvModel, orders: object, options: Mapping[str, Any]) -> pa.Table:
    """Return the table that `ClvModel.predict` describes.

    Raises
    ------
    RfmError
        As `ClvModel.predict`.
    """
    is_dated = isinstance(orders, Result | Totals)
    explicit = given("predict", PredictOptions, options, required=not is_dated)
    if isinstance(orders, Result):
        return _of_result(model, orders, explicit)
    return clv_given(orders, {**explicit, "clv_model": model}, {}, None, None).customers


def _of_result(model: ClvModel, result: Result, explicit: Mapping[str, Any]) -> pa.Table:
    others = [name for name in explicit if name not in declared(TermOptions)]
    if others:
        raise UsageError(
            f"a result must be predicted as it was read; got {', '.join(others)} as well. Remove "
            "this option, or give the orders."
        )
    options = result.options
    has_days = options["clv"] and options["clv_unit"] != "W" and options["window"] is None
    if not has_days or result.overall is not None:
        raise UsageError(
            message(
                "a result must be scored with {clv:True}, and without {clv_unit}, {window} and "
                "{overall}, to be predicted; got another one. Score the orders so, or give the "
                "orders."
            )
        )
    refuse_other_groups(model, options["by"])
    terms = Terms.of(**resolve(TermOptions, explicit, model.options))
    chunks, population = result._scored.chunks, result._scored.population
    with Workers(options["threads"]) as pool:
        predicted = ClvPredictor(model, terms, options["threads"]).of(chunks, population, pool)
        customers = ClvCustomers(population, predicted, chunks, options, model)
        tables = list(pool.map(lambda make: make(), customers.pieces()))
    return pa.concat_tables([pa.Table.from_batches([], customers.schema), *tables])
