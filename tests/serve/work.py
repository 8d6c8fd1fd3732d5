"""What workers of the tests do. It imports little, because each process imports it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from rfm_engine.errors import UsageError

HANDLER_AT_START = signal.getsignal(signal.SIGINT)


def wait_for_handler(_: int, ready: Callable[[bool], None]) -> None:
    """Say whether Ctrl-C was ignored while the process imported its modules."""
    ready(HANDLER_AT_START == signal.SIG_IGN)
    time.sleep(60)


def end_with_file(path: Path, number: int, ready: Callable[[int], None]) -> None:
    """Run until a file is damaged; then workers die, and new ones cannot start."""
    if path.read_text() == "damaged":
        raise UsageError("file must be whole; got a part. Write it again.")
    ready(number)
    while path.read_text() != "damaged":
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGBUS)


def end_first(starts: Path, number: int, ready: Callable[[int], None]) -> None:
    """End the first worker each time it starts; the second and third time it cannot start."""
    if number:
        ready(number)
        time.sleep(60)
    with starts.open("a") as file:
        file.write("x")
    if starts.stat().st_size in (2, 3):
        raise UsageError("file must be whole; got a part. Write it again.")
    ready(number)
    os.kill(os.getpid(), signal.SIGBUS)
