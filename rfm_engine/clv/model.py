"""A fitted model of lifetime value: its parameters, how it was fitted, and to whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Unpack

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.options.groups import PredictOptions

ValueMean = Literal["model", "sample", "days"]


class Estimate(NamedTuple):
    """Parameters that maximise a likelihood.

    Attributes
    ----------
    parameters
        By name, with 10 significant digits; times in days, amounts in minor units.
    log_likelihood
        The log-likelihood of all customers at these parameters.
    standard_errors, log_errors
        Of the parameters, and of their logs; None for a parameter at a limit, or if they are not
        known.
    correlations
        Of the logs of the parameters; None where an error is None.
    at_limit
        The limit, `lower` or `upper`, of each parameter that is at one.
    steps, ended
        Number of steps of Newton's method, and why it ended.
    """

    parameters: dict[str, float]
    log_likelihood: float
    standard_errors: dict[str, float | None]
    log_errors: dict[str, float | None]
    correlations: tuple[tuple[float | None, ...], ...]
    at_limit: dict[str, str]
    steps: int
    ended: str


class Fitted(NamedTuple):
    """Estimates for the customers of one population.

    Attributes
    ----------
    customers, repeaters
        Number of customers, and of those with a repeat day.
    customers_without_value
        Number of customers whose repeat days have a net amount of 0 or less. They are not used to
        fit amounts.
    orders
        The estimate of repeat purchases.
    value
        The estimate of amounts; None if fewer than two customers have repeat days with an amount.
    value_mean
        What customers without repeat days are expected to spend per order day: the mean of the
        `model`; of the `sample` of repeaters, if the mean of the model is infinite; or that of all
        order `days`, if there is no estimate of amounts.
    mean_zbar, mean_day
        Mean amount per repeat day, as a mean over customers, and mean amount of all order days, in
        minor units.
    correlation
        Of `x` and `zbar` over the repeaters; None if it is not defined.
    """

    customers: int
    repeaters: int
    customers_without_value: int
    orders: Estimate
    value: Estimate | None
    value_mean: ValueMean
    mean_zbar: float
    mean_day: float
    correlation: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class ClvModel:
    """A fitted model of lifetime value, from `fit_clv` or `load_clv`.

    Attributes
    ----------
    family
        `pareto-nbd`, `bg-nbd` or `mbg-nbd`.
    as_of
        The date of analysis of the orders that it was fitted to.
    scale
        Number of decimal digits of the minor unit of these orders.
    currency
        Their currency, if they had a column of currencies.
    fitted
        The estimates for all customers.
    options
        The options of prediction: `horizon`, `clv_horizon`, `margin` and `discount_rate`, as text.
    by, groups
        With groups: their column, and the estimates by group in the order of the groups: integers
        by value, all others by bytes, None first. A group with fewer than 20 customers with a
        repeat day has None, and takes the estimates of all groups.
    shrinkage_sd
        With groups: the standard deviation of the logs of their parameters around those of all
        groups, as text.
    """

    family: str
    as_of: date
    scale: int
    currency: str | None
    fitted: Fitted
    options: Mapping[str, str]
    by: str | None = None
    groups: Mapping[Any, Fitted | None] | None = None
    shrinkage_sd: str | None = None

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of repeat purchases by name; times are in days."""
        return dict(self.fitted.orders.parameters)

    @property
    def value_parameters(self) -> dict[str, float] | None:
        """The parameters `p`, `q`, `gamma` of amounts, in minor units; None without an estimate."""
        return None if self.fitted.value is None else dict(self.fitted.value.parameters)

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """The standard errors of `parameters`; None where they are not known."""
        return dict(self.fitted.orders.standard_errors)

    @property
    def log_likelihood(self) -> float:
        """The log-likelihood of the repeat purchases of all customers, with times in days."""
        return self.fitted.orders.log_likelihood

    @property
    def at_limit(self) -> dict[str, str]:
        """The limit, `lower` or `upper`, of each parameter that is at one."""
        return dict(self.fitted.orders.at_limit)

    def predict(self, orders: object, **options: Unpack[PredictOptions]) -> pa.Table:
        """Predict for the customers of orders, without fitting.

        Parameters
        ----------
        orders
            As for `fit_clv`; or a `Result` of `score` with `clv=True`, which is predicted at its
            own date.
        **options
            With orders `as_of`, and the options of columns, reading and running as for `fit_clv`;
            and `horizon`, `clv_horizon`, `margin` and `discount_rate`, by default those of
            the model.

        Returns
        -------
        pyarrow.Table
            One row per customer with an order: the id; with groups the group; `x` (int64), `t_x`,
            `T`, `zbar`, `p_alive`, `p_order_90d`, `expected_orders_90d`, `expected_value`, `clv`,
            `simple_clv` (float64) and `historic_clv` (decimal128(18, scale)). The names contain the
            days of the horizon. Customers of a group that the model does not know are predicted
            with the parameters of all groups.

        Raises
        ------
        UsageError
            An option is wrong, or the orders have other groups than the model.
        DataError
            The data was refused, or amounts have another scale or currency than those of the model.
        """
        from rfm_engine.clv.prediction import predict

        return predict(self, orders, options)

    def save(self, place: str | os.PathLike[str]) -> None:
        """Write the model as JSON, for `load_clv` and `--clv-model`.

        Raises
        ------
        UsageError
            The folder does not exist, or the place is a file that is not such a model.
        """
        from rfm_engine.clv.model_files import save

        save(self, place)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={each:.6g}" for name, each in self.parameters.items())
        return f"<ClvModel {self.family} as of {self.as_of}: {numbers}>"


def clv_model_name(given: Any) -> str | None:
    """Return the name of a model in a summary: its path, if it was given as a path."""
    if isinstance(given, ClvModel):
        return f"<ClvModel as of {given.as_of}>"
    return None if given is None else os.fspath(given)
