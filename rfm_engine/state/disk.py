"""The operations that a state is kept by, one system call each: tests put a failing disk here."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from rfm_engine.errors import StateError

_READ_AT_ONCE = 1 << 30  # the system reads at most 2 GiB in a call


class Disk(Protocol):
    """What `rfm_engine.state` asks of a file system.

    Every operation may raise OSError; `write` may write less than it was given.
    """

    def make_folder(self, path: Path) -> None:
        """Make a folder that is not there."""

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""

    def create(self, path: Path) -> int:
        """Open a file for writing that is not there."""

    def write(self, file: int, data: memoryview) -> int:
        """Write some of `data` at the end of a file; return how many bytes."""

    def sync(self, file: int) -> None:
        """Return when all that was written to a file would outlast a loss of power."""

    def close(self, file: int) -> None:
        """Close a file."""

    def link(self, path: Path, name: Path) -> None:
        """Give a file another name, which no file has: FileExistsError if one does."""

    def remove(self, path: Path) -> None:
        """Take a name away."""

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder would outlast a loss of power."""

    def open(self, path: Path) -> int:
        """Open a file for reading; what is opened stays readable when its name is taken away."""

    def read(self, file: int) -> memoryview:
        """Return all of a file."""

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Keep other writers out of a state: StateError if one is at work."""


class LocalDisk:
    """A file system of this machine."""

    def make_folder(self, path: Path) -> None:
        """Make a folder that is not there."""
        path.mkdir()

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        return [path.name for path in folder.iterdir()]

    def create(self, path: Path) -> int:
        """Open a file for writing that is not there."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, file: int, data: memoryview) -> int:
        """Write some of `data` at the end of a file; return how many bytes."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Return when all that was written to a file would outlast a loss of power."""
        if sys.platform == "darwin":
            import fcntl  # which Windows has not, where there are no states

            fcntl.fcntl(file, fcntl.F_FULLFSYNC)  # fsync leaves it in the drive's cache
        else:
            os.fsync(file)

    def close(self, file: int) -> None:
        """Close a file."""
        os.close(file)

    def link(self, path: Path, name: Path) -> None:
        """Give a file another name, which no file has: FileExistsError if one does."""
        os.link(path, name)

    def remove(self, path: Path) -> None:
        """Take a name away."""
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder would outlast a loss of power."""
        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.sync(opened)
        finally:
            os.close(opened)

    def open(self, path: Path) -> int:
        """Open a file for reading; what is opened stays readable when its name is taken away."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, file: int) -> memoryview:
        """Return all of a file; from any thread.

        In memory of Arrow's, which is used again for the next file: to find as much anew took twice
        the time of reading.
        """
        data = memoryview(pa.allocate_buffer(os.fstat(file).st_size)).cast("B")
        at = 0
        while at < len(data):
            n = os.preadv(file, [data[at : at + _READ_AT_ONCE]], at)
            if not n:
                break
            at += n
        return data[:at]

    @contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        """Keep other writers out of a state while the context lasts.

        The lock goes with the process and those that it forks meanwhile, however they end.

        Raises
        ------
        StateError
            Another writer is at work.
        """
        import fcntl

        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"state {str(folder)!r} must have one writer at a time; got another at work. "
                    "Wait until it has ended, and run this again."
                ) from None
            yield
        finally:
            # Processes that were forked meanwhile have it open too, and would hold the lock.
            fcntl.flock(opened, fcntl.LOCK_UN)
            os.close(opened)


def put(disk: Disk, path: Path, data: bytes | memoryview) -> None:
    """Write a file that is not there, so that its bytes outlast a loss of power.

    Its name does when its folder has been synced too. A failed sync is not tried again: the system
    may have let go of what it could not write, and would report success.
    """
    file = disk.create(path)
    try:
        rest = memoryview(data)
        while len(rest):
            n = disk.write(file, rest)
            if n <= 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
            rest = rest[n:]
        disk.sync(file)
    finally:
        disk.close(file)
