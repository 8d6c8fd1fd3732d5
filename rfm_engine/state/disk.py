"""The disk operations of a state, one system call each, so that tests can use a failing disk."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from rfm_engine.output.locks import locked

_READ_AT_ONCE = 1 << 30  # a system call reads at most 2 GiB


class Disk(Protocol):
    """The operations that `rfm_engine.state` requires of a file system.

    Every operation may raise OSError. `write` may write only a part of the data.
    """

    def make_folder(self, path: Path) -> None:
        """Create a folder that does not exist."""

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""

    def create(self, path: Path) -> int:
        """Create a file that does not exist, and open it for writing."""

    def write(self, file: int, data: memoryview) -> int:
        """Append some of `data` to a file; return the number of bytes."""

    def sync(self, file: int) -> None:
        """Return when all data written to a file would survive a power loss."""

    def close(self, file: int) -> None:
        """Close a file."""

    def link(self, path: Path, name: Path) -> None:
        """Give a file another name; FileExistsError if the name exists."""

    def remove(self, path: Path) -> None:
        """Remove a name of a file."""

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder would survive a power loss."""

    def open(self, path: Path) -> int:
        """Open a file for reading; it stays readable when its name is removed."""

    def read(self, file: int) -> memoryview:
        """Return the contents of a file."""

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Lock a state against other writers; StateError if another writer has locked it."""


class LocalDisk:
    """A local file system of this machine."""

    def make_folder(self, path: Path) -> None:
        """Create a folder that does not exist."""
        path.mkdir()

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        return [path.name for path in folder.iterdir()]

    def create(self, path: Path) -> int:
        """Create a file that does not exist, and open it for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def write(self, file: int, data: memoryview) -> int:
        """Append some of `data` to a file; return the number of bytes."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Return when all data written to a file would survive a power loss."""
        if sys.platform == "darwin":
            import fcntl  # Windows does not have it, and has no states

            fcntl.fcntl(file, fcntl.F_FULLFSYNC)  # fsync leaves data in the cache of the drive
        else:
            os.fsync(file)

    def close(self, file: int) -> None:
        """Close a file."""
        os.close(file)

    def link(self, path: Path, name: Path) -> None:
        """Give a file another name; FileExistsError if the name exists."""
        os.link(path, name)

    def remove(self, path: Path) -> None:
        """Remove a name of a file."""
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder would survive a power loss."""
        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.sync(opened)
        finally:
            os.close(opened)

    def open(self, path: Path) -> int:
        """Open a file for reading; it stays readable when its name is removed."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, file: int) -> memoryview:
        """Return the contents of a file; safe to call from any thread.

        The buffer is from the memory pool of Arrow, which is used again for the next file. To
        allocate new memory for each file took twice as long as reading.
        """
        data = memoryview(pa.allocate_buffer(os.fstat(file).st_size)).cast("B")
        at = 0
        while at < len(data):
            n = os.preadv(file, [data[at : at + _READ_AT_ONCE]], at)
            if not n:
                break
            at += n
        return data[:at]

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Lock a state against other writers; StateError if another writer has locked it."""
        return locked(folder, "state")


def put(disk: Disk, path: Path, data: bytes | memoryview) -> None:
    """Write a new file, so that its bytes survive a power loss.

    Its name survives only after its folder is synced too. A failed sync is not retried, because the
    system may have discarded the data that it could not write, and would report success.
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
