"""Fit a model of repeat purchases and of their amounts to the customers of a population."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.clv import gamma_gamma
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.gamma_gamma import GammaGammaLikelihood, start_of, value_mean
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.model import Estimate, Fitted
from rfm_engine.clv.newton import Fit, maximise
from rfm_engine.clv.values import GammaGammaValue, MeanValue, ValueModel

FEWEST_AMOUNTS = 2
"""Customers with an amount of repeat days that an estimate of amounts needs."""
_DIGITS = 10


def fit(family: str, histories: Histories, threads: int) -> Fitted:
    """Return the estimates with the highest likelihood.

    Parameters
    ----------
    family
        `pareto-nbd`, `bg-nbd` or `mbg-nbd`.
    histories
        The customers; at least one of them has a repeat day.
    threads
        Number of threads. It does not change the result.
    """
    chosen = FAMILIES[family]
    likelihood = chosen.likelihood(histories.triples, threads=threads)
    orders = maximise(likelihood, chosen.start, chosen.box)
    return fitted_of(histories, estimate_of(orders, chosen.parameters), _value(histories, threads))


def _value(histories: Histories, threads: int) -> Estimate | None:
    """Return the estimate of amounts; None with fewer than two customers with an amount."""
    spending = histories.spending
    if spending.n_customers < FEWEST_AMOUNTS:
        return None
    likelihood = GammaGammaLikelihood(spending, threads=threads)
    found = maximise(likelihood, start_of(spending), gamma_gamma.BOX)
    return estimate_of(found, gamma_gamma.PARAMETERS)


def fitted_of(histories: Histories, orders: Estimate, value: Estimate | None) -> Fitted:
    """Return estimates together with what is known of the customers."""
    spending = histories.spending
    return Fitted(
        customers=histories.triples.n_customers,
        repeaters=histories.triples.n_repeaters,
        customers_without_value=spending.customers_without_value,
        orders=orders,
        value=value,
        value_mean="days" if value is None else value_mean([*value.parameters.values()]),
        mean_zbar=rounded(spending.mean),
        mean_day=rounded(MeanValue.of(histories.minor, histories.n_days).mean),
        correlation=spending.correlation,
    )


def forecast_of(family: str, fitted: Fitted, threads: int) -> Forecast:
    """Return the predictions of repeat purchases of estimates."""
    chosen = FAMILIES[family]
    parameters = [fitted.orders.parameters[name] for name in chosen.parameters]
    return chosen.forecast(parameters, threads=threads)


def values_of(fitted: Fitted) -> ValueModel:
    """Return the predictions of amounts of estimates."""
    if fitted.value is None:
        return MeanValue(fitted.mean_day)
    p, q, gamma = fitted.value.parameters.values()
    return GammaGammaValue((p, q, gamma), fitted.mean_zbar)


def estimate_of(found: Fit, names: Sequence[str]) -> Estimate:
    """Return a fit with its parameters by name."""

    def by_name(values: Sequence[float | None]) -> dict[str, float | None]:
        return dict(zip(names, values, strict=True))

    return Estimate(
        parameters=dict(zip(names, found.parameters, strict=True)),
        log_likelihood=found.log_likelihood,
        standard_errors=by_name(found.standard_errors),
        log_errors=by_name(found.log_errors),
        correlations=found.correlations,
        at_limit={
            name: limit
            for name, limit in zip(names, found.limits, strict=True)
            if limit is not None
        },
        steps=found.steps,
        ended=found.ended,
    )


def rounded(number: float) -> float:
    """Return a number with the digits that a saved model has."""
    return float(f"{number:.{_DIGITS}g}")
