"""Recognise tables among the inputs: places such as `delta:PATH`, and objects of their libraries.

The packages are imported only when an input is a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rfm_engine.errors import UsageError
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


def refuse_overlap(tables: Sequence[tuple[object, Sequence[TablePart]]]) -> None:
    """Refuse table objects with the same rows, also in two versions; each has its parts.

    Two scans of a table with different filters are accepted.

    Raises
    ------
    UsageError
        Two of them are the same table, or have a file in common.
    """
    seen: dict[object, list[tuple[str, str]]] = {}
    for given, parts in tables:
        own, name = _filter_of(given), parts[0].table
        keys = {part.identity for part in parts} | {("table", name.rpartition("@")[0] or name)}
        for key in keys:
            for other, earlier in seen.get(key, ()):
                if not (own and other) or own == other:
                    raise UsageError(
                        f"a table must be given once; got {earlier} and {name}. Remove one of the "
                        "two, because most of their rows are the same."
                    )
        for key in keys:
            seen.setdefault(key, []).append((own, name))


def _filter_of(given: Any) -> str:
    """Return the filter and the limit of a scan as text; empty if it has all rows."""
    if not _has(given, _ICEBERG_SCAN):
        return ""
    from rfm_engine.orders.sources.tables.iceberg_metadata import is_whole

    return "" if is_whole(given) else f"{given.row_filter!r} {given.limit}"


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
