"""Compare the predictions of a model, and of simple methods, with what customers did."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.model import Fitted
from rfm_engine.clv.sums import whole_sum
from rfm_engine.clv.validation.calibration import calibration
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.clv.validation.methods import Method, methods_of
from rfm_engine.clv.validation.metrics import Errors, brier
from rfm_engine.clv.validation.predictions import Predictions
from rfm_engine.clv.validation.ranking import Ranking, auc, gini
from rfm_engine.clv.validation.sorting import Sorted
from rfm_engine.clv.validation.tracking import tracking
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.warnings import DataWarning

_SCHEMA = pa.schema(
    [
        ("method", pa.string()),
        ("orders", pa.float64()),
        ("orders_bias", pa.float64()),
        ("orders_mae", pa.float64()),
        ("orders_rmse", pa.float64()),
        ("orders_gini", pa.float64()),
        ("auc", pa.float64()),
        ("brier", pa.float64()),
        ("revenue", pa.float64()),
        ("revenue_bias", pa.float64()),
        ("revenue_mae", pa.float64()),
        ("revenue_rmse", pa.float64()),
        ("revenue_gini", pa.float64()),
    ]
)
_NAMES = {
    "rate": "the past rate of each customer",
    "same_again": "as many order days as in the days before",
}


class Validation(NamedTuple):
    """What a holdout says about a model.

    Attributes
    ----------
    holdout
        The customers and what they did.
    table
        One row per method of `methods_of`: `method` text, then float64: `orders` (the predicted
        sum), `orders_bias`, `orders_mae`, `orders_rmse` (see `Errors`), `orders_gini` (see `gini`),
        `auc` and `brier` of the probability to order at all (of the score, for the heuristics), and
        `revenue`, `revenue_bias`, `revenue_mae`, `revenue_rmse`, `revenue_gini` in major units.
        Values that a method cannot have are null.
    calibration, tracking
        The tables of `calibration` and `tracking`.
    warnings
        One warning per heuristic with a smaller mean absolute error of orders than the model; not
        for the mean, which is known only afterwards. Then the warnings about the fit.
    fitted
        The estimates for all customers that were validated.
    """

    holdout: Holdout
    fitted: Fitted
    table: pa.Table
    calibration: pa.Table
    tracking: pa.Table
    warnings: tuple[DataWarning, ...]

    def __repr__(self) -> str:
        held = self.holdout
        return (
            f"<Validation of {held.days:,} days up to {held.as_of}: {held.n_customers:,} customers>"
        )

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data for JSON; money of the holdout is text in major units."""
        holdout = self.holdout
        return {
            "as_of": holdout.as_of.isoformat(),
            "fit_as_of": holdout.fit_as_of.isoformat(),
            "days": holdout.days,
            "customers": holdout.n_customers,
            "customers_later": holdout.n_later,
            "repeaters": int((holdout.x > 0).sum()),
            "parameters": self.fitted.orders.parameters,
            "orders": whole_sum(holdout.orders),
            "revenue": format_minor(whole_sum(holdout.revenue), holdout.scale),
            "methods": self.table.to_pylist(),
            "warnings": [each._asdict() for each in self.warnings],
        }


def validate(
    holdout: Holdout, fitted: Fitted, predictions: Predictions, pool: Executor
) -> Validation:
    """Compare predictions for the customers of a holdout with what they did.

    `fitted` are the estimates for all customers behind the predictions. The threads of `pool` sort
    the customers. The result has the same bits for any number of threads and any order of the rows.
    """
    compared = _Compared.of(holdout, pool)
    rows = [compared.row(method) for method in methods_of(holdout, predictions)]
    order = Sorted.of(predictions.orders, pool).order
    table = pa.Table.from_pylist(rows, _SCHEMA)
    return Validation(
        holdout, fitted, table, calibration(holdout, predictions.orders, order),
        tracking(holdout, predictions.repeats), _warnings(table, holdout.days),
    )  # fmt: skip


class _Compared(NamedTuple):
    """What customers did, with the weighted sums of the perfect rankings."""

    holdout: Holdout
    pool: Executor
    has_ordered: Integers
    perfect_orders: int
    perfect_revenue: int

    @classmethod
    def of(cls, holdout: Holdout, pool: Executor) -> _Compared:
        has_ordered = (holdout.orders > 0).astype(np.int64)
        orders, revenue = (
            Ranking.of(actual, pool).weigh(actual) for actual in (holdout.orders, holdout.revenue)
        )
        return cls(holdout, pool, has_ordered, orders, revenue)

    def row(self, method: Method) -> dict[str, Any]:
        """Return the row of a method."""
        holdout = self.holdout
        row: dict[str, Any] = {"method": method.name}
        if method.orders is not None:
            errors = Errors.of(method.orders, holdout.orders)
            row |= zip(("orders", "orders_bias", "orders_mae", "orders_rmse"), errors, strict=True)
        if method.revenue is not None:
            errors = Errors.of(method.revenue, holdout.revenue).per(10**holdout.scale)
            names = "revenue", "revenue_bias", "revenue_mae", "revenue_rmse"
            row |= zip(names, errors, strict=True)
        if method.scores is not None:
            ranking = Ranking.of(method.scores, self.pool)
            row["orders_gini"] = gini(ranking, self.perfect_orders, holdout.orders)
            if method.p_order is None:
                row["auc"] = auc(ranking, self.has_ordered)
        if method.p_order is not None:
            row["auc"] = auc(Ranking.of(method.p_order, self.pool), self.has_ordered)
            row["brier"] = brier(method.p_order, self.has_ordered)
        if method.revenue_scores is not None:
            ranking = Ranking.of(method.revenue_scores, self.pool)
            row["revenue_gini"] = gini(ranking, self.perfect_revenue, holdout.revenue)
        return row


def _warnings(table: pa.Table, days: int) -> tuple[DataWarning, ...]:
    errors = dict(zip(*(table[name].to_pylist() for name in ("method", "orders_mae")), strict=True))
    return tuple(
        DataWarning(
            "heuristic_wins",
            f"in the holdout of {days} days, the mean absolute error of orders per customer is "
            f"{errors[name]:.4f} for {text}, and {errors['model']:.4f} for the model. Compare "
            "bias and Gini of both before you use either.",
        )
        for name, text in _NAMES.items()
        if errors[name] is not None and errors[name] < errors["model"]
    )
