"""Say what a model of lifetime value says about customers, and show its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .words import counted

_YEAR = 365
_TIMES = ("alpha", "beta")
_LEAST, _MOST = 0.001, 0.995


def model_lines(model: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield the lines of a model; `model` is its JSON, `family` its name."""
    yield f"Forecast model {family}, fitted to orders up to {model['as_of']}"
    repeaters = f"{model['repeaters']:,} of them ordered again on a later day"
    yield f"{counted(model['customers'], 'customer')}, {repeaters}"
    if model["groups"] is not None:
        yield _groups(model)
    everyone = "" if model["groups"] is None else " (all groups together)"
    yield f"while active: {_orders_per_year(model)} order days per customer and year{everyone}"
    yield f"leaving: {_leaving(model)}"
    yield f"amounts: {_mean_amount(model)} per order day"
    yield from _parameters(model)


def _groups(model: Mapping[str, Any]) -> str:
    n, n_own = len(model["groups"]), sum("parameters" in each for each in model["groups"])
    groups = f"{counted(n, 'group')} by {model['by']}"
    if not n_own:
        return f"{groups}, all with the same parameters"
    own = (
        f"{groups}: {n_own:,} with parameters of their own, shrunk towards those of all groups "
        f"(sd {model['shrinkage_sd']})"
    )
    return own if n_own == n else f"{own}, {n - n_own:,} with those of all"


def _orders_per_year(model: Mapping[str, Any]) -> str:
    """Return the mean of the rates of new customers, which have a gamma distribution."""
    return _rounded(_YEAR * model["parameters"]["r"] / model["parameters"]["alpha"], 2)


def _leaving(model: Mapping[str, Any]) -> str:
    """Say how likely a new customer leaves.

    Pareto/NBD: the mean of `1 - exp(-mu t)` over the gamma distribution of mu. The others: the mean
    of a beta distribution.
    """
    parameters = model["parameters"]
    if "s" in parameters:
        beta, s = parameters["beta"], parameters["s"]
        share = 1 - (beta / (beta + _YEAR)) ** s
        return f"{_share(share)} stop buying for good within a year of their first order, estimated"
    share = parameters["a"] / (parameters["a"] + parameters["b"])
    when = "an order day that is not the first" if model["family"] == "bg-nbd" else "an order day"
    return f"{_share(share)} stop buying for good after {when}, estimated"


def _mean_amount(model: Mapping[str, Any]) -> str:
    """Return what customers without repeat days are expected to spend per order day."""
    minor = {"sample": model["mean_zbar"], "days": model["mean_day"]}.get(model["value_mean"])
    if minor is None:
        p, q, gamma = model["value_parameters"].values()
        minor = p * gamma / (q - 1)
    return f"{minor / 10 ** model['scale']:,.{model['scale']}f}"


def _parameters(model: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters with standard errors, a line per part of the model."""
    yield f"parameters: {_with_errors(model['parameters'], model, 1)} (± standard error)"
    if model["value"] is not None:
        scale = 10 ** model["scale"]
        yield f"of amounts: {_with_errors(model['value_parameters'], model['value'], scale)}"


def _with_errors(parameters: Mapping[str, float], fit: Mapping[str, Any], scale: int) -> str:
    return ", ".join(
        _with_error(name, value, fit, scale if name == "gamma" else 1)
        for name, value in parameters.items()
    )


def _with_error(name: str, value: float, fit: Mapping[str, Any], scale: int) -> str:
    unit = " days" if name in _TIMES else ""
    shown = f"{name} {_rounded(value / scale, 4)}"
    error = fit["standard_errors"][name]
    if name in fit["at_limit"]:
        return f"{shown}{unit} (at limit)"
    return f"{shown}{unit}" if error is None else f"{shown} ± {_rounded(error / scale, 2)}{unit}"


def _share(value: float) -> str:
    if value < _LEAST:
        return f"less than {_LEAST:.1%}"
    if value > _MOST:
        return f"more than {_MOST:.1%}"
    return f"{value:.0%}" if value >= 0.1 else f"{value:.1%}"


def _rounded(value: float, digits: int) -> str:
    """Return a number with some significant digits, and without an exponent if it is large."""
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if value >= min(10**digits, 1000) else text
