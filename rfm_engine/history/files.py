"""The steps that change the folder of a history, so that tests can stop after each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rfm_engine.errors import StateError
from rfm_engine.output import atomic


class Files:
    """A local file system of this machine."""

    def sync(self, path: Path) -> None:
        """Return when a file, or the names in a folder, would survive a power loss."""
        atomic.sync(path)

    def rename(self, path: Path, target: Path) -> None:
        """Give a file or folder another name; the name must not exist."""
        path.rename(target)

    def remove(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    @contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        """Lock a history against other writers; the lock ends with the process.

        Raises
        ------
        StateError
            Another writer has locked the history.
        """
        import fcntl

        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"history {str(folder)!r} must have one writer at a time; got a second one. "
                    "Wait until the first has ended, and run this again."
                ) from None
            yield
        finally:
            # Processes that were forked meanwhile have the folder open too and would keep the lock.
            fcntl.flock(opened, fcntl.LOCK_UN)
            os.close(opened)
