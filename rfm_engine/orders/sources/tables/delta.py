"""Read Delta tables: the log is read by `deltalake`, the data files by our own threads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import first_line
from rfm_engine.orders.sources.table_places import DELTA, DeltaPlace
from rfm_engine.orders.sources.tables.parquet_file import ParquetFile
from rfm_engine.orders.sources.tables.part import TablePart, no_rows

REQUIRED = "deltalake>=1.6"
"""What the extra `[delta]` installs."""
# The features that change how data files are read, or that only matter to the log.
_KNOWN_FEATURES = {
    "columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "typeWidening-preview",
    "v2Checkpoint", "vacuumProtocolCheck",
}  # fmt: skip
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
_NO_VERSION = re.compile(r"LogSegment end version|[Vv]ersion .*not|not .*[Vv]ersion")
# Options of Arrow's URIs, and what the same options are called by deltalake.
_S3_OPTIONS = {
    "access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN", "region": "AWS_REGION",
}  # fmt: skip


class DeltaTable(Protocol):
    """What is used of `deltalake.DeltaTable`."""

    @property
    def table_uri(self) -> str:
        """The URI of the folder."""

    def version(self) -> int:
        """Return the version that was loaded."""

    def schema(self) -> Any:
        """Return the columns."""

    def metadata(self) -> Any:
        """Return the partition columns and the configuration."""

    def protocol(self) -> Any:
        """Return the features that a reader must know."""

    def get_add_actions(self) -> Any:
        """Return the files of the version, with partition values and statistics."""

    def deletion_vectors(self) -> Any:
        """Return the rows that are kept of files from which rows were deleted."""

    def scan(self, columns: list[str] | None = None) -> Any:
        """Return a stream of the rows."""


class _Root(NamedTuple):
    """The folder of a table, and how files in it are found.

    Attributes
    ----------
    path
        The folder, in the file system of its files.
    shown
        The folder as the caller wrote it, for messages.
    scheme
        The scheme of its URI with `://`; empty if it is local.
    query
        The options of its URI.
    model
        A file of the file system.
    """

    path: str
    shown: str
    scheme: str
    query: str
    model: File

    def file(self, path: str) -> File:
        """Return a data file; `path` is as in the log: encoded, relative or absolute."""
        plain = unquote(path)
        if _URI.match(path) is None:
            return self._of(f"{self.shown}/{plain}", f"{self.path}/{plain}")
        inner = unquote(urlsplit(path).path)
        if path.startswith("file:"):
            return self._of(inner, inner)
        inside = plain.partition("://")[2]
        return self._of(plain, inside)

    def _of(self, name: str, path: str) -> File:
        return File(name, path, self.model.filesystem, {}, self.model.deadline)


def parts_of_place(place: DeltaPlace, deadline: Deadline) -> list[TablePart]:
    """Open a version of a table, given by its path.

    Raises
    ------
    UsageError
        The package is missing, or there is no such table or version.
    DataError
        The log is damaged, or the table needs features that are not supported.
    RfmError
        An object store cannot be reached.
    """
    if place.versions is not None:
        raise UsageError(
            f"a range of versions must be ingested into a state (rfm ingest); got {place.name}. "
            f"Read one version: {place.name.partition('..')[0]}."
        )
    table = _table(place, deadline)
    return _parts(table, _root(place.path, place, deadline), f"{DELTA}{_shown(place.path)}")


def parts_of_table(table: DeltaTable) -> list[TablePart]:
    """Return the parts of a loaded table; one part, read by `deltalake`, if it is not local."""
    uri = table.table_uri
    at = urlsplit(uri)
    if at.scheme in ("", "file"):
        path = unquote(at.path).rstrip("/") or "/"
        root = _Root(path, path, "", "", File(path, path))
        return _parts(table, root, f"{DELTA}{path}")
    from rfm_engine.orders.sources.tables.stream import StreamOpening

    _refuse_unknown_features(table, f"{DELTA}{uri}")
    version = table.version()
    name = f"{DELTA}{remote.without_secrets(uri).rstrip('/')}@{version}"

    def scan(columns: list[str]) -> Any:
        if table.version() != version:
            raise DataError(
                f"{name} must not change while it is read; got version {table.version()}. "
                "Load the table again."
            )
        return pa.RecordBatchReader.from_stream(table.scan(columns=columns))

    schema = pa.schema(table.schema().to_arrow()).remove_metadata()
    return [TablePart(name, name, schema, StreamOpening(scan, name), ("delta", name))]


def _table(place: DeltaPlace, deadline: Deadline) -> DeltaTable:
    try:
        import deltalake
        from deltalake.exceptions import DeltaError, TableNotFoundError
    except ImportError:
        raise UsageError(
            f"Delta tables must have deltalake, the extra [delta]; got none. "
            f"Run: pip install '{REQUIRED}'."
        ) from None
    path, options = _for_deltalake(place.path)

    def load(version: int | None) -> DeltaTable:
        loaded: DeltaTable = deltalake.DeltaTable(path, version=version, storage_options=options)
        return loaded

    name = place.name
    try:
        return deadline.run(name, partial(load, place.version))
    except (TableNotFoundError, FileNotFoundError) as error:
        raise UsageError(
            f"{name} must be a Delta table; got no _delta_log in {_shown(place.path)}. "
            "Check the path."
        ) from error
    except DeltaError as error:
        if place.version is None:
            raise _damaged(name, error) from error
        newest = deadline.run(name, partial(_newest, load, name))
        if newest < place.version:
            raise UsageError(
                f"{name} must be a version of the table; got {newest} as its newest version. "
                "Give an existing one."
            ) from error
        raise UsageError(
            f"{name} must be a version whose log is complete; got {first_line(error)}. Give a "
            f"newer version, up to {newest}."
        ) from error
    except OSError as error:
        raise _unreachable(name, error) from error


def _newest(load: Any, name: str) -> int:
    from deltalake.exceptions import DeltaError

    try:
        return int(load(None).version())
    except DeltaError as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(
        f"{name} must have a log that can be read; got {first_line(error)}. Check the table with "
        "the program that writes it."
    )


def _unreachable(name: str, error: OSError) -> RfmError:
    return RfmError(
        f"{name} must be reachable; got {first_line(error)}. "
        "Check the network, the credentials and the region."
    )


def _for_deltalake(path: str) -> tuple[str, dict[str, str] | None]:
    """Return the path and the storage options for `deltalake`, from options in a URI if any."""
    uri, _, query = path.partition("?")
    if not query or "://" not in uri:
        return path, None
    given = dict(parse_qsl(query, keep_blank_values=True))
    options = {_S3_OPTIONS[key]: value for key, value in given.items() if key in _S3_OPTIONS}
    if "endpoint_override" in given:
        scheme = given.get("scheme", "https")
        options["AWS_ENDPOINT_URL"] = f"{scheme}://{given['endpoint_override']}"
        options["AWS_ALLOW_HTTP"] = str(scheme == "http").lower()
    if given.get("anonymous") == "true":
        options["AWS_SKIP_SIGNATURE"] = "true"
    return uri, options


def _root(path: str, place: DeltaPlace, deadline: Deadline) -> _Root:
    if "://" not in path:
        folder = str(Path(path).absolute())
        return _Root(folder, path.rstrip("/") or "/", "", "", File(path, folder, deadline=deadline))
    base, pattern, query = remote.split(path)
    if pattern:
        raise UsageError(
            f"{place.name} must be one table; got a wildcard. Give several tables as a list."
        )
    connect = partial(remote.connect, base + query, place.name, deadline.seconds)
    filesystem, root = deadline.run(place.name, connect)
    model = File(base, root, filesystem, {}, deadline)
    scheme = "" if model.local else f"{base.partition('://')[0]}://"
    return _Root(root.rstrip("/"), _shown(base), scheme, query, model)


def _shown(path: str) -> str:
    return (remote.without_secrets(path) if "://" in path else path).rstrip("/") or "/"


def _parts(table: DeltaTable, root: _Root, name: str) -> list[TablePart]:
    """Return a part for each file of a loaded table."""
    name = f"{name}@{table.version()}"
    _refuse_unknown_features(table, name)
    schema = pa.schema(table.schema().to_arrow())
    physical = _physical_names(table, schema)
    schema = _without_metadata(schema)
    partition = list(table.metadata().partition_columns)
    files = pa.table(table.get_add_actions())
    kept = _kept_rows(table)
    parts = []
    for row in _rows_of(files, partition, schema):
        file = root.file(row.path)
        opening = ParquetFile(file, schema, physical, row.constants, kept.pop(row.path, None))
        parts.append(TablePart(file.name, name, schema, opening, file.identity))
    if kept:
        raise DataError(
            f"{name} must name the files of deleted rows; got {next(iter(kept))!r}, which is no "
            "file of this version. Please report this."
        )
    # Sorted by path, because the order of files in a log is arbitrary.
    parts.sort(key=lambda part: part.name)
    return parts or [TablePart(name, name, schema, no_rows, ("delta", name))]


class _FileRow(NamedTuple):
    path: str
    constants: Mapping[str, Any]


def _rows_of(files: pa.Table, partition: list[str], schema: pa.Schema) -> Iterator[_FileRow]:
    paths = files.column("path").to_pylist()
    values = files.column("partition").combine_chunks() if partition else None
    columns = {} if values is None else {name: values.field(name) for name in partition}
    for i, path in enumerate(paths):
        constants = {name: columns[name][i].cast(schema.field(name).type) for name in partition}
        yield _FileRow(path, constants)


def _physical_names(table: DeltaTable, schema: pa.Schema) -> dict[str, str]:
    """Return the names of the columns in the files, where the table maps columns.

    Raises
    ------
    DataError
        Columns are found by their numbers in the files.
    """
    mode = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mode == "none":
        return {}
    key = b"delta.columnMapping.physicalName"
    return {each.name: each.metadata[key].decode() for each in schema}


def _without_metadata(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(each.name, each.type) for each in schema])


def _kept_rows(table: DeltaTable) -> dict[str, Any]:
    """Return which rows are kept of each file with deleted rows, by the path in the log."""
    features = table.protocol().reader_features or ()
    if "deletionVectors" not in features:
        return {}
    found: dict[str, Any] = {}
    prefix = table.table_uri.rstrip("/") + "/"
    for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
        vectors = batch.column("selection_vector")
        for i, uri in enumerate(batch.column("filepath").to_pylist()):
            mask = np.asarray(vectors[i].values.to_numpy(zero_copy_only=False), np.bool_)
            found[uri.removeprefix(prefix)] = mask
    return found


def _refuse_unknown_features(table: DeltaTable, name: str) -> None:
    """Refuse a table whose data files mean something that is not known here.

    Raises
    ------
    DataError
        The table needs such a feature.
    """
    unknown = sorted(set(table.protocol().reader_features or ()) - _KNOWN_FEATURES)
    if unknown:
        raise DataError(
            f"{name} must need only reader features of {', '.join(sorted(_KNOWN_FEATURES))}; got "
            f"{', '.join(unknown)}. Read it with the program that writes it, and give its rows as "
            "an Arrow stream or as Parquet files."
        )
