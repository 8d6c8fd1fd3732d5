"""The public functions of lifetime value: fit a model, and validate one."""

from __future__ import annotations

from typing import Unpack

from rfm_engine.clv.fitting import fit
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.orders import ClvOrders
from rfm_engine.clv.predictor import model_of, refuse_other_groups
from rfm_engine.clv.run import model_of_fit
from rfm_engine.clv.validation.run import validation_of
from rfm_engine.clv.validation.validation import Validation
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import FitOptions, ValidateOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.aggregation import Report
from rfm_engine.totals.totals import Totals

_USUAL_DAYS = "90d"


@documented(FitOptions)
def fit_clv(
    orders: object, *, progress: Report | None = None, **options: Unpack[FitOptions]
) -> ClvModel:
    """Fit a model of lifetime value to orders.

    Parameters
    ----------
    orders
        As for `rfm_engine.score`, but not a state; or the rows of `rfm_engine.normalized`, or
        totals that were built with `clv=True`.
    progress
        Called with a `Progress` from the calling thread, a few times per second.
    {options}

    Returns
    -------
    ClvModel
        The parameters with the highest likelihood. They do not depend on threads, the order of the
        rows, or how they are divided into files.

    Raises
    ------
    UsageError
        An option or a column is wrong, or the orders are a state.
    DataError
        The data was refused, or no customer has two days with a purchase.

    Notes
    -----
    Repeat purchases: Schmittlein, Morrison and Colombo (1987) for Pareto/NBD; Fader, Hardie and Lee
    (2005) for BG/NBD; Batislam, Denizel and Filiztekin (2007) for MBG/NBD. Amounts: the
    Gamma-Gamma model of Fader, Hardie and Lee (2005).

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import date
    >>> orders = pa.table({
    ...     "customer_id": [1, 1, 1, 2, 2, 3, 4],
    ...     "order_time": [date(2026, 1, d) for d in (1, 5, 20, 2, 4, 3, 9)],
    ...     "amount": [10.0, 12.0, 8.0, 5.0, 7.0, 9.0, 6.0],
    ... })
    >>> model = rfm.fit_clv(orders, as_of="2026-01-31", family="mbg-nbd")
    >>> sorted(model.parameters)
    ['a', 'alpha', 'b', 'r']
    """
    explicit = given("fit_clv", FitOptions, options, required=not isinstance(orders, Totals))
    known = ClvOrders(orders, explicit, {}, {})
    known.terms()
    population, _ = known.totals(progress, ())
    with Workers(known.threads) as pool:
        chunks, _ = population.chunks(pool)
        histories = Histories.of(chunks, population.intake.as_of_day or 0, known.threads)
        fitted = fit(known.settled["family"], histories, known.threads)
        return model_of_fit(known, population, chunks, fitted, pool)


@documented(ValidateOptions)
def validate_clv(
    orders: object, *, progress: Report | None = None, **options: Unpack[ValidateOptions]
) -> Validation:
    """Predict the last days of orders without them, and compare with what customers did.

    Parameters
    ----------
    orders, progress
        As for `fit_clv`.
    {options}

    Returns
    -------
    Validation
        Errors, bias and ranking of the model and of simple methods, and tables for charts.

    Raises
    ------
    UsageError, DataError
        As `fit_clv`; or a saved model was fitted to orders of the days that it would predict.
    """
    explicit = given(
        "validate_clv", ValidateOptions, options, required=not isinstance(orders, Totals)
    )
    asked = {"validate": _USUAL_DAYS, **explicit}
    model = None if asked.get("clv_model") is None else model_of(asked["clv_model"])
    known = ClvOrders(orders, asked, {}, {})
    if model is not None:
        refuse_other_groups(model, known.settled["by"])
    population, _ = known.totals(progress, ())
    with Workers(known.threads) as pool:
        return validation_of(population, known.settled, model, pool, known.threads)
