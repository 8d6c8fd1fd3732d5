"""A progress bar on stderr, if stderr is a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from .memory import Memory
from .words import counted

Tell: TypeAlias = Callable[[str, int, int | None, int], None]
"""Called with the stage, rows done, total rows (None if unknown) and customers so far."""

_SECONDS_BETWEEN_SIGNS = 2.0
# Imported by the first kernel that the cache does not have.
_COMPILER = "rfm_engine.kernels.compiling"
_STAGES = {"read": "Reading", "fit": "Fitting", "score": "Scoring", "write": "Writing"}


@contextmanager
def progress_bar(memory: Memory, *, quiet: bool = False) -> Iterator[Tell | None]:
    """Yield a function that updates the bar, or None if no bar is shown."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
    console = Console(stderr=True)
    with Progress(
        *columns, TextColumn("{task.fields[done]}"), console=console, transient=True
    ) as bar:
        task = bar.add_task("Starting", total=None, done="")
        start = time.monotonic()

        def tell(stage: str, rows: int, total_rows: int | None, customers: int) -> None:
            done = describe(rows, time.monotonic() - start, customers, memory.now)
            name = _STAGES.get(stage, stage)
            bar.update(task, description=name, completed=rows, total=total_rows, done=done)

        yield tell


def describe(rows: int, seconds: float, customers: int, memory_bytes: int) -> str:
    """Describe the progress in a few words."""
    words = [f"{rows:,} rows", f"{rows / max(seconds, 0.001) / 1e6:.1f} M/s"]
    if customers:
        words.append(counted(customers, "customer"))
    return ", ".join([*words, f"{memory_bytes / 2**20:,.0f} MiB"])


@contextmanager
def signs_of_life() -> Iterator[None]:
    """Print a line on stderr every two seconds, so that compiling does not look like a crash."""
    done = threading.Event()
    start = time.monotonic()

    def tell() -> None:
        while not done.wait(_SECONDS_BETWEEN_SIGNS):
            doing = "Compiling, once on this machine" if _COMPILER in sys.modules else "Working"
            sys.stderr.write(f"{doing}: {time.monotonic() - start:.0f} s\n")
            sys.stderr.flush()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
