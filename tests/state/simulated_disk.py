"""A disk in memory that can fail and lose power; implements `rfm_engine.state.disk.Disk`.

After a power loss, bytes that were synced and names in folders that were synced exist. Everything
else may exist or not, in any combination. Of bytes that were not synced, some, all, zeros or
garbage may exist. A name may refer to anything that it referred to since its folder was synced.
Bytes with a failed sync are never written later, even if later syncs succeed.
"""

from __future__ import annotations

import copy
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rfm_engine.errors import StateError

_SECTOR = 64
FAULTS = ("EIO", "ENOSPC", "short write", "power loss")


class PowerLoss(BaseException):
    """The machine is off, so no code on it may handle this error."""


@dataclass(frozen=True)
class Fault:
    """A fault of the `at`-th operation from now, and of all operations after it if it `lasts`.

    With `late`, the operation is done before it fails.
    """

    at: int
    what: str
    lasts: bool = False
    late: bool = False


@dataclass
class Piece:
    """The bytes of one write."""

    data: bytes
    is_durable: bool = False
    is_dirty: bool = True


@dataclass
class Inode:
    """A file, which can have any number of names."""

    pieces: list[Piece] = field(default_factory=list)

    def written(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    def synced(self, *, is_durable: bool) -> None:
        for piece in self.pieces:
            if piece.is_dirty:
                piece.is_dirty, piece.is_durable = False, is_durable


@dataclass
class Folder:
    """Names, and for names changed since the last sync what they referred to, oldest first."""

    names: dict[str, Inode | Folder] = field(default_factory=dict)
    changed: dict[str, list[Inode | Folder | None]] = field(default_factory=dict)

    def add(self, name: str, node: Inode | Folder) -> None:
        if name in self.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self.changed.setdefault(name, [None]).append(node)
        self.names[name] = node

    def remove(self, name: str) -> None:
        self.changed.setdefault(name, [self.names[name]]).append(None)
        del self.names[name]


class SimulatedDisk:
    """Folders and files below the folder `.`, which exists."""

    def __init__(self, root: Folder | None = None) -> None:
        self._root = Folder() if root is None else root
        self._files: dict[int, Inode] = {}
        self._writable: set[int] = set()
        self._is_locked = False
        self._fault: Fault | None = None
        self._is_off = False
        self._n_done = 0
        self.has_failed = False

    def copy(self) -> SimulatedDisk:
        """Return an independent disk with the same contents."""
        return SimulatedDisk(copy.deepcopy(self._root))

    def fail(self, fault: Fault | None) -> None:
        """Make one of the next operations fail, or none."""
        self._fault = fault
        self._n_done = 0
        self.has_failed = False

    def mend(self) -> None:
        self._fault = None

    def after_power_loss(self, random: Random) -> SimulatedDisk:
        """Return the disk as it is when the power is back."""
        self._is_off = True
        return SimulatedDisk(_remaining_folder(self._root, random, {}))

    def make_folder(self, path: Path) -> None:
        with self._operation("make_folder"):
            self._folder(path.parent).add(path.name, Folder())

    def names(self, folder: Path) -> list[str]:
        with self._operation("names"):
            return list(self._folder(folder).names)

    def create(self, path: Path) -> int:
        with self._operation("create"):
            inode = Inode()
            self._folder(path.parent).add(path.name, inode)
            file = self._opened(inode)
            self._writable.add(file)
            return file

    def write(self, file: int, data: memoryview) -> int:
        with self._operation("write") as is_short:
            n = max(len(data) // 2, 1) if is_short else len(data)
            self._files[file].pieces.append(Piece(bytes(data[:n])))
            return n

    def sync(self, file: int) -> None:
        try:
            with self._operation("sync"):
                self._files[file].synced(is_durable=True)
        except OSError:
            self._files[file].synced(is_durable=False)
            raise

    def close(self, file: int) -> None:
        del self._files[file]
        if file in self._writable:
            self._writable.remove(file)
            with self._operation("close"):
                pass

    def link(self, path: Path, name: Path) -> None:
        with self._operation("link"):
            self._folder(name.parent).add(name.name, self._node(path))

    def remove(self, path: Path) -> None:
        with self._operation("remove"):
            self._node(path)
            self._folder(path.parent).remove(path.name)

    def sync_folder(self, folder: Path) -> None:
        with self._operation("sync_folder"):
            self._folder(folder).changed.clear()

    def open(self, path: Path) -> int:
        with self._operation("open"):
            inode = self._node(path)
            assert isinstance(inode, Inode)
            return self._opened(inode)

    def read(self, file: int) -> bytes:
        with self._operation("read"):
            return self._files[file].written()

    @contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        if self._is_locked:
            raise StateError(f"{folder} must have one writer at a time.")
        self._is_locked = True
        try:
            yield
        finally:
            self._is_locked = False

    @contextmanager
    def _operation(self, name: str) -> Iterator[bool]:
        """Do an operation or fail; yield whether it must be done only in part."""
        if self._is_off:
            raise PowerLoss
        self._n_done += 1
        fault = self._fault
        if (
            fault is None
            or self._n_done < fault.at
            or (self._n_done > fault.at and not fault.lasts)
        ):
            yield False
            return
        self.has_failed = True
        if fault.what == "short write":
            yield name == "write"
        else:
            self._is_off = fault.what == "power loss"
            if fault.late:
                yield name == "write"
            if self._is_off:
                raise PowerLoss
            number = getattr(errno, fault.what)
            raise OSError(number, os.strerror(number), name)

    def _opened(self, inode: Inode) -> int:
        file = max(self._files, default=2) + 1
        self._files[file] = inode
        return file

    def _node(self, path: Path) -> Inode | Folder:
        node: Inode | Folder = self._root
        for name in path.parts:
            if not isinstance(node, Folder) or name not in node.names:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            node = node.names[name]
        return node

    def _folder(self, path: Path) -> Folder:
        node = self._node(path)
        assert isinstance(node, Folder)
        return node


def _remaining_folder(folder: Folder, random: Random, known: dict[int, Inode]) -> Folder:
    names = {}
    for name in dict.fromkeys([*folder.names, *folder.changed]):
        node = random.choice(folder.changed.get(name) or [folder.names[name]])
        if isinstance(node, Folder):
            names[name] = _remaining_folder(node, random, known)
        elif node is not None:
            if id(node) not in known:
                known[id(node)] = Inode([Piece(_remaining(node, random), True, False)])
            names[name] = known[id(node)]
    return Folder(names)


def _remaining(inode: Inode, random: Random) -> bytes:
    """Return what is left of a file; bytes at its end that were not synced may be cut off."""
    if all(piece.is_durable for piece in inode.pieces):
        return inode.written()
    ways = random.choice(["lost", "kept", "cut", "sectors"])
    parts = [piece.data if piece.is_durable else _torn(piece.data, ways, random)
             for piece in inode.pieces]  # fmt: skip
    n_durable = max((i for i, piece in enumerate(inode.pieces) if piece.is_durable), default=-1)
    rest = b"".join(parts[n_durable + 1 :])
    if ways == "lost":
        rest = b""
    elif ways == "cut":
        rest = rest[: random.randint(0, len(rest))]
    return b"".join(parts[: n_durable + 1]) + rest


def _torn(data: bytes, ways: str, random: Random) -> bytes:
    """Return the same number of bytes, in which sectors may be lost or replaced."""
    if ways in ("kept", "cut"):
        return data
    if ways == "lost":
        return bytes(len(data))
    sectors = [data[i : i + _SECTOR] for i in range(0, len(data), _SECTOR)]
    return b"".join(
        random.choice([each, bytes(len(each)), random.randbytes(len(each))]) for each in sectors
    )
