"""Choose the Parquet encoding of each column of a table, and write tables with Arrow.

Costs are CPU time of one thread per row, measured with a million rows, and size per row.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from rfm_engine.kernels.arrays import values

_FEW_VALUES = {"product_id", "seller_id", "list_price", "discount"}
# If packed to the bits they need, these columns are as small as with compression, in half the time.
_PACKED = {
    "first_order", "last_order", "recency_days", "frequency", "monetary",
    "r_score", "f_score", "m_score", "due_date",
}  # fmt: skip
_SAMPLE_ROWS = 4096
_INTEGER_DIGITS = 18  # decimals of at most this many digits are stored as integers
_WIDE = 2.0**56  # differences in this range pack to 7 of 8 bytes

DICTIONARY, PLAIN, DELTA = "RLE_DICTIONARY", "PLAIN", "DELTA_BINARY_PACKED"


class Memory(io.RawIOBase):
    """A file in memory that is reused for each row group.

    New memory for each row group costs a fifth of the CPU time of encoding, because the system
    clears it first.
    """

    def __init__(self) -> None:
        self._room = bytearray()
        self._end = 0

    def begin(self) -> None:
        """Discard the content and start again."""
        self._end = 0

    def writable(self) -> bool:
        """Return that the file can be written."""
        return True

    def tell(self) -> int:
        """Return the number of bytes written."""
        return self._end

    def write(self, data: Any) -> int:
        """Append bytes."""
        start = self._end
        self._end += len(data)
        self._room[start : self._end] = memoryview(data)
        return len(data)

    def cut(self, end: int) -> None:
        """Discard everything from byte `end` on."""
        self._end = end

    def view(self) -> memoryview:
        """Return a view of the content. No view may exist when more is written."""
        return memoryview(self._room)[: self._end]


def write_table(table: pa.Table, schema: pa.Schema, sink: pa.NativeFile | Memory) -> None:
    """Write a table as one Parquet file with Arrow; without rows it has no row group."""
    with pyarrow.parquet.ParquetWriter(
        sink, schema, store_decimal_as_integer=True, **_options(table)
    ) as writer:
        if table.num_rows:
            writer.write_table(table, row_group_size=table.num_rows)


def write_plainly(table: pa.Table, sink: Memory) -> None:
    """Write a table as one row group with Arrow, without dictionaries and statistics.

    The pages of such column chunks can be joined, because they do not share a dictionary.
    """
    encodings = {}
    for field in table.schema:
        if _is_text(field.type):
            encodings[field.name] = "DELTA_LENGTH_BYTE_ARRAY"
    packed = all(isinstance(field.type, pa.UuidType) for field in table.schema)
    with pyarrow.parquet.ParquetWriter(
        sink, table.schema.remove_metadata(), store_decimal_as_integer=True, use_dictionary=False,
        compression="none" if packed else "zstd", column_encoding=encodings or None,
        write_statistics=False,
    ) as writer:  # fmt: skip
        writer.write_table(table, row_group_size=max(table.num_rows, 1))


def empty_file(schema: pa.Schema) -> Memory:
    """Return a Parquet file without rows that has the schema and its metadata."""
    memory = Memory()
    # `schema.empty_table` would import pandas, 0.15 s.
    write_table(pa.Table.from_batches([], schema), schema, memory)
    return memory


def _options(table: pa.Table) -> dict[str, Any]:
    chosen = {name: choose(name, table[name]) for name in table.column_names}
    encodings = {name: encoding for name, (encoding, _) in chosen.items()}
    return {
        "compression": {name: compression for name, (_, compression) in chosen.items()},
        "use_dictionary": [name for name in encodings if encodings[name] == DICTIONARY],
        "column_encoding": {n: e for n, e in encodings.items() if e != DICTIONARY},
        # For dictionaries of text they take 8 ns, as long as all the rest, and are of little use.
        "write_statistics": [n for n in encodings if not pa.types.is_dictionary(table[n].type)],
    }


def choose(name: str, column: pa.ChunkedArray) -> tuple[str, str]:
    """Return the encoding and the compression of a column."""
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        return DICTIONARY, "none"
    if name in _FEW_VALUES:
        return DICTIONARY, "zstd"
    if (name in _PACKED and _is_packable(kind)) or (types.is_integer(kind) and _is_narrow(column)):
        return DELTA, "none"
    if types.is_integer(kind):
        # Unordered numbers, such as ids: 7 ns and 8 B; with zstd 10 ns and 8 B.
        return PLAIN, "none"
    if types.is_boolean(kind):
        return PLAIN, "none"  # Bits, as in Arrow: 0.2 ns and 0.1 B; with zstd 9 ns and 0.1 B.
    if isinstance(kind, pa.UuidType):
        return PLAIN, "none"  # Random bits: 1 ns and 16 B; with zstd 29 ns and 16 B.
    if _is_text(kind):
        # Lengths and characters are stored separately. 32 hexadecimal digits: 78 ns and 16.1 B,
        # plain with zstd 117 ns and 17.4 B, lz4 97 ns and 34.4 B, snappy 136 ns and 32.2 B.
        # "C000123456": 66 ns and 4.0 B, plain with zstd 56 ns and 4.0 B.
        return "DELTA_LENGTH_BYTE_ARRAY", "zstd"
    return PLAIN, "zstd"


def _is_packable(kind: pa.DataType) -> bool:
    """Return whether values of this type are stored as integers, which DELTA needs."""
    if isinstance(kind, pa.Decimal128Type):
        return bool(kind.precision <= _INTEGER_DIGITS)
    types = pa.types
    return bool(types.is_integer(kind) or types.is_timestamp(kind) or types.is_date32(kind))


def _is_narrow(column: pa.ChunkedArray) -> bool:
    """Return whether neighbouring integers are close to each other, judged by the first rows.

    Dense unordered ids, packed: 11 ns and 3.2 B (zstd: 29 ns and 3.6 B); sorted 63-bit ids: 15 ns
    and 5.8 B (zstd: 15 ns and 7.7 B).
    """
    # `to_numpy` would import pandas if it is installed, and `cast` all of pyarrow's functions.
    dtype = column.type.to_pandas_dtype()
    chunks = [values(c, dtype).astype(np.float64) for c in column.slice(0, _SAMPLE_ROWS).chunks]
    return is_narrow(np.concatenate([np.empty(0), *chunks]))


def is_narrow(numbers: npt.NDArray[Any]) -> bool:
    """Return whether neighbours are close to each other, judged by the first numbers."""
    steps = np.diff(numbers[:_SAMPLE_ROWS].astype(np.float64))
    return bool(steps.max(initial=0.0) - steps.min(initial=0.0) < _WIDE)


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    tests = types.is_string, types.is_large_string, types.is_binary, types.is_large_binary
    return any(test(kind) for test in tests)
