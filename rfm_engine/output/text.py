"""Convert the columns of a table to the form that CSV contains."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import arrow_texts
from rfm_engine.kernels.uuids import uuid_text

_PLAIN_SCALE = 6  # up to this scale Arrow writes decimals without an exponent


def check_text(schema: pa.Schema) -> None:
    """Refuse columns that cannot be written as text."""
    for field in schema:
        if is_binary(field.type):
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
        return pa.chunked_array([uuid_text(chunk.storage) for chunk in column.chunks], pa.string())
    if pa.types.is_decimal(kind) and kind.scale > _PLAIN_SCALE:
        return pa.chunked_array([_decimal_text(chunk) for chunk in column.chunks], pa.string())
    return column


def _decimal_text(amounts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    text = amounts.cast(pa.string())
    exponent = pc.match_substring(text, "E")
    plain = [format(one, "f") for one in amounts.filter(exponent).to_pylist()]
    return pc.replace_with_mask(text, exponent, arrow_texts(plain))


def is_binary(kind: pa.DataType) -> bool:
    """Return whether a column of a type has binary values, which are no text."""
    if pa.types.is_dictionary(kind):
        return is_binary(kind.value_type)
    types = pa.types
    tests = (
        types.is_binary,
        types.is_large_binary,
        types.is_fixed_size_binary,
        types.is_binary_view,
    )
    return any(test(kind) for test in tests)
