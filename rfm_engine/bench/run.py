"""A benchmark: every solution in fresh processes, in turn; answers compared, then times given."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfm_engine.bench import child
from rfm_engine.bench.check import Checker
from rfm_engine.bench.engines import FLOOR, Engine
from rfm_engine.bench.measure import ProcessFailed, available_bytes, run_process
from rfm_engine.bench.record import (
    EngineRecord,
    FloorSample,
    Record,
    Sample,
    machine,
    package_version,
    versions,
)
from rfm_engine.bench.work import Input, open_input, segment_of_cells
from rfm_engine.simulate import Ids, simulate
from rfm_engine.sink import write

_START_UP_RUNS = 3
# Of the memory available when the benchmark starts.
_MOST_MEMORY = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the engines, on which orders, how often."""

    engines: Sequence[Engine]
    lines: bool
    in_memory: bool
    threads: int
    runs: int


def run_bench(plan: Plan, orders: Input, tell: Callable[[str], None]) -> Record:
    """Run every engine once cold and `runs` times warm, in turn, and compare all answers.

    Parameters
    ----------
    plan
        What to run.
    orders
        The Parquet file.
    tell
        Called with a few words before each process.

    Returns
    -------
    Record
        All samples. An engine that is not installed, or failed, is in it without times.

    Raises
    ------
    RfmError
        Two answers differ; the message names engine and column.
    """
    with tempfile.TemporaryDirectory(prefix="rfm-bench-") as name:
        return _Bench(plan, orders, Path(name), tell).run()


@contextmanager
def simulated(
    *, customers: int, orders: int, ids: Ids, lines: bool, tell: Callable[[str], None]
) -> Iterator[Path]:
    """Give a Parquet file of simulated orders, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="rfm-bench-") as name:
        place = Path(name) / "orders.parquet"
        tell(f"simulate {orders:,} orders of {customers:,} customers")
        batches = simulate(customers=customers, orders=orders, ids=ids, lines=lines)
        write(batches, batches.schema, place)
        yield place


class _Bench:
    def __init__(
        self, plan: Plan, orders: Input, folder: Path, tell: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._orders = orders
        self._folder = folder
        self._tell = tell
        self._segments = segment_of_cells()
        self._checker = Checker(folder / "answer")
        self._most_bytes = int((available_bytes() or 0) * _MOST_MEMORY) or None
        cache = folder / "cache"
        cache.mkdir(mode=0o700)
        threads = str(plan.threads)
        self._environment = os.environ | {
            "RFM_CACHE_DIR": str(cache), "POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads,
        }  # fmt: skip

    def run(self) -> Record:
        """Run cold, warm and on next to nothing; failing engines drop out."""
        plan = self._plan
        records = {engine: _fresh(engine) for engine in plan.engines}
        rounds = [("cold", 1), ("warm", plan.runs)]
        floor: list[FloorSample] = []
        for kind, times in rounds:
            for number in range(times):
                for engine, record in records.items():
                    if record.status != "measured":
                        continue
                    self._tell(f"{kind} {number + 1} of {times}: {engine.name}")
                    sample = self._attempt(engine, record, cold=kind == "cold")
                    if sample is not None and kind == "cold":
                        record.cold = sample
                    elif sample is not None:
                        record.warm.append(sample)
                if kind == "warm" and not plan.in_memory and self._checker.answer is not None:
                    self._tell(f"{kind} {number + 1} of {times}: floor")
                    floor.append(self._floor())
        if not plan.in_memory:
            self._start_up(records)
        answer = self._checker.answer
        return Record(
            work=self._work(), machine=machine(), versions=versions(),
            engines=list(records.values()), floor=floor,
            answer={} if answer is None else answer.as_json(),
        )  # fmt: skip

    def _attempt(self, engine: Engine, record: EngineRecord, *, cold: bool) -> Sample | None:
        """Run an engine, and compare its answer before anything else is done with it."""
        output = self._folder / "output"
        try:
            sample = self._measured(engine, self._orders.path, output, cold=cold)
        except ProcessFailed as failure:
            record.status, record.why = "failed", str(failure)
            record.cold, record.warm = None, []
            _remove(output)
            return None
        self._checker.check(engine, output)
        _remove(output)
        return sample

    def _measured(self, engine: Engine, orders: Path, output: Path, *, cold: bool) -> Sample:
        command = self._command(engine, orders, output, cold=cold)
        run = run_process(command, self._folder, self._environment, most_bytes=self._most_bytes)
        if not self._plan.in_memory:
            return Sample(run.seconds, run.processor_seconds, run.peak_bytes())
        inside = self._reported()
        start, stop = inside["start"], inside["stop"]
        peak = run.peak_bytes(start, stop)
        return Sample(stop - start, inside["processor_seconds"], peak, inside["set_up"])

    def _command(self, engine: Engine, orders: Path, output: Path, *, cold: bool) -> list[str]:
        if engine.name == "rfm" and not self._plan.in_memory:
            # A folder, so that several threads write.
            order = ["--order", "order_id"] if self._plan.lines else []
            command = Path(sysconfig.get_path("scripts")) / "rfm"
            threads = str(self._plan.threads)
            return [
                str(command), "score", str(orders), "-o", str(output), "--threads", threads,
                "--quiet", *order,
            ]  # fmt: skip
        return self._child(engine.name, engine.script, orders, output, cold=cold)

    def _child(
        self, name: str, script: Path, orders: Path, output: Path, *, cold: bool
    ) -> list[str]:
        job = child.Job(
            engine=name, script=str(script), input=str(orders), output=str(output),
            report=str(self._folder / "report"), segments=self._segments,
            threads=self._plan.threads, lines=self._plan.lines,
            in_memory=self._plan.in_memory, cold=cold,
        )  # fmt: skip
        return [sys.executable, "-P", child.__file__, json.dumps(job._asdict())]

    def _floor(self) -> FloorSample:
        output = self._folder / "output"
        command = self._child("floor", FLOOR, self._orders.path, output, cold=False)
        run_process(command, self._folder, self._environment)
        inside = self._reported()
        _remove(output)
        return FloorSample(inside["decode"], inside["encode"])

    def _start_up(self, records: dict[Engine, EngineRecord]) -> None:
        with simulated(
            customers=1, orders=1, ids="int", lines=self._plan.lines, tell=self._tell
        ) as smallest:
            for number in range(_START_UP_RUNS):
                for engine, record in records.items():
                    if record.status == "measured":
                        self._tell(f"start-up {number + 1} of {_START_UP_RUNS}: {engine.name}")
                        output = self._folder / "output"
                        sample = self._measured(engine, smallest, output, cold=False)
                        record.start_up.append(sample)
                        _remove(output)

    def _reported(self) -> dict[str, float]:
        inside: dict[str, float] = json.loads((self._folder / "report").read_text())
        return inside

    def _work(self) -> dict[str, Any]:
        orders, plan = self._orders, self._plan
        return {
            "rows": orders.rows, "bytes": orders.bytes, "id_type": orders.id_type,
            "lines": plan.lines, "in_memory": plan.in_memory, "threads": plan.threads,
        }  # fmt: skip


def _fresh(engine: Engine) -> EngineRecord:
    package = "rfm-engine" if engine.name == "rfm" else engine.package
    status = "measured" if engine.installed else "not installed"
    return EngineRecord(engine.name, package_version(package), status)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
