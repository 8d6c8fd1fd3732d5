"""Measure fits and predictions of lifetime value: `python -m benchmarks.lifetime_value`.

Simulated customers are given as the totals that orders are aggregated to. Each run is a process of
its own, in turns with the package lifetimes in an environment of its own. Before a time is printed,
parameters and sums of predictions of both are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases import RESULTS
from benchmarks.lifetime_value_run import TERMS, write_totals
from benchmarks.lifetime_value_tables import RESULT, VALUE
from benchmarks.other_environment import PACKAGES, OtherEnvironment
from benchmarks.simulated_customers import Customers, simulated_customers
from rfm_engine.bench.measure import run_process
from rfm_engine.bench.record import machine, versions
from rfm_engine.bench.words import short
from rfm_engine.clv.families import FAMILIES

_PREDICTED = ("p_alive", f"expected_orders_{TERMS.horizon_days}d", "expected_value", "clv")
# Its usual tolerances, with which it stops some digits before ours does. Its Pareto/NBD is searched
# without derivatives.
TOLERANCES = {"bg-nbd": 1e-7, "mbg-nbd": 1e-7, VALUE: 1e-7, "pareto-nbd": 1e-4}
AGREEMENT = {"bg-nbd": 1e-4, "mbg-nbd": 1e-4, VALUE: 1e-4, "pareto-nbd": 1e-2}
PREDICTIONS_AGREE = 1e-9


class Case(NamedTuple):
    """A number of customers, and the models that lifetimes fits to them."""

    customers: int
    lifetimes: tuple[str, ...]


CASES = (
    Case(20_000, ("pareto-nbd",)),
    Case(100_000, ("bg-nbd", "mbg-nbd", VALUE)),
    Case(1_000_000, ("bg-nbd", "mbg-nbd", VALUE)),
    Case(10_000_000, ()),
)


class Bench:
    """The measurements of one case.

    Parameters
    ----------
    folder
        An empty folder for the files of the case.
    customers
        The customers.
    threads
        Number of threads of our fits and predictions.
    """

    def __init__(self, folder: Path, customers: Customers, threads: int) -> None:
        self.folder, self.customers, self.threads = folder, customers, threads
        self.seconds: dict[str, list[float]] = {}
        self.peak_bytes: dict[str, list[int]] = {"fits": [], "predictions": []}
        self.ours: dict[str, Any] = {}
        write_totals(folder / "totals.npz", customers)

    def run_ours(self) -> None:
        """Measure our process once."""
        command = [sys.executable, "-m", "benchmarks.lifetime_value_run"]
        here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command += [str(self.folder), str(self.threads)]
        run = run_process(command, self.folder, here)
        answer = json.loads((self.folder / "ours.json").read_text())
        moments = answer.pop("moments")
        assert self.ours in ({}, answer), "two runs differ"
        self.ours = answer
        for step, (start, stop) in moments.items():
            self.seconds.setdefault(step, []).append(stop - start)
        starts = {step: start for step, (start, _) in moments.items()}
        first = min(starts.values())
        between = min(start for step, start in starts.items() if step.startswith("predict "))
        last = max(stop for _, stop in moments.values())
        self.peak_bytes["fits"].append(run.peak_bytes(first, between))
        self.peak_bytes["predictions"].append(run.peak_bytes(between, last))

    def run_lifetimes(self, other: OtherEnvironment, models: tuple[str, ...]) -> None:
        """Measure lifetimes, as its documentation uses it and with weights of equal histories.

        Raises
        ------
        AssertionError
            It finds other parameters or predictions.
        """
        x, t_x, T, s = self.customers  # noqa: N806
        columns = {"x": x, "t_x": t_x, "T": T, "mean": s / np.maximum(x, 1) / 100}
        given = self.ours["parameters"]
        predicted = [model for model in models if model != VALUE]
        job = {
            "fits": {model: [TOLERANCES[model]] for model in models},
            "histories": False,
            "horizons": [TERMS.horizon_days],
            "predictions": {
                model: {"orders": given[model], "value": given[VALUE]} for model in predicted
            },
        }
        answer = other.run(self.folder, columns, job)
        weighted = other.run(self.folder, columns, job | {"histories": True, "predictions": {}})
        for name, found in (("by customer", answer), ("by history", weighted)):
            for model in models:
                self._compare(model, found["fits"][model]["parameters"])
                self._add(f"{name}: fit {model}", found["fits"][model]["seconds"])
        for model in predicted:
            self._compare_predictions(model)
            self._add(f"by customer: predict {model}", answer["seconds"][model])

    def _compare(self, model: str, found: list[float]) -> None:
        expected = self.ours["parameters"][model]
        assert np.allclose(found, expected, rtol=AGREEMENT[model], atol=0), (
            f"{model}: lifetimes finds {found}, rfm {expected}"
        )

    def _compare_predictions(self, model: str) -> None:
        with np.load(self.folder / f"{model}.npz") as columns:
            for name in _PREDICTED:
                found, expected = float(columns[name].sum()), self.ours["sums"][model][name]
                assert np.isclose(found, expected, rtol=PREDICTIONS_AGREE, atol=0), (
                    f"{model}, sum of {name}: lifetimes has {found}, rfm {expected}"
                )

    def _add(self, step: str, seconds: float) -> None:
        self.seconds.setdefault(step, []).append(seconds)

    def result(self) -> dict[str, Any]:
        """Return all samples, and what was found."""
        n = len(self.customers.x)
        about = {"customers": n, "threads": self.threads} | self.ours
        return about | {"seconds": self.seconds, "peak_bytes": self.peak_bytes}

    def lines(self) -> list[str]:
        """Return the table of medians."""
        middle = {step: median(samples) for step, samples in self.seconds.items()}
        n, n_histories = len(self.customers.x), self.ours["histories"]
        found = [
            f"{short(n)} customers, {short(n_histories)} distinct histories: seconds of rfm; of "
            "lifetimes by customer; of lifetimes by history"
        ]
        for step in middle:
            if step.startswith(("fit", "predict")):
                ours = middle[step]
                others = [middle.get(f"{name}: {step}") for name in ("by customer", "by history")]
                ratios = [f"{each:10.2f} ({each / ours:.0f}x)" for each in others if each]
                found.append(f"  {step:<20}{ours:10.3f}{''.join(ratios)}")
        for model in FAMILIES:
            total = sum(middle[step] for step in ("histories", f"fit {VALUE}", f"fit {model}"))
            found.append(f"  histories and fits of {model} with amounts: {total:.2f} s")
        peaks = {step: max(samples) / 1e6 for step, samples in self.peak_bytes.items()}
        memory = ", ".join(f"{work} {peak:.0f} MB" for work, peak in peaks.items())
        found.append(f"  memory beyond the totals: {memory}")
        return found


def measured(case: Case, scale: float, other: OtherEnvironment | None, options: Any) -> Bench:
    """Measure a case in turns."""
    n = max(1_000, round(case.customers * scale))
    with tempfile.TemporaryDirectory(prefix="rfm-lifetime-value-") as name:
        bench = Bench(Path(name), simulated_customers(n), options.threads)
        for _ in range(options.runs):
            bench.run_ours()
            if case.lifetimes and other is not None:
                bench.run_lifetimes(other, case.lifetimes)
    return bench


def main() -> None:
    """Measure all cases, print a table of each, and save all samples."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="rfm-lifetimes-") as name:
        other = None
        if not options.no_lifetimes:
            other = OtherEnvironment(options.environment or Path(name))
        found = []
        for case in CASES:
            if case.customers in options.customers:
                bench = measured(case, options.scale, other, options)
                print("\n".join(bench.lines()), flush=True)
                found.append(bench.result())
    packages = "not measured" if other is None else PACKAGES
    about = {"machine": machine(), "versions": versions(), "lifetimes": packages}
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / RESULT).write_text(json.dumps(about | {"cases": found}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lifetime_value", description=__doc__
    )
    sizes = [case.customers for case in CASES]
    parser.add_argument("--customers", type=int, nargs="+", choices=sizes, default=sizes)
    parser.add_argument("--scale", type=float, default=1.0, help="share of customers, such as 0.01")
    parser.add_argument("--runs", type=int, default=3, help="number of runs")
    parser.add_argument("--threads", type=int, default=2, help="number of threads of our runs")
    parser.add_argument("--environment", type=Path, help="folder of lifetimes, kept for later runs")
    parser.add_argument("--no-lifetimes", action="store_true", help="measure ours only")
    parser.add_argument("--results", type=Path, default=Path(RESULTS), help="folder of the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
