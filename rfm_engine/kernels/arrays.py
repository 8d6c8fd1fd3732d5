"""Convert between Arrow and NumPy arrays without copying; only this code uses offsets and bitmaps.

Arrays have no chunks, because orders arrive as record batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Scalar = TypeVar("Scalar", bound=np.generic)

_FIRST_NOT_ASCII = 128


class Texts(NamedTuple):
    """Texts or binary values for kernels: value `i` is `data[offsets[i]:offsets[i + 1]]`."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]


def frozen(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return a C-contiguous, aligned and read-only array, the only kind of input for kernels.

    Copies the array only if it is not contiguous or not aligned. The original stays writable.
    """
    view = np.require(array, requirements=["C", "A"]).view()
    view.flags.writeable = False
    return view


def values(array: pa.Array[Any], dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    """Return the data buffer of a fixed-width array as a NumPy array; null rows have any value.

    A decimal becomes several words: `decimal128` as `uint32` has four values per row.
    """
    item = np.dtype(dtype).itemsize
    width: int = array.type.bit_width // 8
    buffer: Any = array.buffers()[1]
    n_values = len(array) * (width // item)
    if buffer is None or n_values == 0:
        return frozen(np.zeros(n_values, dtype))
    return frozen(np.frombuffer(buffer, dtype, count=n_values, offset=array.offset * width))


def arrow(
    array: npt.NDArray[Scalar],
    kind: pa.DataType | None = None,
    valid: npt.NDArray[np.bool_] | None = None,
) -> pa.Array[Any]:
    """Return a NumPy array as an Arrow array, without copying; rows that are not `valid` are null.

    `kind` is the type as which the bytes are interpreted. `pyarrow.array` would import pandas if it
    is installed, which takes 0.14 s.
    """
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    meant = pa.from_numpy_dtype(array.dtype) if kind is None else kind
    data: Any = array
    if array.dtype == np.bool_:
        data = np.packbits(data, bitorder="little")
    return pa.Array.from_buffers(meant, len(array), [bits, pa.py_buffer(data)])


def arrow_texts(words: Sequence[str]) -> pa.Array[Any]:
    """Create an Arrow array of strings, also without importing pandas."""
    data = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.string(), len(data), buffers)


def valid_mask(array: pa.Array[Any]) -> npt.NDArray[np.bool_] | None:
    """Return which rows are not null, or None if no row is null."""
    if isinstance(array, pa.DictionaryArray):
        of_rows, of_values = valid_mask(array.indices), valid_mask(array.dictionary)
        if of_values is None:
            return of_rows
        found = of_values[dictionary_places(array)]
        return found if of_rows is None else found & of_rows
    if array.null_count == 0:
        return None
    bitmap: Any = array.buffers()[0]
    if bitmap is None:
        return np.zeros(len(array), np.bool_)
    return _unpacked(bitmap, array)


def booleans(array: pa.Array[Any]) -> npt.NDArray[np.bool_]:
    """Return the values of a boolean array; null rows have any value."""
    return _unpacked(array.buffers()[1], array) if len(array) else np.zeros(0, np.bool_)


def _unpacked(bitmap: Any, array: pa.Array[Any]) -> npt.NDArray[np.bool_]:
    """Return the bits of a bitmap that belong to the rows of an array."""
    first_byte, first_bit = divmod(array.offset, 8)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8, offset=first_byte), bitorder="little")
    return bits[first_bit : first_bit + len(array)].view(np.bool_)


def worth_sharing(array: pa.Array[Any]) -> bool:
    """Return whether it is faster to process the texts of a dictionary once each than per row.

    A dictionary may be longer than the rows that use it. Then decoding it costs less.
    """
    if not isinstance(array, pa.DictionaryArray) or pa.types.is_integer(array.dictionary.type):
        return False
    return 0 < len(array.dictionary) <= len(array)


def misplaced(array: pa.DictionaryArray[Any]) -> int:
    """Return the first row with an index outside the dictionary, or -1."""
    # `pyarrow.compute` would take 0.1 s to import.
    places = values(array.indices, array.indices.type.to_pandas_dtype())
    n_values = len(array.dictionary)
    if len(places) == 0 or (places.min() >= 0 and places.max() < n_values):
        return -1
    is_wrong = (places < 0) | (places >= n_values)
    valid = valid_mask(array.indices)
    return first_true(is_wrong if valid is None else is_wrong & valid)


def dictionary_places(array: pa.DictionaryArray[Any]) -> npt.NDArray[np.int64]:
    """Return the dictionary index of each row, 0 for null rows."""
    indices = array.indices.fill_null(0) if array.indices.null_count else array.indices
    return values(indices.cast(pa.int64(), safe=False), np.int64)


def plain(array: pa.Array[Any]) -> pa.Array[Any]:
    """Return the array without dictionary and views, because few Arrow functions accept these."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _decoded(plain(array.dictionary), array.indices)
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    return array


def whole(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """Return a column as one array."""
    return pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text, in any of Arrow's layouts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether a type has binary values, in any of Arrow's layouts."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values, with or without a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def texts(array: pa.Array[Any]) -> Texts:
    """Return the bytes and offsets of a string or binary array in any layout."""
    kind = array.type
    if pa.types.is_fixed_size_binary(kind):
        width, first = kind.byte_width, array.offset
        ends = np.arange(first, first + len(array) + 1)
        ends *= width
        return Texts(_bytes(array.buffers()[1]), frozen(ends))
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return texts(plain(array))
    width = 4 if pa.types.is_string(kind) or pa.types.is_binary(kind) else 8
    buffers: list[Any] = array.buffers()
    _, offsets, data = buffers
    if len(array) == 0 or offsets is None:
        return Texts(_bytes(None), frozen(np.zeros(len(array) + 1, np.int64)))
    ends = np.frombuffer(offsets, f"i{width}", len(array) + 1, array.offset * width)
    return Texts(_bytes(data), frozen(ends.astype(np.int64, copy=False)))


def refuse_invalid_text(array: pa.Array[Any]) -> None:
    """Raise `pa.ArrowInvalid` unless all values of a string array are UTF-8.

    Most ids are pure ASCII, which is valid no matter where each value starts. This check takes 1 ns
    for 32 characters, the full check 7 ns.
    """
    data, offsets = texts(array)
    if data[offsets[0] : offsets[-1]].max(initial=0) >= _FIRST_NOT_ASCII:
        array.validate(full=True)


def first_true(mask: npt.NDArray[np.bool_]) -> int:
    """Return the index of the first True, or -1."""
    if mask.size == 0:
        return -1
    index = int(mask.argmax())
    return index if mask[index] else -1


def _decoded(dictionary: pa.Array[Any], indices: pa.Array[Any]) -> pa.Array[Any]:
    try:
        return dictionary.take(indices)
    except pa.ArrowInvalid:
        # A few long values can take more than 2 GiB, the limit of 32-bit offsets.
        if pa.types.is_string(dictionary.type):
            return dictionary.cast(pa.large_string()).take(indices)
        if pa.types.is_binary(dictionary.type):
            return dictionary.cast(pa.large_binary()).take(indices)
        raise


def _bytes(buffer: Any) -> npt.NDArray[np.uint8]:
    if buffer is None or buffer.size == 0:
        return frozen(np.zeros(0, np.uint8))
    return frozen(np.frombuffer(buffer, np.uint8))
