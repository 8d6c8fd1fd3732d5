"""What listings of an object store have shown of tables, so that little has to be asked again."""

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
# How Arrow says that S3 or Azure denied a request; of Google it raises PermissionError.
_DENIED = re.compile(r"ACCESS_DENIED|Azure Error: \[\w*\] 403")

Asked = MutableMapping[tuple[str, str], Collection[str]]
"""The answers to all questions so far, by file system and path."""


class Listings:
    """A file system that remembers which logs of tables its listings show.

    A question is only asked where no listing has the answer: about folders above those that were
    listed, and about the folder of a single file. It is asked once.

    Parameters
    ----------
    filesystem
        Whose files are listed.
    name
        What is equal for equal file systems.
    asked
        The answers to be shared among file systems.
    """

    def __init__(self, filesystem: fs.FileSystem, name: str, asked: Asked) -> None:
        self._filesystem = filesystem
        self._name = name
        self._asked = asked
        self._flat: set[str] = set()
        self._recursive: set[str] = set()
        self._logs: dict[str, set[str]] = {}

    def get_file_info(self, wanted: str | fs.FileSelector) -> Any:
        """Return what the file system says, as it does."""
        infos = self._filesystem.get_file_info(wanted)
        if isinstance(wanted, fs.FileSelector):
            listed = self._recursive if wanted.recursive else self._flat
            listed.add(wanted.base_dir.rstrip("/"))
            for info in infos:
                self._note(info.path)
        return infos

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder; an empty one is none, as is usual in object stores."""
        if path in self._logs:
            return True
        return not self._is_listed(path) and bool(self._names(path))

    def has_file(self, path: str) -> bool:
        """Whether there is a file."""
        if path in self._logs:
            return True
        return not self._is_listed(path) and bool(self._kind(path))

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names in a folder, as far as they can be those of Iceberg's metadata."""
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
        """Whether a listing would have shown a path."""
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
        """Return the names of the files and folders that the file system finds for a question.

        Credentials that reach only the files which were named say nothing of the folders above,
        so what they may not see is taken for absent: those who restrict a reader to some files
        of a table have shown them which ones to read.
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
