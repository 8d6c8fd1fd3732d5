"""Convert the columns of a table to the form that CSV contains."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import arrow_texts, values

_PLAIN_SCALE = 6  # up to this scale Arrow writes decimals without an exponent


def check_text(schema: pa.Schema) -> None:
    """Refuse columns that cannot be written as text."""
    for field in schema:
        if _is_binary(field.type):
            raise DataError(
                f"column {field.name!r} must be a number, time or text to be written as CSV; "
                f"got {field.type}. Write .parquet or .arrow instead."
            )


def as_text(table: pa.Table) -> pa.Table:
    """Decode dictionaries, and write uuids and decimals without exponents as text."""
    return pa.table([_column(column) for column in table.columns], names=table.column_names)


def _column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _column(column.cast(kind.value_type))
    if kind == pa.uuid():
        return pa.chunked_array([_uuid_text(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_decimal(kind) and kind.scale > _PLAIN_SCALE:
        return pa.chunked_array([_decimal_text(chunk) for chunk in column.chunks], pa.string())
    return column


def _uuid_text(ids: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    raw = values(ids.storage, np.uint8).tobytes()  # the bytes of nulls are arbitrary
    digits = np.frombuffer(raw.hex().encode(), np.uint8).reshape(-1, 32)
    text = np.full((len(ids), 36), ord("-"), np.uint8)
    for into, start, stop in ((0, 0, 8), (9, 8, 12), (14, 12, 16), (19, 16, 20), (24, 20, 32)):
        text[:, into : into + stop - start] = digits[:, start:stop]
    ends = np.arange(len(ids) + 1, dtype=np.int32) * np.int32(36)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    words = pa.Array.from_buffers(pa.string(), len(ids), buffers)
    # Not `pa.scalar` or `pa.array`, because they import pandas if it is installed.
    return pc.if_else(ids.storage.is_valid(), words, pa.nulls(len(ids), pa.string()))


def _decimal_text(amounts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    text = amounts.cast(pa.string())
    exponent = pc.match_substring(text, "E")
    plain = [format(one, "f") for one in amounts.filter(exponent).to_pylist()]
    return pc.replace_with_mask(text, exponent, arrow_texts(plain))


def _is_binary(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_binary(kind.value_type)
    types = pa.types
    tests = (
        types.is_binary,
        types.is_large_binary,
        types.is_fixed_size_binary,
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)
