"""Find the files that the caller names by paths, globs, directories, URIs or ``-``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from glob import glob
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
from pyarrow import fs

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import STORE_TIMEOUT, Deadline
from rfm_engine.orders.sources.guard import missing, reading
from rfm_engine.orders.sources.hive import Keys, keys_of
from rfm_engine.orders.sources.ignored import CONFIG_NAME, is_ignored
from rfm_engine.orders.sources.listings import Asked, Listings
from rfm_engine.orders.sources.table_formats import refuse_local_tables, refuse_tables
from rfm_engine.orders.sources.table_places import DeltaPlace, IcebergPlace, table_place
from rfm_engine.orders.sources.tables.part import TablePart
from rfm_engine.orders.sources.uris import is_uri, without_secrets

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class File:
    """A file on any file system, and the partition keys in the names of its folders."""

    name: str
    path: str
    filesystem: fs.FileSystem = field(default_factory=fs.LocalFileSystem, repr=False)
    keys: Keys = field(default_factory=dict)
    deadline: Deadline = field(default_factory=Deadline, repr=False, compare=False)

    @property
    def local(self) -> bool:
        """Whether the file is on a file system of this machine."""
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def open(self) -> pa.NativeFile:
        """Open for reading at any position."""
        return self.filesystem.open_input_file(self.path)

    def open_stream(self, compression: str | None) -> pa.NativeFile:
        """Open for reading from start to end, decompressing."""
        return self.filesystem.open_input_stream(self.path, compression=compression)

    @property
    def identity(self) -> tuple[str, str]:
        """A key that is equal for two names of the same file."""
        path = str(Path(self.path).resolve()) if self.local else self.path
        return self.filesystem.type_name, path


@dataclass(frozen=True, slots=True)
class Pipe:
    """Standard input (no path) or a named pipe: an Arrow IPC stream that can be read once."""

    name: str
    path: str | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """A key that is equal for two names of the same pipe."""
        return "local", str(Path(self.path or "/dev/stdin").resolve())


Input: TypeAlias = File | Pipe | TablePart


def discover(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    as_files: bool = False,
    store_timeout: float | str = STORE_TIMEOUT,
) -> list[Input]:
    """Return the files of ``inputs``, the files of each input in sorted order.

    The places of tables, such as ``delta:shop/orders@41``, are those of `table_place`.

    A call to an object store is abandoned if nothing arrives for ``store_timeout`` seconds.

    Inside directories and globs, ``rfm.toml`` and names that begin with ``_`` or ``.`` are skipped.

    Raises
    ------
    UsageError
        An input is missing, matches nothing, contains no file, or refers to a file that another
        input already refers to, or to another version of a table. Without ``as_files``, also if it
        refers to a file of a Delta, Iceberg or Hudi table.
    """
    deadline = Deadline(store_timeout)
    _refuse_two_versions([os.fspath(given) for given in inputs])
    found: list[Input] = []
    asked: Asked = {}
    for given in inputs:
        found += _behind(os.fspath(given), None if as_files else asked, deadline)
    if not as_files:
        refuse_local_tables([file.path for file in found if isinstance(file, File) and file.local])
    names: dict[tuple[str, str], str] = {}
    for file in found:
        identity = file.identity
        if identity in names:
            raise UsageError(
                f"{file.name} must be given once; got it already as {names[identity]}. "
                "Remove one of the two."
            )
        names[identity] = file.name
    return found


def _refuse_two_versions(inputs: Sequence[str]) -> None:
    """Refuse two versions of a table, because most of their rows are the same."""
    names: dict[str, str] = {}
    for place in map(table_place, inputs):
        if place is None:
            continue
        key = _table_of(place)
        if key in names:
            raise UsageError(
                f"a table must be given once; got {names[key]} and {place.name}. Remove one of the "
                "two, because most of their rows are the same."
            )
        names[key] = place.name


def _table_of(place: DeltaPlace | IcebergPlace) -> str:
    """Return a text that is equal for all versions of a table."""
    if isinstance(place, IcebergPlace):
        return f"{place.catalog}.{place.table}"
    return place.path.rstrip("/") if is_uri(place.path) else str(Path(place.path).resolve())


def _behind(place: str, asked: Asked | None, deadline: Deadline) -> Sequence[Input]:
    """Return the files of an input; refuse files of remote tables unless `asked` is None."""
    if place == "-":
        return [Pipe("stdin")]
    if (table := table_place(place)) is not None:
        from rfm_engine.orders.sources.tables.opening import parts_at

        return parts_at(table, deadline)
    if not is_uri(place):
        return _local(place)
    base, pattern, query = remote.split(place)
    name = without_secrets(place)
    connect = partial(remote.connect, base + query, name, deadline.seconds)
    filesystem, root = deadline.run(name, connect)
    if isinstance(filesystem, fs.LocalFileSystem):
        return _local("/".join([root, *pattern]))
    scheme = base.partition("://")[0]
    listings = Listings(filesystem, scheme + query, {} if asked is None else asked)

    def find() -> list[tuple[str, list[str]]]:
        found = remote.found(listings, root, pattern, name)
        if asked is not None:
            folders = [path.rpartition("/")[0] for path, _ in found]
            with remote.reaching(name):
                refuse_tables(folders, listings, lambda path: f"{scheme}://{path}")
        return found

    return [
        File(f"{scheme}://{path}", path, filesystem, keys_of(segments), deadline)
        for path, segments in deadline.run(name, find)
    ]


def _local(place: str) -> list[File | Pipe]:
    path = Path(place)
    with reading(place, "orders"):
        if not place:
            raise missing("the input ''")
        if path.is_dir():
            files = [_below(path, file) for file in _walk(path, set())]
            if not files:
                raise UsageError(
                    f"directory {place} must contain data files; got none (rfm.toml, and names "
                    "that begin with _ or ., are ignored). Give the directory that contains the "
                    "orders."
                )
            return list(files)
        if path.exists():
            return [_single(path)]
        if _GLOB.isdisjoint(place):
            raise missing(place)
        return _globbed(place)


def _globbed(pattern: str) -> list[File | Pipe]:
    # Path.glob does not accept absolute patterns, and it matches hidden files.
    matches = [Path(match) for match in sorted(glob(pattern, recursive=True))]  # noqa: PTH207
    wanted = [part for part in pattern.split("/") if part.startswith("_")]
    matches = [
        match
        for match in matches
        if all(part[0] != "_" or any(fnmatchcase(part, w) for w in wanted) for part in match.parts)
    ]
    if Path(pattern).name != CONFIG_NAME:
        matches = [match for match in matches if match.name != CONFIG_NAME]
    if "**" in pattern:
        # The contents of the matched folders are matched themselves.
        matches = [match for match in matches if not match.is_dir()]
    seen: set[Path] = set()
    files: list[File | Pipe] = []
    for match in matches:
        files += [_single(file) for file in (_walk(match, seen) if match.is_dir() else [match])]
    if not files:
        raise UsageError(f"{pattern} must match a file; got no match. Check the pattern.")
    return files


def _single(path: Path) -> File | Pipe:
    if path.is_fifo():
        return Pipe(str(path), str(path))
    return File(str(path), str(path), keys=keys_of(path.parent.parts))


def _below(root: Path, path: Path) -> File:
    return File(str(path), str(path), keys=keys_of(path.parent.relative_to(root).parts))


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield the files under ``folder`` in order, following links; refuse a folder seen before."""
    real = folder.resolve()
    if real in seen:
        raise UsageError(
            f"folder {folder} must be reachable by one path; got a second path to {real}. "
            "Remove the link."
        )
    seen.add(real)
    for entry in sorted(folder.iterdir()):
        if is_ignored(entry.name):
            continue
        if entry.is_dir():
            yield from _walk(entry, seen)
        elif entry.is_fifo():
            raise UsageError(f"{folder} must contain only files; got the pipe {entry}. Remove it.")
        else:
            yield entry
