"""Find the catalog, the table and the snapshot that a place of Iceberg names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from rfm_engine.errors import RfmError, UsageError, did_you_mean
from rfm_engine.orders.sources.guard import first_line
from rfm_engine.orders.sources.table_places import IcebergPlace
from rfm_engine.orders.sources.tables.iceberg_metadata import reading_metadata

_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?!:memory:|file:)([^?]+)")


def open_catalog(place: IcebergPlace) -> Any:
    """Return the catalog of a place.

    Raises
    ------
    UsageError
        `pyiceberg` does not know the catalog, its settings are wrong, or packages are missing.
    """
    from pyiceberg.catalog import list_catalogs, load_catalog
    from pyiceberg.exceptions import NoSuchPropertyException, NotInstalledError

    name, known = place.catalog, list_catalogs()
    _require_database(name)
    try:
        # A catalog in a database would create its tables there.
        return load_catalog(name, init_catalog_tables="false")
    except NotInstalledError as error:
        raise UsageError(
            f"catalog {name!r} must have its packages; got {first_line(error)}. Install them."
        ) from error
    except (ValueError, NoSuchPropertyException) as error:
        if name in known:
            raise UsageError(
                f"catalog {name!r} must have valid settings; got {first_line(error)}. Check them "
                f"in ~/.pyiceberg.yaml and in PYICEBERG_CATALOG__{name.upper()}__URI."
            ) from error
        raise UsageError(
            f"catalog {name!r} must be one that pyiceberg knows; got {first_line(error)}. "
            + did_you_mean(name, known, "Describe it in ~/.pyiceberg.yaml.")
        ) from error


def _require_database(catalog: str) -> None:
    """Refuse a catalog whose file is missing, because SQLite would create an empty one."""
    from pyiceberg.utils.config import Config

    uri = (Config().get_catalog_config(catalog) or {}).get("uri")
    found = _SQLITE.match(str(uri))
    if found is not None and not Path(found[1]).exists():
        raise UsageError(
            f"catalog {catalog!r} must have its database; got no file {found[1]}. Check its uri."
        )


def find_scan(catalog: Any, place: IcebergPlace) -> Any:
    """Return a scan of the snapshot of a place.

    Raises
    ------
    UsageError
        There is no such table or snapshot.
    DataError
        The metadata of the table is damaged.
    """
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    try:
        with reading_metadata(place.name):
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
def blaming_the_catalog(place: IcebergPlace) -> Iterator[None]:
    """Report a failure of the catalog or its store as such.

    Raises
    ------
    RfmError
        It failed.
    """
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
