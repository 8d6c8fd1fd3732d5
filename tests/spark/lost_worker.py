"""Kill the Python processes of Spark once, while they are in the middle of a task."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LONGEST_WAIT_SECONDS = 60


def losing_workers(frame: DataFrame, marks: Path) -> DataFrame:
    """Return the same rows; the first task that reads them kills all processes that take part.

    Files in `marks` tell which processes died, and which tasks were tried again.
    """
    return frame.mapInArrow(_killing(str(marks)), frame.schema)


def _killing(marks: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    # Defined here so that Spark sends the code; executors cannot import the tests.
    def siblings() -> list[int]:
        """Return the other processes that this executor started."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == os.getppid() and int(entry.name) != os.getpid():
                    found.append(int(entry.name))
        return found

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        attempt = TaskContext.get().attemptNumber()
        if attempt:
            Path(marks, f"again-{os.getpid()}").touch()
        for number, batch in enumerate(batches):
            yield batch
            if attempt or number:
                continue
            with suppress(FileExistsError):
                os.close(os.open(Path(marks, "killing"), os.O_CREAT | os.O_EXCL))
                until = time.monotonic() + _LONGEST_WAIT_SECONDS
                while not (others := siblings()) and time.monotonic() < until:
                    time.sleep(0.05)
                for process in others:
                    os.kill(process, signal.SIGKILL)
                    Path(marks, f"killed-{process}").touch()

    return work
