"""Customer and order ids as plain arrays: 64-bit integers, or bytes with offsets."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.orders.arrays import frozen, values


class IntKeys(NamedTuple):
    """Integer ids, by their 64 bits: the same array whether they are signed or not."""

    bits: npt.NDArray[np.uint64]


class ByteKeys(NamedTuple):
    """Ids of any length: id `i` is `data[offsets[i]:offsets[i + 1]]`."""

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


Keys: TypeAlias = IntKeys | ByteKeys


def keys_of(column: pa.Array) -> Keys:
    """See a plain column of ids as keys, without a copy where the layout allows.

    Null rows become any key.
    """
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return keys_of(column.storage)
    if pa.types.is_signed_integer(kind):
        return IntKeys(values(column.cast(pa.int64()), np.int64).view(np.uint64))
    if pa.types.is_unsigned_integer(kind):
        return IntKeys(values(column.cast(pa.uint64()), np.uint64))
    if pa.types.is_fixed_size_binary(kind):
        return _fixed_width(column)
    wide = pa.large_string() if is_text(kind) else pa.large_binary()
    return _variable_width(column if column.type == wide else column.cast(wide))


def is_text(kind: pa.DataType) -> bool:
    """Tell whether a type holds text, in any of Arrow's layouts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_bytes(kind: pa.DataType) -> bool:
    """Tell whether a type holds binary values, in any of Arrow's layouts."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _variable_width(column: pa.Array) -> ByteKeys:
    _, offsets, data = column.buffers()
    if len(column) == 0 or offsets is None:
        return ByteKeys(frozen(np.zeros(1, np.int64)), _bytes(None))
    ends = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return ByteKeys(frozen(ends), _bytes(data))


def _fixed_width(column: pa.Array) -> ByteKeys:
    width = column.type.byte_width
    first = column.offset * width
    offsets = first + width * np.arange(len(column) + 1, dtype=np.int64)
    return ByteKeys(frozen(offsets), _bytes(column.buffers()[1]))


def _bytes(buffer: pa.Buffer | None) -> npt.NDArray[np.uint8]:
    if buffer is None or buffer.size == 0:
        return frozen(np.zeros(0, np.uint8))
    return frozen(np.frombuffer(buffer, np.uint8))
