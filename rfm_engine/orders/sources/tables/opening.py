"""Recognise tables among the inputs: places such as `delta:PATH`, and objects of their libraries.

The packages are imported only when an input is a table.
"""

from __future__ import annotations

from typing import Any

from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.table_places import DeltaPlace, IcebergPlace
from rfm_engine.orders.sources.tables.part import TablePart

_DELTA = ("table_uri", "get_add_actions", "deletion_vectors", "scan")
_ICEBERG_TABLE = ("current_snapshot", "snapshot_by_name", "scan", "specs")
_ICEBERG_SCAN = ("plan_files", "projection", "snapshot", "select", "to_arrow_batch_reader")


def is_table(given: object) -> bool:
    """Tell whether an object is a table of `deltalake`, or a table or a scan of `pyiceberg`."""
    return _is_delta(given) or _has(given, _ICEBERG_TABLE) or _has(given, _ICEBERG_SCAN)


def parts_of(given: Any) -> list[TablePart]:
    """Return the parts of a table object, in the version that it has now.

    Raises
    ------
    DataError
        The table needs features that are not supported.
    """
    if _is_delta(given):
        from rfm_engine.orders.sources.tables import delta

        return delta.parts_of_table(given)
    from rfm_engine.orders.sources.tables import iceberg

    return iceberg.parts_of_table(given)


def parts_at(place: DeltaPlace | IcebergPlace, deadline: Deadline) -> list[TablePart]:
    """Return the parts of a table in the version that its place names, or in its newest one.

    Raises
    ------
    UsageError
        The package of the format is missing, or there is no such table or version.
    DataError
        The table needs features that are not supported.
    RfmError
        An object store or a catalog cannot be reached.
    """
    if isinstance(place, DeltaPlace):
        from rfm_engine.orders.sources.tables import delta

        return delta.parts_of_place(place, deadline)
    from rfm_engine.orders.sources.tables import iceberg

    return iceberg.parts_of_place(place, deadline)


def _is_delta(given: object) -> bool:
    return _has(given, _DELTA)


def _has(given: object, names: tuple[str, ...]) -> bool:
    # Of the class, because a frame may have columns of these names as attributes.
    return all(hasattr(type(given), name) for name in names)
