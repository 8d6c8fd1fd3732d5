"""Hold customer and order ids as arrays: 64-bit integers, or bytes with offsets.

All classes have the same methods. Only code that calls a kernel for one class has to check the
class: with `of_bytes`, or with `texts`, which is None for integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import (
    arrow,
    dictionary_places,
    frozen,
    plain,
    refuse_invalid_text,
    texts,
    values,
)
from rfm_engine.kernels.types import Bytes, Hashes, Integers, Mask, Places, Words
from rfm_engine.orders.hashing import HashKey, hash_texts, hash_words
from rfm_engine.orders.repeats import byte_repeats, int_repeats

_MAX_ARROW_BYTES = (1 << 31) - 1
_WORD_BYTES = 8
_NO_WORDS, _NO_BYTES = frozen(np.zeros(0, np.uint64)), frozen(np.zeros(0, np.uint8))
_NO_OFFSETS = frozen(np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class IntKeys:
    """Integer ids as 64-bit words. Signed and unsigned ids have the same form."""

    bits: Words
    of_bytes: ClassVar[Literal[False]] = False
    texts: ClassVar[None] = None

    def __len__(self) -> int:
        return len(self.bits)

    def take(self, rows: Places | Integers) -> IntKeys:
        """Return a copy of the ids of some rows."""
        return IntKeys(self.bits.take(rows))

    def slice(self, start: int, stop: int) -> IntKeys:
        """Return the ids of rows `start:stop`, without a copy."""
        return IntKeys(self.bits[start:stop])

    @staticmethod
    def concat(keys: Sequence[Any]) -> IntKeys:
        """Concatenate ids; copies them."""
        return IntKeys(frozen(np.concatenate([each.bits for each in keys])))

    def hash(self, key: HashKey) -> Hashes:
        """Return a 64-bit hash per id, read-only; different ids have different hashes."""
        return hash_words(self.bits, key)

    def count_repeats(self, n_rows: int, time_us: Integers, reason: Bytes) -> int:
        """Return how many of the first rows repeat the id and time of the row before.

        Only pairs of counted rows are compared.
        """
        return int(int_repeats(self.bits[:n_rows], time_us, reason))

    def plain(self) -> IntKeys:
        """Return the ids without a dictionary."""
        return self

    def as_bytes(self) -> ByteKeys:
        """Return the 8 bytes of each integer as ids that are bytes."""
        ends = np.arange(0, _WORD_BYTES * (len(self.bits) + 1), _WORD_BYTES)
        return ByteKeys(frozen(ends), frozen(self.bits.view(np.uint8)))

    def arrays(self) -> list[Any]:
        """Return arrays from which `from_arrays` builds the same ids."""
        return [self.bits]

    def arguments(self) -> tuple[Words, Integers, Bytes]:
        """Return bits, offsets and data for kernels that accept both kinds; only bits are set."""
        return frozen(self.bits), _NO_OFFSETS, _NO_BYTES

    def pieces(self) -> list[IntKeys]:
        """Return the ids in pieces that each fit an Arrow array."""
        return [self] if len(self) else []

    def to_arrow(self, kind: pa.DataType, present: Mask | None = None) -> pa.Array[Any]:
        """Return the ids as an Arrow array of int64 or uint64, without a copy.

        Ids that are not `present` are null.
        """
        return arrow(self.bits, kind, present)


@dataclass(frozen=True, slots=True, eq=False)
class ByteKeys:
    """Ids of any length: id `i` is `data[offsets[i]:offsets[i + 1]]`."""

    offsets: Integers
    data: Bytes
    of_bytes: ClassVar[Literal[True]] = True
    indices: ClassVar[None] = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def texts(self) -> ByteKeys:
        """The ids, because they are bytes."""
        return self

    @property
    def values(self) -> ByteKeys:
        """The ids; in `SharedKeys` these are the ids of the dictionary, and `indices` is set."""
        return self

    @property
    def spans(self) -> tuple[Integers, Integers]:
        """The start of the id of each row in the data of `values`, and its length."""
        return self.offsets[:-1], np.diff(self.offsets)

    @property
    def own_data(self) -> Bytes:
        """The part of the data that belongs to these ids."""
        return self.data[self.offsets[0] : self.offsets[-1]]

    def take(self, rows: Places | Integers) -> ByteKeys:
        """Return a copy of the ids of some rows."""
        starts = self.offsets.take(rows)
        return gathered(self.data, starts, self.offsets.take(rows + 1) - starts)

    def slice(self, start: int, stop: int) -> ByteKeys:
        """Return the ids of rows `start:stop`, without a copy."""
        return ByteKeys(self.offsets[start : stop + 1], self.data)

    @staticmethod
    def concat(keys: Sequence[Any]) -> ByteKeys:
        """Concatenate ids; copies them."""
        lengths = np.concatenate([np.diff(each.offsets) for each in keys])
        data = np.concatenate([each.own_data for each in keys])
        return ByteKeys(_offsets_of(lengths), frozen(data))

    def hash(self, key: HashKey) -> Hashes:
        """Return a 64-bit hash per id, read-only."""
        return hash_texts(self.offsets, self.data, key)

    def count_repeats(self, n_rows: int, time_us: Integers, reason: Bytes) -> int:
        """Return how many of the first rows repeat the id and time of the row before.

        Only pairs of counted rows are compared.
        """
        return int(byte_repeats(self.offsets[: n_rows + 1], self.data, time_us, reason))

    def plain(self) -> ByteKeys:
        """Return the ids without a dictionary."""
        return self

    def as_bytes(self) -> ByteKeys:
        """Return the ids, read-only."""
        return ByteKeys(frozen(self.offsets), frozen(self.data))

    def arrays(self) -> list[Any]:
        """Return arrays from which `from_arrays` builds the same ids."""
        return [self.offsets - self.offsets[0], self.own_data]

    def arguments(self) -> tuple[Words, Integers, Bytes]:
        """Return bits, offsets and data for kernels that accept both kinds; bits are empty."""
        return _NO_WORDS, frozen(self.offsets), frozen(self.data)

    def pieces(self) -> list[ByteKeys]:
        """Return the ids in pieces that each fit an Arrow array, at most 2 GiB."""
        pieces = []
        start, n = 0, len(self)
        while start < n:
            most = self.offsets[start] + _MAX_ARROW_BYTES
            stop = min(int(np.searchsorted(self.offsets, most, "right")) - 1, n)
            pieces.append(self.slice(start, stop))
            start = stop
        return pieces

    def to_arrow(self, kind: pa.DataType, present: Mask | None = None) -> pa.Array[Any]:
        """Return the ids as an Arrow array of string, binary or uuid.

        Ids that are not `present` are null.

        Raises
        ------
        DataError
            A text id is not UTF-8.
        """
        n, data = len(self), pa.py_buffer(self.own_data)
        is_uuid = isinstance(kind, pa.UuidType)
        if is_uuid and present is None:
            storage = pa.Array.from_buffers(kind.storage_type, n, [None, data])
            return pa.ExtensionArray.from_storage(kind, storage)
        bits = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
        offsets = pa.py_buffer((self.offsets - self.offsets[0]).astype(np.int32))
        meant = pa.binary() if is_uuid else kind
        ids = pa.Array.from_buffers(meant, n, [bits, offsets, data])
        if is_uuid:  # Ids that are not present have no bytes.
            return pa.ExtensionArray.from_storage(kind, ids.cast(kind.storage_type))
        if pa.types.is_string(kind):
            refuse_invalid_ids(ids)
        return ids


@dataclass(frozen=True, slots=True, eq=False)
class SharedKeys:
    """Ids with a dictionary: id `i` is the id of `values` at `indices[i]`."""

    values: ByteKeys
    indices: Integers
    of_bytes: ClassVar[Literal[True]] = True

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def texts(self) -> SharedKeys:
        """The ids, because they are bytes."""
        return self

    @property
    def spans(self) -> tuple[Integers, Integers]:
        """The start of the id of each row in the data of `values`, and its length."""
        offsets, indices = self.values.offsets, self.indices
        starts = offsets[indices]
        return starts, offsets[indices + 1] - starts

    def take(self, rows: Places | Integers) -> ByteKeys:
        """Return a copy of the ids of some rows, without a dictionary."""
        starts, lengths = self.spans
        return gathered(self.values.data, starts.take(rows), lengths.take(rows))

    def hash(self, key: HashKey) -> Hashes:
        """Return a 64-bit hash per id, read-only."""
        return frozen(self.values.hash(key)[self.indices])

    def count_repeats(self, n_rows: int, time_us: Integers, reason: Bytes) -> int:
        """Return how many of the first rows repeat the id and time of the row before.

        Only pairs of counted rows are compared. Rows with the same id have the same index in the
        dictionary.
        """
        return int(int_repeats(self.indices[:n_rows].view(np.uint64), time_us, reason))

    def plain(self) -> ByteKeys:
        """Return a copy of the ids without a dictionary."""
        return gathered(self.values.data, *self.spans)

    def as_bytes(self) -> ByteKeys:
        """Return a copy of the ids without a dictionary."""
        return self.plain()


Keys: TypeAlias = IntKeys | ByteKeys
RowKeys: TypeAlias = Keys | SharedKeys


def keys_of(column: pa.Array) -> RowKeys:
    """Return a column of ids as keys, without a copy if the layout of the column allows it.

    The column is plain, or a dictionary array that is `worth_sharing`. The key of a null row is
    arbitrary.
    """
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        shared = keys_of(plain(column.dictionary)).as_bytes()
        return SharedKeys(shared, dictionary_places(column))
    if isinstance(kind, pa.UuidType):
        return keys_of(column.storage)
    if pa.types.is_signed_integer(kind):
        wide = column if kind == pa.int64() else column.cast(pa.int64())
        return IntKeys(values(wide, np.int64).view(np.uint64))
    if pa.types.is_unsigned_integer(kind):
        return IntKeys(values(column.cast(pa.uint64()), np.uint64))
    data, offsets = texts(column)
    return ByteKeys(offsets, data)


def from_arrays(arrays: Sequence[Any]) -> Keys:
    """Build keys from the arrays that their method `arrays` returned."""
    return IntKeys(*arrays) if len(arrays) == 1 else ByteKeys(*arrays)


def joined(keys: Sequence[Keys]) -> Keys:
    """Concatenate ids of one kind; an empty sequence returns empty integer ids."""
    return keys[0].concat(keys) if keys else IntKeys(_NO_WORDS)


def gathered(data: Bytes, starts: Integers, lengths: Integers) -> ByteKeys:
    """Copy ids from `data`; id `i` is the `lengths[i]` bytes from `starts[i]` on."""
    offsets = _offsets_of(lengths)
    copy = np.empty(offsets[-1], np.uint8)
    copy_texts(frozen(data), frozen(starts), offsets, copy)
    return ByteKeys(offsets, frozen(copy))


def _offsets_of(lengths: Integers) -> Integers:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return frozen(offsets)


def refuse_invalid_ids(ids: pa.Array) -> None:
    """Refuse text ids that are not UTF-8.

    Raises
    ------
    DataError
        An id is not valid UTF-8.
    """
    try:
        refuse_invalid_text(ids)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"text ids must be valid UTF-8; got other bytes ({error}). "
            "Cast the column to binary, or encode it as UTF-8."
        ) from error


@kernel
def copy_texts(data, starts, offsets, copy):
    """Copy text `i`, which begins at `data[starts[i]]`, to `copy[offsets[i]:offsets[i + 1]]`."""
    for i in range(len(starts)):
        start = np.uint64(starts[i])
        to = np.uint64(offsets[i])
        for j in range(np.uint64(offsets[i + 1]) - to):
            copy[to + np.uint64(j)] = data[start + np.uint64(j)]
