"""The folder of a Delta table, on this machine or in an object store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import missing, reading
from rfm_engine.orders.sources.table_formats import DELTA_LOG

CONTRACT = "a readable log of a Delta table"

Result = TypeVar("Result")


class DeltaFolder:
    """The folder of a table, and the names in its log.

    Attributes
    ----------
    name
        The absolute path or the URI, equal for all ways to write it.
    names
        The names of the files of the log.

    Raises
    ------
    UsageError
        There is no such folder.
    RfmError
        An object store cannot be reached.
    """

    def __init__(self, path: str, store_timeout: float | str) -> None:
        self._deadline = Deadline(store_timeout)
        self.given = remote.without_secrets(path)
        self._prefix = ""
        if remote.is_uri(path):
            base, pattern, query = remote.split(path.rstrip("/"))
            if pattern:
                raise UsageError(f"a table must be given by its path; got {self.given}.")
            self._filesystem, self._root = self._connected(base + query, self.given)
            self._prefix = base.partition("://")[0] + "://"
        else:
            self._filesystem, self._root = fs.LocalFileSystem(), path
        if isinstance(self._filesystem, fs.LocalFileSystem):
            self._prefix, self._root = "", str(Path(self._root).resolve())
        self.name = f"{self._prefix}{self._root}"
        self.names = self._listed()

    def content(self, name: str) -> bytes:
        """Return the bytes of a file of the log."""

        def read() -> bytes:
            with self._filesystem.open_input_stream(f"{self._root}/{DELTA_LOG}/{name}") as stream:
                content: bytes = stream.read()
                return content

        return self._asked(self.place(name), read)

    def place(self, name: str) -> str:
        """Return the path of a file of the log, for messages."""
        return f"{self.name}/{DELTA_LOG}/{name}"

    def file(self, path: str) -> File:
        """Return a data file by its path below the table or its URI, encoded as in the log."""
        if not remote.is_uri(path):
            place = f"{self._root}/{unquote(path)}"
            return File(f"{self._prefix}{place}", place, self._filesystem, deadline=self._deadline)
        if path.startswith("file:"):
            place = unquote(urlsplit(path).path)
            return File(place, place)
        filesystem, place = self._connected(path, path)
        return File(path, place, filesystem, deadline=self._deadline)

    def gone(self, paths: Sequence[str]) -> str | None:
        """Return the first of the paths below the table that does not exist; None if all do."""
        inside = (unquote(path) for path in paths if not remote.is_uri(path))
        places = [f"{self._root}/{path}" for path in inside]
        infos = self._asked(self.name, lambda: self._filesystem.get_file_info(places))
        found = (info.path for info in infos if info.type == fs.FileType.NotFound)
        place = next(found, None)
        return None if place is None else f"{self._prefix}{place}"

    def _connected(self, uri: str, name: str) -> tuple[fs.FileSystem, str]:
        connect = partial(remote.connect, uri, name, self._deadline.seconds)
        return self._deadline.run(name, connect)

    def _listed(self) -> list[str]:
        selector = fs.FileSelector(f"{self._root}/{DELTA_LOG}", allow_not_found=True)
        infos = self._asked(self.given, lambda: self._filesystem.get_file_info(selector))
        if not infos:
            info = self._asked(self.given, lambda: self._filesystem.get_file_info(self._root))
            if info.type == fs.FileType.NotFound:
                raise missing(self.given)
        return [info.base_name for info in infos if info.is_file]

    def _asked(self, name: str, ask: Callable[[], Result]) -> Result:
        if isinstance(self._filesystem, fs.LocalFileSystem):
            with reading(name, CONTRACT):
                return ask()
        with remote.reaching(name):
            return self._deadline.run(name, ask)
