"""The actions in the log of a Delta table, by the protocol that delta-io/delta publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from rfm_engine.errors import cut
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.tables.delta_columns import Columns, columns_of
from rfm_engine.orders.sources.tables.delta_features import refuse_unknown_features
from rfm_engine.orders.sources.tables.delta_folder import CONTRACT

Action: TypeAlias = Mapping[str, Any]


class Added(NamedTuple):
    """A data file that a version has added.

    Attributes
    ----------
    path
        The path below the folder of the table, or a whole URI; both are encoded as URIs are.
    values
        The values of the partition columns, as text.
    n_rows
        The number of rows; None if the log does not have it.
    has_deleted_rows
        Whether rows of the file are deleted by a deletion vector.
    """

    path: str
    values: Mapping[str, str | None]
    n_rows: int | None
    has_deleted_rows: bool


class Commit(NamedTuple):
    """What a version has changed in the rows. Files that only hold other rows again are omitted.

    Attributes
    ----------
    has_removed
        Whether files with rows were removed.
    operation
        What made the version, such as `WRITE`, `OPTIMIZE` or `DELETE`; empty if it is not known.
    """

    version: int
    added: tuple[Added, ...]
    has_removed: bool
    operation: str

    @property
    def has_changed(self) -> bool:
        """Whether the version has added or removed rows."""
        return self.has_removed or bool(self.added)


class Definition(NamedTuple):
    """The id of a table, which its versions have in common, and its columns."""

    id: str
    columns: Columns


def parsed(content: bytes) -> list[Action]:
    """Parse a file with one action per line.

    Raises
    ------
    ValueError
        A line is not a JSON object.
    """
    found = [json.loads(line) for line in content.splitlines() if line.strip()]
    if not all(isinstance(each, dict) for each in found):
        raise ValueError("a line that is not a JSON object")
    return found


def commit_of(version: int, actions: Sequence[Action], name: str) -> Commit:
    """Return what a version has changed; `name` is its file.

    Raises
    ------
    DataError
        An action lacks a field.
    """
    with _understood(name):
        removes = _all(actions, "remove")
        infos = _all(actions, "commitInfo")
        return Commit(
            version,
            tuple(map(_added, filter(_is_change, _all(actions, "add")))),
            any(map(_is_change, removes)),
            cut(str(infos[0].get("operation") or "")) if infos else "",
        )


def definition_of(protocol: Action, about: Action, name: str) -> Definition:
    """Return the definition of a table; `name` is the table.

    Raises
    ------
    DataError
        An action lacks a field, or a reader must support a feature that is not known here.
    """
    with _understood(name):
        features = protocol.get("readerFeatures") or ()
        refuse_unknown_features(features, protocol["minReaderVersion"], name)
        # A checkpoint has pairs instead of an object.
        settings = dict(about.get("configuration") or {})
        by_number = settings.get("delta.columnMapping.mode") == "id"
        partitions = tuple(about["partitionColumns"])
        columns = columns_of(about["schemaString"], partitions, by_number=by_number)
        return Definition(about["id"], columns)


def _all(actions: Sequence[Action], kind: str) -> list[Action]:
    return [each[kind] for each in actions if each.get(kind) is not None]


def _is_change(action: Action) -> bool:
    """Whether the rows are new or gone, and not only in other files than before."""
    return action.get("dataChange") is not False


def _added(action: Action) -> Added:
    values = {str(name): value for name, value in (action.get("partitionValues") or {}).items()}
    stats = json.loads(action.get("stats") or "{}")
    has_deleted = action.get("deletionVector") is not None
    return Added(str(action["path"]), values, stats.get("numRecords"), has_deleted)


@contextmanager
def _understood(name: str) -> Iterator[None]:
    with reading(name, CONTRACT):
        try:
            yield
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("an action with other fields than the protocol has") from error
