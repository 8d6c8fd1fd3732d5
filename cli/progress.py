"""A progress bar on stderr, if stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from .memory import Memory
from .words import counted

Tell: TypeAlias = Callable[[str, int, int | None, int], None]
"""Called with the stage, rows done, total rows (None if unknown) and customers so far."""

_STAGES = {"read": "Reading", "score": "Scoring", "write": "Writing"}


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
