"""Customer and order ids as plain arrays: 64-bit integers, or bytes with offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import dictionary_places, frozen, plain, texts, values


class IntKeys(NamedTuple):
    """Integer ids, by their 64 bits: the same array whether they are signed or not."""

    bits: npt.NDArray[np.uint64]


class ByteKeys(NamedTuple):
    """Ids of any length: id `i` is `data[offsets[i]:offsets[i + 1]]`."""

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


class SharedKeys(NamedTuple):
    """Ids of rows that share them: id `i` is that of `values` at `indices[i]`."""

    values: ByteKeys
    indices: npt.NDArray[np.int64]


Keys: TypeAlias = IntKeys | ByteKeys
RowKeys: TypeAlias = Keys | SharedKeys


def keys_of(column: pa.Array) -> RowKeys:
    """See a column of ids as keys, without a copy where the layout allows.

    The column is plain, or a dictionary that is `worth_sharing`. Null rows become any key.
    """
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        shared = keys_of(plain(column.dictionary))
        assert isinstance(shared, ByteKeys)
        return SharedKeys(shared, dictionary_places(column))
    if isinstance(kind, pa.UuidType):
        return keys_of(column.storage)
    if pa.types.is_signed_integer(kind):
        return IntKeys(values(column.cast(pa.int64()), np.int64).view(np.uint64))
    if pa.types.is_unsigned_integer(kind):
        return IntKeys(values(column.cast(pa.uint64()), np.uint64))
    data, offsets = texts(column)
    return ByteKeys(offsets, data)


def joined(keys: Sequence[Keys]) -> Keys:
    """Put ids of one kind behind each other; none at all are integers."""
    ints = [each.bits for each in keys if isinstance(each, IntKeys)]
    if len(ints) == len(keys):
        return IntKeys(frozen(np.concatenate([np.empty(0, np.uint64), *ints])))
    of_bytes = [each for each in keys if isinstance(each, ByteKeys)]
    lengths = np.concatenate([np.diff(each.offsets) for each in of_bytes])
    data = [each.data[each.offsets[0] : each.offsets[-1]] for each in of_bytes]
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return ByteKeys(frozen(offsets), frozen(np.concatenate(data)))


def gathered(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> ByteKeys:
    """Copy ids of such `lengths` from where each starts in `data`."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    copy = np.empty(offsets[-1], np.uint8)
    copy_texts(frozen(data), frozen(starts), frozen(offsets), copy)
    return ByteKeys(frozen(offsets), frozen(copy))


@kernel
def copy_texts(data, starts, offsets, copy):
    """Write text `i`, beginning at `data[starts[i]]`, to `copy[offsets[i]:offsets[i + 1]]`."""
    for i in range(len(starts)):
        start = np.uint64(starts[i])
        to = np.uint64(offsets[i])
        for j in range(np.uint64(offsets[i + 1]) - to):
            copy[to + np.uint64(j)] = data[start + np.uint64(j)]
