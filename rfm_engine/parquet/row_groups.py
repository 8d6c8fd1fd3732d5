"""Encode a table as a row group: common columns with our own encoders, others with Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, booleans, values
from rfm_engine.parquet import columns
from rfm_engine.parquet.columns import (
    Encoded,
    encode_bits,
    encode_fixed,
    encode_numbers,
    encode_places,
)
from rfm_engine.parquet.concatenation import (
    MAGIC,
    chunk_structs,
    column_chunks,
    footer_start,
)
from rfm_engine.parquet.encoding import DELTA, PLAIN, Memory, choose, write_table
from rfm_engine.parquet.thrift import STRUCT, Written, integer, sequence, struct

# For fewer rows, loading our kernels takes longer than encoding with Arrow.
_FEWEST_ROWS = 1 << 12
_PATH = 3
_ENCODINGS = {PLAIN: columns.PLAIN, DELTA: columns.DELTA}

Chunks: TypeAlias = dict[str, list[Written]]
"""The metadata of the column chunks of each column."""


def encode_group(table: pa.Table, memory: Memory) -> None:
    """Encode a table in the form for `Stitch`: the pages of one row group and its footer.

    A table without rows has no row group.
    """
    ours = {}
    if table.num_rows >= _FEWEST_ROWS:
        for field in table.schema:
            # We write the levels of columns that may be null.
            encode = _encoder(field.name, table[field.name]) if field.nullable else None
            if encode is not None:
                ours[field.name] = encode
    if not ours:
        write_table(table, table.schema.remove_metadata(), memory)
        return
    others = table.drop_columns(list(ours))
    # Spark takes the place of the first column for the start of the row group. It silently skips a
    # row group whose middle, counted from there, is after the end of the file.
    if table.column_names[0] in ours:
        memory.write(MAGIC)
        chunks = _encode_ours(ours, memory) | _encode_others(others, memory)
    else:
        chunks = _encode_others(others, memory) | _encode_ours(ours, memory)
    in_order = [chunk for name in table.column_names for chunk in chunks[name]]
    memory.write(_footer(in_order, table, memory.tell()))


def _footer(chunks: list[Written], table: pa.Table, end: int) -> bytes:
    """Return the end of a file whose only row group ends at byte `end`."""
    n_bytes, n_rows, first_page = map(integer, (end - len(MAGIC), table.num_rows, len(MAGIC)))
    group = struct({1: sequence(chunks), 2: n_bytes, 3: n_rows, 5: first_page, 6: n_bytes})
    footer = struct({3: n_rows, 4: sequence([group])}).data
    return footer + len(footer).to_bytes(4, "little") + MAGIC


def _encode_ours(ours: Mapping[str, Callable[[], Encoded]], memory: Memory) -> Chunks:
    """Encode columns with our own encoders; return their metadata."""
    chunks = {}
    for name, encode in ours.items():
        encoded = encode()
        start = memory.tell()
        for page in encoded.pages:
            memory.write(page)
        chunks[name] = [encoded.column_chunk(start)]
    return chunks


def _encode_others(table: pa.Table, memory: Memory) -> Chunks:
    """Encode columns with Arrow, which starts with the magic; return their metadata."""
    chunks: Chunks = {name: [] for name in table.column_names}
    if not chunks:
        return chunks
    start = memory.tell()
    write_table(table, table.schema.remove_metadata(), memory)
    file = memory.view()[start:]
    # A column of structs has a chunk per field.
    for chunk, about in zip(column_chunks(file, start), chunk_structs(file), strict=True):
        chunks[about[_PATH][0].decode()].append(Written(STRUCT, chunk))
    memory.cut(start + footer_start(file))
    return chunks


def _encoder(name: str, column: pa.ChunkedArray[Any]) -> Callable[[], Encoded] | None:
    """Return our encoder for a column, or None if there is none."""
    if column.null_count:
        return None
    kind, types = column.type, pa.types
    encoding, compression = choose(name, column)
    if compression != "none":
        return None
    if isinstance(kind, pa.UuidType):
        stored = [chunk.storage for chunk in column.chunks]
        width = kind.storage_type.byte_width
        whole = _joined([values(each, np.uint64).view(np.uint8) for each in stored])
        return partial(encode_fixed, name, whole, width)
    if types.is_dictionary(kind):
        return _encoder_of_dictionary(name, column)
    if types.is_boolean(kind):
        return partial(encode_bits, name, _joined([booleans(chunk) for chunk in column.chunks]))
    if types.is_int8(kind):
        return _encoder_of_scores(name, column)
    if types.is_decimal128(kind) and 9 < kind.precision <= 18:
        low = [values(chunk, np.int64)[::2] for chunk in column.chunks]
        return partial(encode_numbers, name, _joined(low), _ENCODINGS[encoding])
    # Parquet has no seconds: Arrow stores them as milliseconds.
    is_time = types.is_timestamp(kind) and kind.unit != "s"
    if types.is_date32(kind):
        days = _joined([values(chunk, np.int32) for chunk in column.chunks])
        return partial(encode_numbers, name, days, _ENCODINGS[encoding])
    if is_time or kind in (pa.int32(), pa.int64(), pa.uint64()):
        dtype = np.int64 if is_time else kind.to_pandas_dtype()
        numbers = _joined([values(chunk, dtype) for chunk in column.chunks])
        return partial(encode_numbers, name, numbers, _ENCODINGS[encoding])
    return None


def _encoder_of_dictionary(name: str, column: pa.ChunkedArray[Any]) -> Callable[[], Encoded] | None:
    dictionary = column.chunk(0).dictionary
    same = all(chunk.dictionary.equals(dictionary) for chunk in column.chunks)
    if not (pa.types.is_string(dictionary.type) and same) or dictionary.null_count:
        return None
    names = dictionary.to_pylist()
    if len(set(names)) < len(names):  # Arrow reads repeated names as one
        return None
    dtype = column.type.index_type.to_pandas_dtype()
    places = _joined([values(chunk.indices, dtype) for chunk in column.chunks])
    return partial(encode_places, name, places, dictionary)


def _encoder_of_scores(name: str, column: pa.ChunkedArray[Any]) -> Callable[[], Encoded]:
    """Encode scores as indices into all integers from the minimum to the maximum."""
    scores = _joined([values(chunk, np.int8) for chunk in column.chunks])
    least, greatest = int(scores.min()), int(scores.max())
    among = arrow(np.arange(least, greatest + 1, dtype=np.int32))
    return partial(encode_places, name, scores.astype(np.int16) - np.int16(least), among)


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
