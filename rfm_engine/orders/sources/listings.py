"""Remember which table logs the listings of an object store contain, to save requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, MutableMapping
from typing import Any

from pyarrow import fs

from rfm_engine.orders.sources.table_formats import (
    DELTA_LOG,
    HUDI_LOG,
    HUDI_PARTITION,
    ICEBERG_LOG,
    is_iceberg,
)

_LOGS = "|".join(map(re.escape, (DELTA_LOG, HUDI_LOG, HUDI_PARTITION, ICEBERG_LOG)))
_LOG = re.compile(rf"(?:^|/)(?:{_LOGS})(?=/|$)")
# Arrow's messages when S3 or Azure denied a request. For Google it raises PermissionError.
_DENIED = re.compile(r"ACCESS_DENIED|Azure Error: \[\w*\] 403")

Asked = MutableMapping[tuple[str, str], Collection[str]]
"""The answers to all requests so far, by file system and path."""


class Listings:
    """A file system that remembers which table logs its listings contain.

    A request is sent only if no listing contains the answer: for folders above the listed ones,
    and for the folder of a single file. Each request is sent once.

    Parameters
    ----------
    filesystem
        The file system to list.
    name
        A name that is equal for equal file systems.
    asked
        The answers so far, shared between file systems.
    """

    def __init__(self, filesystem: fs.FileSystem, name: str, asked: Asked) -> None:
        self._filesystem = filesystem
        self._name = name
        self._asked = asked
        self._flat: set[str] = set()
        self._recursive: set[str] = set()
        self._logs: dict[str, set[str]] = {}

    def get_file_info(self, wanted: str | fs.FileSelector) -> Any:
        """Return the file information of the file system unchanged, and remember table logs."""
        infos = self._filesystem.get_file_info(wanted)
        if isinstance(wanted, fs.FileSelector):
            listed = self._recursive if wanted.recursive else self._flat
            listed.add(wanted.base_dir.rstrip("/"))
            for info in infos:
                self._note(info.path)
        return infos

    def has_folder(self, path: str) -> bool:
        """Tell whether a folder exists; an empty folder does not, as usual in object stores."""
        if path in self._logs:
            return True
        return not self._is_listed(path) and bool(self._names(path))

    def has_file(self, path: str) -> bool:
        """Tell whether a file exists."""
        if path in self._logs:
            return True
        return not self._is_listed(path) and bool(self._kind(path))

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names in a folder, at least those of Iceberg metadata files."""
        if self._is_within(folder, self._recursive):
            return self._logs.get(folder, ())
        if self._is_listed(folder) and folder not in self._logs:
            return ()
        return self._names(folder)

    def _note(self, path: str) -> None:
        for found in _LOG.finditer(path):
            names = self._logs.setdefault(path[: found.end()], set())
            name = path[found.end() + 1 :]
            if is_iceberg(name) and "/" not in name:
                names.add(name)

    def _is_listed(self, path: str) -> bool:
        """Tell whether a listing would contain a path if the path existed."""
        folder = path.rpartition("/")[0]
        return folder in self._flat or self._is_within(folder, self._recursive)

    def _is_within(self, path: str, folders: set[str]) -> bool:
        while path not in folders and "/" in path:
            path = path.rpartition("/")[0]
        return path in folders

    def _names(self, folder: str) -> Collection[str]:
        selector = fs.FileSelector(folder, allow_not_found=True)
        return self._answer(folder, lambda: self._filesystem.get_file_info(selector))

    def _kind(self, path: str) -> Collection[str]:
        return self._answer(path, lambda: self._filesystem.get_file_info([path]))

    def _answer(self, path: str, ask: Callable[[], list[fs.FileInfo]]) -> Collection[str]:
        """Return the names of the files and folders that the file system finds for a request.

        Credentials may give access only to the named files and not to the folders above them. A
        denied request counts as "not found": an owner who gives a reader access only to some
        files of a table has chosen which files to read.
        """
        question = self._name, path
        if question not in self._asked:
            try:
                infos = ask()
            except OSError as error:
                if not isinstance(error, PermissionError) and not _DENIED.search(str(error)):
                    raise
                infos = []
            found = [info.base_name for info in infos if info.type != fs.FileType.NotFound]
            self._asked[question] = found
        return self._asked[question]
