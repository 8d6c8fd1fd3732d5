"""Run a benchmark: solutions take turns in new processes; answers are compared before times."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rfm_engine.bench.check import Checker
from rfm_engine.bench.engines import Engine
from rfm_engine.bench.files import in_format
from rfm_engine.bench.jobs import Jobs, remove
from rfm_engine.bench.measure import ProcessError
from rfm_engine.bench.record import (
    EngineRecord,
    FloorSample,
    Record,
    Sample,
    machine,
    package_version,
    versions,
)
from rfm_engine.bench.work import Input, open_input
from rfm_engine.errors import UsageError
from rfm_engine.output import write
from rfm_engine.simulate import Ids, simulate


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the engines, the kind of work, the number of runs, options for `rfm score`."""

    engines: Sequence[Engine]
    lines: bool
    in_memory: bool
    threads: int
    runs: int
    rfm_options: Sequence[str] = ()


def run_bench(plan: Plan, orders: Input, tell: Callable[[str], None]) -> Record:
    """Run every engine once cold and `runs` times warm, in turn, and compare all answers.

    Parameters
    ----------
    plan
        What to run.
    orders
        The file.
    tell
        Called with a short text before each process.

    Returns
    -------
    Record
        All samples. Engines that are not installed or failed have no times.

    Raises
    ------
    AnswerError
        Two answers differ; the message contains engine, column and a customer.
    UsageError
        The system does not report the resources that a process used.
    """
    if not hasattr(os, "wait4"):
        raise UsageError(
            "rfm bench must run on a system that reports the resources of processes; got "
            f"{sys.platform}. Run it on Linux or macOS."
        )
    with tempfile.TemporaryDirectory(prefix="rfm-bench-") as name:
        return _Bench(plan, orders, Path(name), tell).run()


@contextmanager
def simulated(
    *, customers: int, orders: int, ids: Ids, lines: bool, tell: Callable[[str], None]
) -> Iterator[Path]:
    """Yield a Parquet file of simulated orders, and delete it afterwards."""
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
        self._tell = tell
        self._checker = Checker(folder / "answer")
        self._jobs = Jobs(
            folder, plan.threads, plan.rfm_options, lines=plan.lines, in_memory=plan.in_memory
        )
        self._records = {engine: _fresh(engine) for engine in plan.engines}
        self._floor: list[FloorSample] = []

    def run(self) -> Record:
        """Run cold, warm, and on one order; engines that fail are not run again."""
        plan, checker = self._plan, self._checker
        for engine, record in self._measured():
            self._tell(f"cold: {engine.name}")
            record.cold = self._attempt(engine, record, cold=True)
        for number in range(1, plan.runs + 1):
            for engine, record in self._measured():
                self._tell(f"warm {number} of {plan.runs}: {engine.name}")
                sample = self._attempt(engine, record, cold=False)
                record.warm += [sample] if sample else []
            if self._has_floor and checker.answer is not None:
                self._tell(f"warm {number} of {plan.runs}: floor")
                self._floor.append(self._jobs.run_floor(self._orders, checker.kept))
        if not plan.in_memory:
            self._start_up()
        return Record(
            work=self._work(),
            machine=machine(),
            versions=versions(),
            engines=list(self._records.values()),
            answer={} if checker.answer is None else checker.answer.as_json(),
            floor=self._floor,
        )

    @property
    def _has_floor(self) -> bool:
        """Whether the input is a Parquet file, which the floor decodes."""
        return not self._plan.in_memory and not self._orders.is_csv

    def _measured(self) -> Iterator[tuple[Engine, EngineRecord]]:
        return (pair for pair in self._records.items() if pair[1].status == "measured")

    def _attempt(self, engine: Engine, record: EngineRecord, *, cold: bool) -> Sample | None:
        """Run an engine, and compare its answer before its time is used."""
        try:
            sample, output = self._jobs.run(engine, self._orders, cold=cold)
        except ProcessError as error:
            _fail(record, error)
            return None
        self._checker.check(engine, output)
        remove(output)
        return sample

    def _start_up(self) -> None:
        lines, runs = self._plan.lines, self._plan.runs
        ids: Ids = self._orders.ids or "int"  # the kernels of this type are already compiled
        with simulated(customers=1, orders=1, ids=ids, lines=lines, tell=self._tell) as place:
            one = in_format(open_input(place, lines=lines), self._orders.format)
            for number in range(1, runs + 1):
                for engine, record in self._measured():
                    self._tell(f"start-up {number} of {runs}: {engine.name}")
                    try:
                        sample, output = self._jobs.run(engine, one, cold=False)
                    except ProcessError as error:
                        _fail(record, error)
                        continue
                    record.start_up.append(sample)
                    remove(output)

    def _work(self) -> dict[str, object]:
        orders, plan = self._orders, self._plan
        return {
            "rows": orders.rows,
            "bytes": orders.bytes,
            "id_type": orders.id_type,
            "ids": orders.ids,
            "format": orders.format,
            "lines": plan.lines,
            "in_memory": plan.in_memory,
            "threads": plan.threads,
            "rfm_options": list(plan.rfm_options),
        }


def _fresh(engine: Engine) -> EngineRecord:
    status = "measured" if engine.installed else "not installed"
    return EngineRecord(engine.name, package_version(engine.distribution), status)


def _fail(record: EngineRecord, error: ProcessError) -> None:
    record.status, record.why = "failed", str(error)
    record.cold, record.warm, record.start_up = None, [], []
