"""Find Iceberg tables in a catalog, and the files of a snapshot; `pyiceberg` reads the metadata."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pyarrow as pa
from pyarrow import fs

from rfm_engine.errors import DataError, RfmError, UsageError, did_you_mean
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import first_line
from rfm_engine.orders.sources.table_places import ICEBERG, IcebergPlace
from rfm_engine.orders.sources.tables.iceberg_facts import IcebergFacts
from rfm_engine.orders.sources.tables.iceberg_file import IcebergFile
from rfm_engine.orders.sources.tables.part import TablePart, no_rows
from rfm_engine.orders.sources.tables.stream import StreamOpening

REQUIRED = "pyiceberg[pyarrow]>=0.12"
"""What the extra `[iceberg]` installs."""


def parts_of_place(place: IcebergPlace, deadline: Deadline) -> list[TablePart]:
    """Open a snapshot of a table of a catalog.

    Raises
    ------
    UsageError
        The package is missing, or there is no such catalog, table or snapshot.
    DataError
        The table contains deletes that cannot be read.
    RfmError
        The catalog cannot be reached.
    """
    try:
        import pyiceberg.io.pyarrow  # noqa: F401 - only whether it is installed
    except ImportError:
        raise UsageError(
            f"Iceberg tables must have pyiceberg, the extra [iceberg]; got none. "
            f"Run: pip install '{REQUIRED}'."
        ) from None

    def opened() -> list[TablePart]:
        # In one thread, because connections of SQLite must stay in the thread that opened them.
        with _blaming_the_catalog(place), closing(_catalog(place)) as catalog:
            return parts_of_scan(_scan(catalog, place), deadline)

    return deadline.run(place.name, opened)


def parts_of_table(table: Any) -> list[TablePart]:
    """Return the parts of a loaded table, at its newest snapshot, or of a scan of it."""
    return parts_of_scan(table.scan() if hasattr(table, "current_snapshot") else table, Deadline())


def parts_of_scan(scan: Any, deadline: Deadline) -> list[TablePart]:
    """Return a part for each file of a scan; a scan with a limit is one part."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    snapshot = scan.snapshot()
    name = _name_of(scan) + ("" if snapshot is None else f"@{snapshot.snapshot_id}")
    schema = pa.schema(schema_to_pyarrow(scan.projection(), include_field_ids=False))
    schema = schema.remove_metadata()
    if scan.limit is not None:
        opening = StreamOpening(lambda names: scan.select(*names).to_arrow_batch_reader(), name)
        return [TablePart(name, name, schema, opening, ("iceberg", name))]
    try:
        tasks = list(scan.plan_files())
    except (ValueError, NotImplementedError) as error:
        if "equality delete" not in str(error):
            raise
        raise DataError(
            f"{name} must have no equality deletes, which pyiceberg cannot read; got some. Rewrite "
            "the data files of the table (rewrite_data_files), or give its rows as a stream."
        ) from error
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


def _catalog(place: IcebergPlace) -> Any:
    from pyiceberg.catalog import list_catalogs, load_catalog
    from pyiceberg.exceptions import NotInstalledError

    known = list_catalogs()
    try:
        return load_catalog(place.catalog)
    except NotInstalledError as error:
        raise UsageError(
            f"catalog {place.catalog!r} must have its packages; got {first_line(error)}. Install "
            "them."
        ) from error
    except ValueError as error:
        hint = did_you_mean(place.catalog, known, "Describe it in ~/.pyiceberg.yaml.")
        raise UsageError(
            f"catalog {place.catalog!r} must be one that pyiceberg knows; got "
            f"{first_line(error)}. {hint}"
        ) from error


def _scan(catalog: Any, place: IcebergPlace) -> Any:
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    try:
        table = catalog.load_table(place.table)
    except (NoSuchTableError, NoSuchNamespaceError) as error:
        namespace = place.table.rpartition(".")[0]
        raise UsageError(
            f"{place.name} must be a table of the catalog; got none of this name. "
            f"{did_you_mean(place.table, _tables(catalog, namespace), 'Check the name.')}"
        ) from error
    if place.snapshot is None:
        return table.scan()
    for found in (
        table.snapshot_by_id(place.snapshot) if isinstance(place.snapshot, int) else None,
        table.snapshot_by_name(str(place.snapshot)),
    ):
        if found is not None:
            return table.scan(snapshot_id=found.snapshot_id)
    raise UsageError(
        f"{place.name} must be a snapshot, tag or branch of the table; got no such one. "
        + did_you_mean(str(place.snapshot), table.refs(), "List them with table.history().")
    )


def _tables(catalog: Any, namespace: str) -> list[str]:
    from pyiceberg.exceptions import NoSuchNamespaceError

    try:
        return [".".join(each) for each in catalog.list_tables(namespace)] if namespace else []
    except NoSuchNamespaceError:
        return []


@contextmanager
def _blaming_the_catalog(place: IcebergPlace) -> Iterator[None]:
    """Report a failure of the catalog or its store as such."""
    from pyiceberg.exceptions import RESTError

    try:
        yield
    except RfmError:
        raise
    except (OSError, RESTError, pa.ArrowException, *_sql_failures()) as error:
        raise RfmError(
            f"{place.name} must be reachable; got {first_line(error)}. Check the catalog, the "
            "network and the credentials."
        ) from error


def _sql_failures() -> list[type[Exception]]:
    """Return the errors of catalogs in SQL databases; their package may be missing."""
    module = sys.modules.get("sqlalchemy.exc")
    return [] if module is None else [module.SQLAlchemyError]
