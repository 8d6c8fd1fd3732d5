"""Measure what scoring on Spark costs: `python -m benchmarks.spark_costs`.

The same orders are scored by Spark and by rfm, both with two threads, in turns, each time in a new
process. Before a time is printed, all customers, cut points and segments are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.cases import RESULTS
from benchmarks.spark_costs_run import SETTINGS, THREADS
from benchmarks.spark_costs_tables import RESULT, formula, spark_costs_lines
from rfm_engine.bench.measure import run_process
from rfm_engine.bench.record import machine, package_version, versions
from rfm_engine.output import write
from rfm_engine.simulate import simulate

ORDERS_PER_CUSTOMER = 5
CUSTOMERS = (1_000_000, 3_000_000, 10_000_000)
ENGINES = ("spark", "rfm")


class Bench:
    """The measurements of one number of customers.

    Parameters
    ----------
    folder
        An empty folder for orders and results.
    customers
        Number of customers; each has five orders on average.
    """

    def __init__(self, folder: Path, customers: int) -> None:
        self.folder, self.customers = folder, customers
        self.samples: dict[str, list[dict[str, float]]] = {name: [] for name in ENGINES}
        self.told: Any = None
        orders = simulate(customers=customers, orders=ORDERS_PER_CUSTOMER * customers)
        write(orders, orders.schema, folder / "orders.parquet", threads=THREADS)

    def run(self, engine: str) -> None:
        """Score once in a new process.

        Raises
        ------
        AssertionError
            The result differs from that of an earlier run.
        """
        out, answer = self.folder / engine, self.folder / "answer.json"
        shutil.rmtree(out, ignore_errors=True)
        command = [
            sys.executable, "-m", "benchmarks.spark_costs_run", engine,
            str(self.folder / "orders.parquet"), str(out), str(answer),
        ]  # fmt: skip
        here = {
            **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYSPARK_PYTHON": sys.executable,
        }  # fmt: skip
        run = run_process(command, self.folder, here)
        found = json.loads(answer.read_text())
        assert self.told in (None, found["told"]), f"{engine} has another result"
        self.told = found["told"]
        self.samples[engine].append({**found["seconds"], "total": run.seconds})

    def check(self) -> None:
        """Compare all customers of both engines.

        Raises
        ------
        AssertionError
            They differ.
        """
        on_spark = pq.read_table(self.folder / "spark").sort_by("customer_id")
        alone = pq.read_table(self.folder / "rfm").cast(on_spark.schema).sort_by("customer_id")
        assert len(alone) == self.customers
        assert on_spark.equals(alone), "customers differ"

    def result(self) -> dict[str, Any]:
        """Return all samples."""
        size = (self.folder / "orders.parquet").stat().st_size
        orders = ORDERS_PER_CUSTOMER * self.customers
        about = {"customers": self.customers, "orders": orders, "bytes": size}
        return about | {"seconds": self.samples}


def measured(customers: int, runs: int) -> dict[str, Any]:
    """Measure both engines in turns."""
    with tempfile.TemporaryDirectory(prefix="rfm-spark-costs-") as name:
        bench = Bench(Path(name), customers)
        for number in range(runs):
            for engine in ENGINES:
                bench.run(engine)
            if number == 0:
                bench.check()
        return bench.result()


def main() -> None:
    """Measure all sizes, print the table, and save all samples."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark_costs", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of customers, such as 0.01")
    parser.add_argument("--runs", type=int, default=3, help="number of runs of each engine")
    parser.add_argument("--results", type=Path, default=Path(RESULTS), help="folder of the result")
    options = parser.parse_args()
    cases = [measured(round(n * options.scale), options.runs) for n in CUSTOMERS]
    known = versions() | {"pyspark": package_version("pyspark")}
    about = {"machine": machine(), "versions": known, "threads": THREADS, "settings": SETTINGS}
    found = about | {"cases": cases}
    print("\n".join([*spark_costs_lines(found), "", *formula(found)]))
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / RESULT).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
