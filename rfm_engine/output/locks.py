"""Lock a folder against other writers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rfm_engine.errors import StateError


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Lock a folder against other writers while the context lasts.

    If the process ends in any other way, the lock is released when this process and those that it
    forked meanwhile have ended. `what` is what messages call the folder, such as "state".

    Raises
    ------
    StateError
        Another writer has locked it.
    """
    import fcntl  # Windows does not have it, and has neither states nor histories

    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                f"{what} {str(folder)!r} must have one writer at a time; got a second one. "
                "Wait until the first has ended, and run this again."
            ) from None
        yield
    finally:
        # Processes that were forked meanwhile have the folder open too and would keep the lock.
        fcntl.flock(opened, fcntl.LOCK_UN)
        os.close(opened)
