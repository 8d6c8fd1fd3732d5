"""Read the log of a Delta table: the table as it is now, and what each version has added."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.table_formats import DELTA_LOG
from rfm_engine.orders.sources.tables.delta_actions import (
    Action,
    Added,
    Commit,
    Definition,
    commit_of,
    definition_of,
    parsed,
)
from rfm_engine.orders.sources.tables.delta_folder import CONTRACT, DeltaFolder
from rfm_engine.orders.sources.tables.parquet_file import ParquetFile
from rfm_engine.orders.sources.tables.part import TablePart

_COMMIT = re.compile(r"(\d{20})\.json")
# In one file, in several, or with a unique name, then also in JSON.
_CHECKPOINT = re.compile(
    r"(?P<version>\d{20})\.checkpoint(?:\.\d{10}\.(?P<parts>\d{10})|\.[0-9a-f-]{36})?"
    r"\.(?:parquet|json)"
)
_KEYS = ("protocol", "metaData")


class DeltaLog:
    """The log of a Delta table.

    Parameters
    ----------
    path
        The folder or the URI of the table.
    store_timeout
        How long an object store may make no progress.

    Attributes
    ----------
    versions
        The versions whose commits the log still has.

    Raises
    ------
    UsageError
        There is no Delta table at the path.
    RfmError
        An object store cannot be reached.
    """

    def __init__(self, path: str, store_timeout: float | str) -> None:
        self._folder = DeltaFolder(path, store_timeout)
        found = map(_COMMIT.fullmatch, self._folder.names)
        self.versions = {int(each[1]) for each in found if each is not None}
        self._commits: dict[int, tuple[str, list[Action]]] = {}
        self._checkpoints = _checkpoints_of(self._folder.names)
        if not self.versions and not self._checkpoints:
            raise UsageError(
                f"{self._folder.given} must be a Delta table; got no versions in {DELTA_LOG}. "
                "Check the path."
            )

    @property
    def name(self) -> str:
        """The absolute path or the URI of the table, equal for all ways to write it."""
        return self._folder.name

    @property
    def newest(self) -> int:
        """The newest version."""
        return max((*self.versions, *self._checkpoints))

    def definition(self) -> Definition:
        """Return the definition of the table in its newest version.

        Older files are read by it too, so that a version gives the same rows at any time.

        Raises
        ------
        DataError
            The log is damaged, or the table has a feature that is not supported.
        """
        found: dict[str, Action] = {}
        for action in self._newest_first():
            for key in _KEYS:
                if action.get(key) is not None:
                    found.setdefault(key, action[key])
            if len(found) == len(_KEYS):
                return definition_of(found["protocol"], found["metaData"], self.name)
        raise DataError(
            f"{self.name} must have a complete log; got no definition of the table in "
            f"{DELTA_LOG}. Restore the files that are missing."
        )

    def ids(self) -> set[str]:
        """Return the ids that the table has had, as `CREATE OR REPLACE TABLE` gives a new one.

        Raises
        ------
        DataError
            The log is damaged.
        """
        abouts = [
            action["metaData"]
            for version in self.versions
            for action in self._commit(version)[1]
            if action.get("metaData") is not None
        ]
        return {str(each.get("id")) for each in abouts} | {self.definition().id}

    def digest(self, version: int) -> str | None:
        """Return the SHA-256 of the commit of a version; None if the log has it no more."""
        if version not in self.versions:
            return None
        return self._commit(version)[0]

    def commit(self, version: int) -> Commit:
        """Return what a version that the log has changed in the rows.

        Raises
        ------
        DataError
            The file of the version is damaged.
        """
        name = self._folder.place(_file_of(version))
        return commit_of(version, self._commit(version)[1], name)

    def gone(self, commit: Commit) -> str | None:
        """Return a file that a version has added and that does not exist any more, if any."""
        return self._folder.gone([each.path for each in commit.added])

    def parts(self, commit: Commit, definition: Definition) -> list[TablePart]:
        """Return the files that a version has added, as parts of the table.

        Raises
        ------
        DataError
            The log has a partition value of another type than its column.
        """
        table = f"delta:{self.name}@{commit.version}"
        return [self._part(each, definition, table) for each in commit.added]

    def _part(self, added: Added, definition: Definition, table: str) -> TablePart:
        columns, file = definition.columns, self._folder.file(added.path)
        constants = columns.constants(added.values, file.name)
        opening = ParquetFile(
            file, columns.schema, columns.physical, constants, numbers=columns.numbers
        )
        return TablePart(file.name, table, columns.schema, opening, file.identity)

    def _newest_first(self) -> Iterator[Action]:
        """Yield the actions of the versions, the newest first, and those of a checkpoint."""
        version = self.newest
        while version in self.versions and version not in self._checkpoints:
            yield from self._commit(version)[1]
            version -= 1
        if version in self.versions:
            yield from self._commit(version)[1]
        for name in self._checkpoints.get(version, ()):
            yield from self._of_checkpoint(name)

    def _of_checkpoint(self, name: str) -> list[Action]:
        content = self._folder.content(name)
        with reading(self._folder.place(name), CONTRACT):
            if name.endswith(".json"):
                return parsed(content)
            parquet = pq.ParquetFile(pa.BufferReader(content))
            held = [key for key in _KEYS if key in parquet.schema_arrow.names]
            rows: list[Action] = parquet.read(held, use_threads=False).to_pylist()
            return rows

    def _commit(self, version: int) -> tuple[str, list[Action]]:
        """Return the SHA-256 and the actions of a version."""
        if version not in self._commits:
            name = _file_of(version)
            content = self._folder.content(name)
            with reading(self._folder.place(name), CONTRACT):
                self._commits[version] = hashlib.sha256(content).hexdigest(), parsed(content)
        return self._commits[version]


def _checkpoints_of(log: Sequence[str]) -> dict[int, list[str]]:
    """Return the names of the files of each complete checkpoint."""
    found: dict[int, list[str]] = {}
    parts: dict[tuple[int, int], list[str]] = {}
    for name in log:
        if (each := _CHECKPOINT.fullmatch(name)) is None:
            continue
        version = int(each["version"])
        if each["parts"] is None:
            found[version] = [name]
        else:
            parts.setdefault((version, int(each["parts"])), []).append(name)
    for (version, n_parts), names in parts.items():
        if len(names) == n_parts:
            found.setdefault(version, names)
    return found


def _file_of(version: int) -> str:
    return f"{version:020}.json"
