"""Run one solution in its own process: `python -P child.py JOB`, with the job as JSON.

The file is run by its path and imports nothing of rfm_engine, so that the time of other solutions
does not include our imports.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

_TASTE_ROWS = 1000


class Job(NamedTuple):
    """The work of a solution; paths are text, so that a job can be converted to JSON."""

    engine: str
    script: str
    input: str
    columns: list[str]
    """The columns of the input that the work needs."""
    output: str
    report: str
    """The file for the measurements of this process."""
    answer: str
    """A finished answer, for the floor."""
    segments: list[str]
    """The segment of each cell (r, f, m); m varies fastest."""
    threads: int
    lines: bool
    in_memory: bool
    cold: bool
    csv: bool
    int_ids: bool
    """Whether customer ids in a CSV file are integers."""


def main(job: Job) -> None:
    """Do the job."""
    measured = _in_memory(job) if job.in_memory else _load(job.script).from_file(job)
    if measured is not None:
        Path(job.report).write_text(json.dumps(measured))


def _in_memory(job: Job) -> dict[str, float]:
    """Measure from Arrow table to Arrow table; everything else is set-up."""
    began = time.monotonic()
    import pyarrow as pa
    import pyarrow.parquet

    orders = pyarrow.parquet.read_table(job.input, columns=job.columns, memory_map=True)
    pa.default_memory_pool().release_unused()
    engine = _load(job.script)
    if not job.cold:
        engine.from_table(orders.slice(0, _TASTE_ROWS), job)
    start, used = time.monotonic(), _processor_seconds()
    answer = engine.from_table(orders, job)
    stop, used = time.monotonic(), _processor_seconds() - used
    with pa.OSFile(job.output, "wb") as sink, pa.ipc.new_file(sink, answer.schema) as writer:
        writer.write_table(answer)
    return {"start": start, "stop": stop, "set_up": start - began, "processor_seconds": used}


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _load(script: str) -> ModuleType | Any:
    spec = importlib.util.spec_from_file_location("solution", script)
    if spec is None or spec.loader is None:
        raise ImportError(script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(Job(**json.loads(sys.argv[1])))
