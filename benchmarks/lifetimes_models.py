"""Fit and predict with the package lifetimes: `python lifetimes_models.py FOLDER`.

It runs in an environment of its own, so it imports nothing of the library. The folder holds:

- `customers.npz`: x, `t_x`, T in days, and the mean amount of repeat days, one per customer.
- `job.json`: `fits` has for each model the tolerances to try, from the tightest one; `histories`
  tells whether to fit equal customers once, with weights; `predictions` has for each model of
  orders its parameters and those of Gamma-Gamma; `horizons` has the days to predict.

It writes `answer.json`: parameters, log-likelihood and seconds of each fit, and the seconds of the
predictions of each model, which are in `MODEL.npz`. Times are days. Values are those of 12 months
of 30 days at a monthly rate of 0.01, as lifetimes defines them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
from lifetimes.utils import ConvergenceError

FITTERS = {
    "bg-nbd": BetaGeoFitter,
    "mbg-nbd": ModifiedBetaGeoFitter,
    "pareto-nbd": ParetoNBDFitter,
    "gamma-gamma": GammaGammaFitter,
}
NAMES = {
    "bg-nbd": ["r", "alpha", "a", "b"],
    "mbg-nbd": ["r", "alpha", "a", "b"],
    "pareto-nbd": ["r", "alpha", "s", "beta"],
    "gamma-gamma": ["p", "q", "v"],
}
MONTHS, MONTHLY_RATE = 12, 0.01


def fitted(name: str, columns: list[Any], weights: Any, tolerances: list[float]) -> Any:
    """Fit a model with the tightest tolerance at which it converges."""
    if name == "pareto-nbd":
        return fitted_pareto(columns, weights, tolerances)
    for tolerance in tolerances:
        fitter = FITTERS[name]()
        try:
            return fitter.fit(*columns, weights=weights, tol=tolerance)
        except ConvergenceError:
            continue
    raise ConvergenceError(f"{name} does not converge")


def fitted_pareto(columns: list[Any], weights: Any, tolerances: list[float]) -> Any:
    """Fit Pareto/NBD with the last tolerance, and then from there with each tighter one.

    With the usual tolerance of 1e-4, its search without derivatives finds three digits. The usual
    start is random, so it is replaced by its mean.
    """
    start = [1.0, 1.0, 1.0, 1.0]
    fitter = ParetoNBDFitter()
    for tolerance in reversed(tolerances):
        fitter.fit(*columns, weights=weights, tol=tolerance, initial_params=start, maxiter=10_000)
        scale = fitter._scale
        start = (fitter.params_.to_numpy() * [1.0, scale, 1.0, scale]).tolist()
    return fitter


def log_likelihood(name: str, parameters: Any, columns: list[Any], weights: Any) -> float:
    """Return the log-likelihood of all customers with times in days."""
    given = parameters if name == "pareto-nbd" else np.log(parameters)
    each = FITTERS[name]._negative_log_likelihood(given, *columns, weights, 0.0)
    return -float(each * (weights.mean() if name == "pareto-nbd" else weights.sum()))


def fits(customers: pd.DataFrame, job: dict[str, Any]) -> dict[str, Any]:
    """Return parameters, log-likelihood and seconds of each model of the job."""
    answer = {}
    for name, tolerances in job["fits"].items():
        keys = ["x", "mean"] if name == "gamma-gamma" else ["x", "t_x", "T"]
        rows = customers[customers["x"] > 0] if name == "gamma-gamma" else customers
        start = time.perf_counter()
        if job["histories"]:
            rows = rows.groupby(keys).size().reset_index(name="n")
        columns = [rows[key].to_numpy() for key in keys]
        weights = rows["n"].to_numpy() if job["histories"] else np.ones(len(rows), np.int64)
        fitter = fitted(name, columns, weights, tolerances)
        seconds = time.perf_counter() - start
        found = [float(fitter.params_[parameter]) for parameter in NAMES[name]]
        value = log_likelihood(name, found, columns, weights)
        answer[name] = {"parameters": found, "log_likelihood": value, "seconds": seconds}
    return answer


def with_parameters(name: str, parameters: list[float]) -> Any:
    """Return a model with given parameters."""
    fitter = FITTERS[name]()
    fitter.params_ = pd.Series(parameters, index=NAMES[name])
    fitter.predict = getattr(fitter, "conditional_expected_number_of_purchases_up_to_time", None)
    return fitter


def predictions(
    name: str, given: dict[str, list[float]], customers: pd.DataFrame, horizons: list[int]
) -> dict[str, Any]:
    """Return the predictions of a model of orders together with Gamma-Gamma."""
    model = with_parameters(name, given["orders"])
    amounts = with_parameters("gamma-gamma", given["value"])
    rows = [customers[key] for key in ("x", "t_x", "T")]
    found = {
        "p_alive": model.conditional_probability_alive(*rows),
        "expected_value": amounts.conditional_expected_average_profit(rows[0], customers["mean"]),
        "clv": amounts.customer_lifetime_value(
            model, *rows, customers["mean"], time=MONTHS, discount_rate=MONTHLY_RATE, freq="D"
        ),
    }
    for days in horizons:
        found[f"expected_orders_{days}d"] = model.predict(days, *rows)
        if name == "pareto-nbd":
            chance = model.conditional_probability_of_n_purchases_up_to_time
            found[f"p_order_{days}d"] = 1.0 - chance(0, days, *rows)
    return {key: np.asarray(each) for key, each in found.items()}


def main() -> None:
    """Do the job of a folder."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    with np.load(folder / "customers.npz") as columns:
        customers = pd.DataFrame(dict(columns))
    answer = {"fits": fits(customers, job), "seconds": {}}
    for name, given in job["predictions"].items():
        start = time.perf_counter()
        found = predictions(name, given, customers, job["horizons"])
        answer["seconds"][name] = time.perf_counter() - start
        np.savez(folder / f"{name}.npz", **found)
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
