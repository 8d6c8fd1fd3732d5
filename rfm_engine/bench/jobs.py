"""The processes of a benchmark: their commands, folder, and measurements."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from rfm_engine.bench import child
from rfm_engine.bench.engines import FLOOR, Engine
from rfm_engine.bench.measure import run_process
from rfm_engine.bench.record import FloorSample, Sample
from rfm_engine.bench.work import Input, needed_columns, segment_of_cells
from rfm_engine.totals.memory.system import available_bytes

# Share of the available memory at the start; above it, the system could kill another process.
_MOST_MEMORY = 0.9


class Jobs:
    """Runs solutions one at a time, in `folder`, with an empty cache of compiled loops."""

    def __init__(
        self,
        folder: Path,
        threads: int,
        rfm_options: Sequence[str],
        *,
        lines: bool,
        in_memory: bool,
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._rfm_options = rfm_options
        self._lines = lines
        self._in_memory = in_memory
        self._segments = segment_of_cells()
        self._most_bytes = int((available_bytes() or 0) * _MOST_MEMORY) or None
        cache = folder / "cache"
        cache.mkdir(mode=0o700)
        self._environment = os.environ | {
            "RFM_CACHE_DIR": str(cache),
            "POLARS_MAX_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),  # for pyarrow, and for pandas, which uses it
        }

    def run(self, engine: Engine, orders: Input, *, cold: bool) -> tuple[Sample, Path]:
        """Run a solution on a file; return its measurements and the path of its answer.

        Raises
        ------
        ProcessError
            It failed or used too much memory; its answer is deleted.
        """
        output = self._folder / "output"
        if engine.name == "rfm" and not self._in_memory:
            command = self._rfm_score(orders, output)
        else:
            command = self._child(engine, orders, output, cold=cold)
        try:
            run = run_process(command, self._folder, self._environment, most_bytes=self._most_bytes)
        except BaseException:  # also on Ctrl-C: delete an incomplete answer
            remove(output)
            raise
        if not self._in_memory:
            return Sample(run.seconds, run.processor_seconds, run.peak_bytes()), output
        inside = self._report()
        start, stop = inside["start"], inside["stop"]
        peak = run.peak_bytes(start, stop)
        sample = Sample(stop - start, inside["processor_seconds"], peak, inside["set_up"])
        return sample, output

    def run_floor(self, orders: Input, answer: Path) -> FloorSample:
        """Decode the orders and encode an answer."""
        output = self._folder / "output"
        command = self._child(FLOOR, orders, output, cold=False, answer=answer)
        run_process(command, self._folder, self._environment)
        remove(output)
        inside = self._report()
        return FloorSample(inside["decode"], inside["encode"])

    def _rfm_score(self, orders: Input, output: Path) -> list[str]:
        order = ["--order", "order_id"] if self._lines else []
        if orders.is_csv and orders.has_int_ids:
            order += ["--ids", "int"]
        return [
            str(Path(sysconfig.get_path("scripts")) / "rfm"), "score", str(orders.path),
            "-o", str(output),  # a folder, so that several threads can write
            "--threads", str(self._threads), "--quiet", *order, *self._rfm_options,
            "--as-files",  # like the other solutions, read the file even if it belongs to a table
        ]  # fmt: skip

    def _child(
        self,
        engine: Engine,
        orders: Input,
        output: Path,
        *,
        cold: bool,
        answer: Path | None = None,
    ) -> list[str]:
        job = child.Job(
            engine=engine.name,
            script=str(engine.script),
            input=str(orders.path),
            columns=needed_columns(lines=self._lines),
            output=str(output),
            report=str(self._folder / "report"),
            answer=str(answer),
            segments=self._segments,
            threads=self._threads,
            lines=self._lines,
            in_memory=self._in_memory,
            cold=cold,
            csv=orders.is_csv,
            int_ids=orders.has_int_ids,
        )
        return [sys.executable, "-P", child.__file__, json.dumps(job._asdict())]

    def _report(self) -> dict[str, float]:
        inside: dict[str, float] = json.loads((self._folder / "report").read_text())
        return inside


def remove(place: Path) -> None:
    """Delete an answer, a file or a folder, if it exists."""
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
