"""Measure a process from start to end: wall time, processor time, anonymous memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rfm_engine.errors import RfmError
from rfm_engine.totals.memory.system import anonymous_bytes_of

_INTERVAL_SECONDS = 0.02


class ProcessError(RfmError):
    """A solution failed; the message contains the reason."""


class Held(NamedTuple):
    """Anonymous memory at a time of the monotonic clock of the system."""

    moment: float
    bytes: int


class Run(NamedTuple):
    """The measurements of a process."""

    seconds: float
    processor_seconds: float
    held: list[Held]

    def peak_bytes(self, start: float | None = None, stop: float | None = None) -> int:
        """Return the peak memory, or its increase between `start` and `stop` since `start`."""
        if start is None or stop is None:
            return max((held.bytes for held in self.held), default=0)
        before = [held.bytes for held in self.held if held.moment <= start][-1:] or [0]
        within = [held.bytes for held in self.held if start <= held.moment <= stop]
        return max([*before, *within]) - before[0]


def run_process(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    most_bytes: int | None = None,
) -> Run:
    """Run a command in `folder` and measure it; it always ends before this function returns.

    Memory is sampled every 20 ms. A process that uses more than `most_bytes` is killed, before the
    system kills another process instead.

    Raises
    ------
    ProcessError
        It ended with an error, or used too much memory.
    """
    errors = folder / "stderr"
    held: list[Held] = []
    done = threading.Event()
    with errors.open("wb") as stderr:
        start = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stderr,
        )  # fmt: skip

        def watch() -> None:
            while not done.wait(_INTERVAL_SECONDS):
                held.append(Held(time.monotonic(), anonymous_bytes_of(process.pid)))
                if most_bytes is not None and held[-1].bytes > most_bytes:
                    process.kill()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            done.set()
            watcher.join()
            if process.returncode is None:
                process.kill()
                process.wait()
    run = Run(seconds, usage.ru_utime + usage.ru_stime, held)
    if process.returncode != 0:
        raise ProcessError(_reason(process.returncode, run, most_bytes, errors))
    return run


def _reason(code: int, run: Run, most_bytes: int | None, errors: Path) -> str:
    if most_bytes is not None and run.peak_bytes() > most_bytes:
        return f"out of memory: used {run.peak_bytes() / 1e9:.1f} GB"
    lines = errors.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"ended with code {code}"
