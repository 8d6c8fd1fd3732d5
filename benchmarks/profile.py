"""Measure the processor time of each stage of a run: `python -m benchmarks.profile`.

The functions of each stage are measured with the clock of the thread that runs them, and all
threads are added up. The remaining time, without imports, is spent on passing work to threads and
on Python code between the stages.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow.parquet as pq

import rfm_engine
from benchmarks.cases import CASES, RESULTS, Case
from benchmarks.suite import orders_of
from rfm_engine.bench.record import machine, versions
from rfm_engine.orders import intake
from rfm_engine.orders.sources.parquet import RowGroups
from rfm_engine.output import formats
from rfm_engine.result import assembly, customers
from rfm_engine.totals import population
from rfm_engine.totals.buffer.batch import Batch
from rfm_engine.totals.tables.distinct_orders import DistinctOrders
from rfm_engine.totals.tables.measures import Measures
from rfm_engine.totals.tables.partition import Partition

RESULT = "profile.json"
PROFILED = ("int-100m", "dense-100m", "string-50m", "lines-100m", "memory-100m")
# In the order in which a row is processed. Each function is an owner (module or class) and a name.
STAGES: dict[str, list[tuple[Any, str]]] = {
    "decode": [(RowGroups, "__iter__")],
    "normalise": [(intake, "normalize")],
    "find the bin": [(Batch, "of")],
    "write down": [(Batch, "write")],
    "find the customer": [(Partition, "_assigned")],
    "add up": [(Measures, "add"), (DistinctOrders, "add")],
    "settle and measure": [(Partition, "settle"), (population, "chunk_of")],
    "score": [(assembly, "score_everyone")],
    "build columns": [(customers.ScoredCustomers, "_table")],
    "encode": [(formats, "encode_group")],
}


class Stopwatch:
    """Adds up the processor time of functions, in all threads."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()

    def time_all(self) -> None:
        """Measure all further calls of the functions in `STAGES`."""
        for stage, functions in STAGES.items():
            for owner, name in functions:
                self.time(stage, owner, name)

    def time(self, stage: str, owner: Any, name: str) -> None:
        """Measure all further calls of a function, or all steps of a generator function."""
        function = getattr(owner, name)
        timed = self._stepping if name == "__iter__" else self._calling
        setattr(owner, name, timed(stage, function))

    def _calling(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*args, **options)
            finally:
                self._add(stage, start)

        return call

    def _stepping(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def steps(*args: Any) -> Iterator[Any]:
            items = function(*args)
            while True:
                start = time.thread_time()
                try:
                    item = next(items)
                except StopIteration:
                    return
                finally:
                    self._add(stage, start)
                yield item

        return steps

    def _add(self, stage: str, start: float) -> None:
        with self._lock:
            self.seconds[stage] += time.thread_time() - start


def main() -> None:
    """Profile the second run of each case in this process, and save the seconds of each stage."""
    watch = Stopwatch()
    watch.time_all()
    found = {}
    for name in sys.argv[1:] or PROFILED:
        with orders_of(CASES[name], 1.0) as orders, tempfile.TemporaryDirectory() as folder:
            found[name] = _profiled(CASES[name], orders, Path(folder) / "out.parquet", watch)
        print(f"{name}: {found[name]}", file=sys.stderr)
    about = {"machine": machine(), "versions": versions(), "cases": found}
    (Path(RESULTS) / RESULT).write_text(json.dumps(about, indent=2) + "\n")


def _profiled(case: Case, orders: Path, output: Path, watch: Stopwatch) -> dict[str, float]:
    options: dict[str, Any] = {"order": "order_id"} if case.lines else {}
    given: Any = pq.read_table(orders) if case.in_memory else orders
    if not case.in_memory:
        options["output"] = output
    for _ in range(2):
        watch.seconds.clear()
        start, processor = time.perf_counter(), time.process_time()
        rfm_engine.score(given, as_of="newest", threads=case.threads, **options)
        wall, processor = time.perf_counter() - start, time.process_time() - processor
    stages = {stage: round(watch.seconds[stage], 3) for stage in STAGES if watch.seconds[stage]}
    rest = processor - sum(watch.seconds.values())
    return stages | {"else": round(rest, 3), "wall": round(wall, 3)}


if __name__ == "__main__":
    main()
