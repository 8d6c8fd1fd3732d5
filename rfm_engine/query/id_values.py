"""Ids as values that Arrow and DuckDB work with: they know few functions of UUIDs."""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa

from rfm_engine.kernels.arrays import whole
from rfm_engine.kernels.uuids import uuid_bytes, uuid_text

Ids: TypeAlias = "pa.ChunkedArray[Any] | pa.Array[Any]"
"""A column of ids: customers or groups."""


def plain_ids(column: Ids) -> Ids:
    """Return ids with UUIDs as their 16 bytes, which have the same order; in chunks as before."""
    if not isinstance(column.type, pa.UuidType):
        return column
    if isinstance(column, pa.Array):
        return column.storage
    kind = column.type.storage_type
    return pa.chunked_array([chunk.storage for chunk in column.chunks], kind)


def typed_ids(column: Ids, kind: pa.DataType) -> Ids:
    """Return ids in the type of a snapshot.

    DuckDB returns UUIDs as text of 36 characters, and those that it was given as bytes as bytes.
    """
    if column.type == kind:
        return column
    if not isinstance(kind, pa.UuidType):
        return column.cast(kind)
    array = _whole(column)
    if pa.types.is_string(array.type):
        array = uuid_bytes(array)
    return pa.ExtensionArray.from_storage(kind, array.cast(kind.storage_type))


def named_ids(column: Ids, kind: pa.DataType) -> Ids:
    """Return ids as DuckDB returns those of this type: UUIDs as text, others unchanged."""
    if not isinstance(kind, pa.UuidType) or pa.types.is_string(column.type):
        return column
    return uuid_text(_whole(plain_ids(column)).cast(kind.storage_type))


def distinct_ids(column: Ids) -> pa.Array[Any]:
    """Return the distinct values in ascending order, null last."""
    import pyarrow.compute as pc

    found = plain_ids(column).unique()
    return typed_ids(found.take(pc.sort_indices(found)), column.type)


def places_among(column: Ids, known: pa.Array[Any]) -> Ids:
    """Return the place of each value among others, `int32`; null if it is not there."""
    import pyarrow.compute as pc

    return pc.index_in(plain_ids(column), value_set=plain_ids(known))


def _whole(column: Ids) -> pa.Array[Any]:
    return whole(column) if isinstance(column, pa.ChunkedArray) else column
