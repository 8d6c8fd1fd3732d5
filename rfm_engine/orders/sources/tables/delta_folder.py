"""The folder of a Delta table, on this machine or in an object store, and the files of its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import unquote

from pyarrow import fs

from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import missing, reading
from rfm_engine.orders.sources.table_formats import DELTA_LOG
from rfm_engine.orders.sources.table_places import DeltaPlace
from rfm_engine.orders.sources.tables.delta_root import root_of
from rfm_engine.orders.sources.uris import is_uri

CONTRACT = "a readable log of a Delta table"

Result = TypeVar("Result")


class DeltaFolder:
    """The folder of a table, and the names in its log.

    Attributes
    ----------
    given
        The folder as the caller wrote it, without passwords.
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
        root = root_of(DeltaPlace(path), self._deadline)
        self.given, self.name = root.shown, root.name
        folder = self.name if root.model.local else root.path
        self._root = root._replace(path=folder, shown=self.name)
        self._filesystem = root.model.filesystem
        self.names = self._listed()

    def content(self, name: str) -> bytes:
        """Return the bytes of a file of the log."""

        def read() -> bytes:
            with self._filesystem.open_input_stream(f"{self._log}/{name}") as stream:
                content: bytes = stream.read()
                return content

        return self._asked(self.place(name), read)

    def place(self, name: str) -> str:
        """Return the path of a file of the log, for messages."""
        return f"{self.name}/{DELTA_LOG}/{name}"

    def file(self, path: str) -> File:
        """Return a data file by its path below the table or its URI, encoded as in the log."""
        return self._root.file(path)

    def gone(self, paths: Sequence[str]) -> str | None:
        """Return the first of the paths below the table that does not exist; None if all do."""
        files = {self._root.file(path).path: unquote(path) for path in paths if not is_uri(path)}
        infos = self._asked(self.name, lambda: self._filesystem.get_file_info([*files]))
        found = (files[info.path] for info in infos if info.type == fs.FileType.NotFound)
        place = next(found, None)
        return None if place is None else f"{self.name}/{place}"

    @property
    def _log(self) -> str:
        return f"{self._root.path}/{DELTA_LOG}"

    def _listed(self) -> list[str]:
        selector = fs.FileSelector(self._log, allow_not_found=True)
        infos = self._asked(self.given, lambda: self._filesystem.get_file_info(selector))
        if not infos:
            info = self._asked(self.given, lambda: self._filesystem.get_file_info(self._root.path))
            if info.type == fs.FileType.NotFound:
                raise missing(self.given)
        return [info.base_name for info in infos if info.is_file]

    def _asked(self, name: str, ask: Callable[[], Result]) -> Result:
        if isinstance(self._filesystem, fs.LocalFileSystem):
            with reading(name, CONTRACT):
                return ask()
        with remote.reaching(name):
            return self._deadline.run(name, ask)
