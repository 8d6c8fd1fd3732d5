"""Open Iceberg tables: `pyiceberg` reads the metadata, our own threads the data files."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pyarrow as pa
from pyarrow import fs

from rfm_engine.errors import UsageError, not_installed
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.table_places import ICEBERG, IcebergPlace
from rfm_engine.orders.sources.tables.iceberg_catalog import (
    blaming_the_catalog,
    find_scan,
    open_catalog,
)
from rfm_engine.orders.sources.tables.iceberg_facts import IcebergFacts
from rfm_engine.orders.sources.tables.iceberg_file import IcebergFile
from rfm_engine.orders.sources.tables.iceberg_metadata import is_whole, tasks_of
from rfm_engine.orders.sources.tables.part import TablePart, no_rows
from rfm_engine.orders.sources.tables.stream import StreamOpening

REQUIRED = "pyiceberg[pyarrow]>=0.12"
"""What the extra `[iceberg]` installs."""
FILTERED = " (filtered)"
"""The end of the name of a scan with a filter or a limit."""


def parts_of_place(place: IcebergPlace, deadline: Deadline) -> list[TablePart]:
    """Open a snapshot of a table of a catalog.

    Raises
    ------
    UsageError
        The package is missing, or there is no such catalog, table or snapshot.
    DataError
        The metadata is damaged, or the table contains deletes that cannot be read.
    RfmError
        The catalog cannot be reached.
    """
    try:
        import pyiceberg.io.pyarrow  # noqa: F401 - only whether it is installed
    except ImportError:
        raise not_installed("Iceberg tables", "pyiceberg", "iceberg", REQUIRED) from None
    if "." not in place.table:
        raise UsageError(
            "a table must be given with its namespace, as iceberg:CATALOG.NAMESPACE.TABLE; got "
            f"{place.name}. Write, for example, iceberg:lake.shop.orders."
        )

    def opened() -> list[TablePart]:
        # In one thread, because connections of SQLite must stay in the thread that opened them.
        with blaming_the_catalog(place), closing(open_catalog(place)) as catalog:
            return parts_of_scan(find_scan(catalog, place), deadline)

    return deadline.run(place.name, opened)


def parts_of_table(table: Any) -> list[TablePart]:
    """Return the parts of a loaded table, at its newest snapshot, or of a scan of it."""
    return parts_of_scan(table.scan() if hasattr(table, "current_snapshot") else table, Deadline())


def parts_of_scan(scan: Any, deadline: Deadline) -> list[TablePart]:
    """Return a part for each file of a scan; a scan with a limit is one part.

    The name of a scan that omits rows of its snapshot says so.
    """
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    snapshot = scan.snapshot()
    name = _name_of(scan) + ("" if snapshot is None else f"@{snapshot.snapshot_id}")
    if not is_whole(scan):
        name += FILTERED
    schema = pa.schema(schema_to_pyarrow(scan.projection(), include_field_ids=False))
    schema = schema.remove_metadata()
    tasks = tasks_of(scan, name)
    if scan.limit is not None:
        opening = StreamOpening(lambda names: scan.select(*names).to_arrow_batch_reader(), name)
        return [TablePart(name, name, schema, opening, ("iceberg", name))]
    parts = []
    for task in tasks:
        file = _file_of(scan.io, task.file.file_path, deadline)
        facts = IcebergFacts(scan, task, schema)
        own = IcebergFile(facts, file)
        identity = ("iceberg", task.file.file_path) if file is None else file.identity
        parts.append(TablePart(own.name, name, schema, own, identity, facts))
    # Sorted by path, because the order of files in the manifests is arbitrary.
    parts.sort(key=lambda part: part.name)
    return parts or [TablePart(name, name, schema, no_rows, ("iceberg", name))]


def _name_of(scan: Any) -> str:
    if scan.table_identifier is None:
        return f"{ICEBERG}{scan.table_metadata.location}"
    catalog = [] if scan.catalog is None else [scan.catalog.name]
    return ICEBERG + ".".join([*catalog, *scan.table_identifier])


def _file_of(io: Any, location: str, deadline: Deadline) -> File | None:
    """Return a data file; None if only `pyiceberg` can open it."""
    from pyiceberg.io.pyarrow import PyArrowFileIO

    if not isinstance(io, PyArrowFileIO):
        return None
    scheme, netloc, path = io.parse_location(location, io.properties)
    filesystem = io.fs_by_scheme(scheme, netloc)
    if isinstance(filesystem, fs.LocalFileSystem):
        return File(path, path, deadline=deadline)
    return File(location, path, filesystem, {}, deadline)
