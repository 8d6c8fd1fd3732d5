"""Ids as values that Arrow and DuckDB work with: they know few functions of UUIDs."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rfm_engine.kernels.arrays import whole
from rfm_engine.kernels.uuids import uuid_bytes, uuid_text


def plain_ids(column: pa.ChunkedArray[Any] | pa.Array[Any]) -> pa.Array[Any]:
    """Return ids as one array; UUIDs as their 16 bytes, which have the same order."""
    array = whole(column) if isinstance(column, pa.ChunkedArray) else column
    return array.storage if isinstance(array.type, pa.UuidType) else array


def typed_ids(column: pa.ChunkedArray[Any] | pa.Array[Any], kind: pa.DataType) -> pa.Array[Any]:
    """Return ids in the type of a snapshot.

    DuckDB returns UUIDs as text of 36 characters, and those that it was given as bytes as bytes.
    """
    array = whole(column) if isinstance(column, pa.ChunkedArray) else column
    if array.type == kind:
        return array
    if not isinstance(kind, pa.UuidType):
        return array.cast(kind)
    if pa.types.is_string(array.type):
        array = uuid_bytes(array)
    return pa.ExtensionArray.from_storage(kind, array.cast(kind.storage_type))


def named_ids(column: pa.ChunkedArray[Any] | pa.Array[Any], kind: pa.DataType) -> pa.Array[Any]:
    """Return ids as DuckDB returns those of this type: UUIDs as text, others unchanged."""
    array = plain_ids(column)
    if not isinstance(kind, pa.UuidType) or pa.types.is_string(array.type):
        return array
    return uuid_text(array.cast(kind.storage_type))


def distinct_ids(column: pa.ChunkedArray[Any] | pa.Array[Any]) -> pa.Array[Any]:
    """Return the distinct values in ascending order, null last."""
    import pyarrow.compute as pc

    found = plain_ids(column).unique()
    return typed_ids(found.take(pc.sort_indices(found)), column.type)


def places_among(
    column: pa.ChunkedArray[Any] | pa.Array[Any], known: pa.Array[Any]
) -> pa.Array[Any]:
    """Return the place of each value among others, `int32`; null if it is not there."""
    import pyarrow.compute as pc

    return pc.index_in(plain_ids(column), value_set=plain_ids(known))
