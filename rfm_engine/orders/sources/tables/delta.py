"""Read Delta tables: the log is read by `deltalake`, the data files by our own threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.table_places import DELTA, DeltaPlace
from rfm_engine.orders.sources.tables.delta_facts import DeltaFacts, Statistics
from rfm_engine.orders.sources.tables.delta_features import refuse_unknown_features
from rfm_engine.orders.sources.tables.delta_loading import DeltaTable, load
from rfm_engine.orders.sources.tables.delta_root import Root, local_root, root_of, shown_path
from rfm_engine.orders.sources.tables.parquet_file import ParquetFile
from rfm_engine.orders.sources.tables.part import TablePart, no_rows
from rfm_engine.orders.sources.uris import without_secrets

_PHYSICAL_NAME = b"delta.columnMapping.physicalName"
_NUMBER = b"delta.columnMapping.id"


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
    root = root_of(place, deadline)
    return _parts(load(place, deadline), root, f"{DELTA}{shown_path(place.path)}")


def parts_of_table(table: DeltaTable) -> list[TablePart]:
    """Return the parts of a loaded table; one part, read by `deltalake`, if it is not local."""
    uri = table.table_uri
    at = urlsplit(uri)
    if at.scheme in ("", "file"):
        path = unquote(at.path).rstrip("/") or "/"
        root = local_root(path, path, Deadline())
        return _parts(table, root, f"{DELTA}{path}")
    from rfm_engine.orders.sources.tables.stream import StreamOpening

    _refuse_unknown(table, f"{DELTA}{uri}")
    version = table.version()
    name = f"{DELTA}{without_secrets(uri).rstrip('/')}@{version}"

    def scan(columns: list[str]) -> Any:
        if table.version() != version:
            raise DataError(
                f"{name} must not change while it is read; got version {table.version()}. "
                "Load the table again."
            )
        return pa.RecordBatchReader.from_stream(table.scan(columns=columns))

    schema = pa.schema(table.schema().to_arrow()).remove_metadata()
    return [TablePart(name, name, schema, StreamOpening(scan, name), ("delta", name))]


def _parts(table: DeltaTable, root: Root, name: str) -> list[TablePart]:
    """Return a part for each file of a loaded table."""
    name = f"{name}@{table.version()}"
    _refuse_unknown(table, name)
    schema = pa.schema(table.schema().to_arrow())
    mapping = _mapping_of(table, schema)
    schema = _without_metadata(schema)
    partition = list(table.metadata().partition_columns)
    files = pa.table(table.get_add_actions())
    kept = _kept_rows(table)
    statistics = Statistics.of(files)
    parts = []
    for number, row in enumerate(_rows_of(files, partition, schema)):
        file, own = root.file(row.path), kept.pop(row.path, None)
        opening = ParquetFile(file, schema, mapping.physical, row.constants, own, mapping.numbers)
        n_deleted = 0 if own is None else int(np.count_nonzero(~own))
        facts = DeltaFacts(statistics, number, mapping.physical, row.constants, n_deleted)
        parts.append(TablePart(file.name, name, schema, opening, file.identity, facts))
    if kept:
        raise DataError(
            f"{name} must name the files of deleted rows; got {next(iter(kept))!r}, which is no "
            "file of this version. Please report this."
        )
    # Sorted by path, because the order of files in a log is arbitrary.
    parts.sort(key=lambda part: part.name)
    return parts or [TablePart(name, name, schema, no_rows, ("delta", name))]


def _refuse_unknown(table: DeltaTable, name: str) -> None:
    protocol = table.protocol()
    refuse_unknown_features(protocol.reader_features or (), protocol.min_reader_version, name)


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


class _Mapping(NamedTuple):
    """How the columns of a table are found in its files, if not by their names."""

    physical: Mapping[str, str]
    numbers: Mapping[str, int]


def _mapping_of(table: DeltaTable, schema: pa.Schema) -> _Mapping:
    mode = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mode == "none":
        return _Mapping({}, {})
    names = {each.name: each.metadata[_PHYSICAL_NAME].decode() for each in schema}
    numbers = {each.name: int(each.metadata[_NUMBER]) for each in schema}
    return _Mapping(names, numbers if mode == "id" else {})


def _without_metadata(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(each.name, each.type) for each in schema])


def _kept_rows(table: DeltaTable) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which rows are kept of each file with deleted rows, by the path in the log."""
    features = table.protocol().reader_features or ()
    if "deletionVectors" not in features:
        return {}
    found: dict[str, npt.NDArray[np.bool_]] = {}
    prefix = table.table_uri.rstrip("/") + "/"
    for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors()):
        vectors = batch.column("selection_vector")
        for i, uri in enumerate(batch.column("filepath").to_pylist()):
            mask = np.asarray(vectors[i].values.to_numpy(zero_copy_only=False), np.bool_)
            found[uri.removeprefix(prefix)] = mask
    return found
