"""Key tables: every distinct key gets the next dense code, whatever the keys are.

A table is two parts: `index` finds, `hashes` remembers in order of first appearance. Codes are
rows of whatever stands beside the table, so growing moves no record, only the small index.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import Hashes, HashKey, hash_keys, unhash_ints
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys

Codes: TypeAlias = npt.NDArray[np.uint32]
Rows: TypeAlias = npt.NDArray[np.uint32]

_FIRST_SLOTS = 16
# Linear probing stays short up to here; the index then costs 6 to 11 bytes a key.
_LOAD_TENTHS = 7


class IntTable:
    """Codes of integer keys; the hash is a bijection, so equal hashes are equal keys."""

    def __init__(self, key: HashKey, skip_bits: int) -> None:
        self._key = key
        self._skip_bits = np.uint64(skip_bits)
        self._index = np.zeros(_FIRST_SLOTS, np.uint32)
        self._hashes = np.empty(_room(_FIRST_SLOTS), np.uint64)
        self.n = 0

    def assign(self, hashes: Hashes, rows: Rows, keys: Keys) -> Codes:  # noqa: ARG002
        """Return the code of every key, new keys getting the next ones."""
        codes = np.empty(len(hashes), np.uint32)
        done = 0
        while True:
            done, self.n = assign_ints(
                hashes, done, self._skip_bits, self._index, self._hashes, self.n, codes
            )
            if done == len(hashes):
                return codes
            self._index, self._hashes = _grown(self._index, self._hashes, self.n, self._skip_bits)

    def keys(self) -> IntKeys:
        """All keys, in the order of their codes."""
        return unhash_ints(self._hashes[: self.n], self._key)

    def hashes(self, key: HashKey) -> Hashes:
        """All keys hashed under `key`, in the order of their codes."""
        return self._hashes[: self.n] if key == self._key else hash_keys(self.keys(), key)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._index.nbytes + self._hashes.nbytes


class ByteTable:
    """Codes of byte-string keys, each kept once in `arena` and compared in full."""

    def __init__(self, key: HashKey, skip_bits: int) -> None:
        self._key = key
        self._skip_bits = np.uint64(skip_bits)
        self._index = np.zeros(_FIRST_SLOTS, np.uint32)
        self._hashes = np.empty(_room(_FIRST_SLOTS), np.uint64)
        self._starts = np.zeros(_room(_FIRST_SLOTS) + 1, np.int64)
        self._arena = np.empty(256, np.uint8)
        self.n = 0

    def assign(self, hashes: Hashes, rows: Rows, keys: Keys) -> Codes:
        """Return the code of the keys at `rows`, whose hashes are given in that order."""
        assert isinstance(keys, ByteKeys)
        codes = np.empty(len(hashes), np.uint32)
        done = 0
        while True:
            done, self.n = assign_bytes(
                hashes, rows, keys.offsets, keys.data, done, self._skip_bits,
                self._index, self._hashes, self._starts, self._arena, self.n, codes,
            )  # fmt: skip
            if done == len(hashes):
                return codes
            self._grow(int(keys.offsets[rows[done] + 1] - keys.offsets[rows[done]]))

    def keys(self) -> ByteKeys:
        """All keys, in the order of their codes."""
        return ByteKeys(frozen(self._starts[: self.n + 1]), frozen(self._arena))

    def hashes(self, key: HashKey) -> Hashes:
        """All keys hashed under `key`, in the order of their codes."""
        return self._hashes[: self.n] if key == self._key else hash_keys(self.keys(), key)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        parts = (self._index, self._hashes, self._starts, self._arena)
        return sum(part.nbytes for part in parts)

    def _grow(self, n_more_bytes: int) -> None:
        if self.n == _room(len(self._index)):
            self._index, self._hashes = _grown(self._index, self._hashes, self.n, self._skip_bits)
            self._starts = _longer(self._starts, len(self._hashes) + 1, self.n + 1)
        used = int(self._starts[self.n])
        if used + n_more_bytes > len(self._arena):
            size = max(used + n_more_bytes, len(self._arena) + (len(self._arena) >> 1))
            self._arena = _longer(self._arena, size, used)


KeyTable: TypeAlias = IntTable | ByteTable


def _room(n_slots: int) -> int:
    return n_slots * _LOAD_TENTHS // 10


def _grown(
    index: npt.NDArray[np.uint32], hashes: Hashes, n: int, skip_bits: np.uint64
) -> tuple[npt.NDArray[np.uint32], Hashes]:
    larger = np.zeros(2 * len(index), np.uint32)
    reindex(hashes, n, skip_bits, larger)
    return larger, _longer(hashes, _room(len(larger)), n)


def _longer(array: np.ndarray, length: int, used: int) -> np.ndarray:
    longer = np.empty(length, array.dtype)
    longer[:used] = array[:used]
    return longer


@kernel
def assign_ints(hashes, first, skip_bits, index, known, n, codes):
    """Find or insert `hashes[first:]`; stop when the table is full.

    `index` is `uint32[power of 2]` of codes plus one, 0 where free; a slot is the hash's bits
    below the `skip_bits` that chose the partition. Returns rows done and keys known.
    """
    n_slots = np.uint64(len(index))
    last_slot = n_slots - np.uint64(1)
    shift = np.uint64(64)
    while n_slots > np.uint64(1):
        n_slots >>= np.uint64(1)
        shift -= np.uint64(1)
    for i in range(first, len(hashes)):
        h = hashes[i]
        slot = (h << skip_bits) >> shift
        while True:
            entry = index[slot]
            if entry == 0:
                if n == len(known):
                    return i, n
                known[n] = h
                n += 1
                index[slot] = n
                codes[i] = n - 1
                break
            if known[entry - np.uint32(1)] == h:
                codes[i] = entry - np.uint32(1)
                break
            slot = (slot + np.uint64(1)) & last_slot
    return len(hashes), n


@kernel
def assign_bytes(
    hashes, rows, offsets, data, first, skip_bits, index, known, starts, arena, n, codes
):
    """Find or insert the keys of `rows[first:]`; stop when table or arena is full.

    `known` is `uint64[capacity]`, key `c` is `arena[starts[c]:starts[c + 1]]`.
    """
    n_slots = np.uint64(len(index))
    last_slot = n_slots - np.uint64(1)
    shift = np.uint64(64)
    while n_slots > np.uint64(1):
        n_slots >>= np.uint64(1)
        shift -= np.uint64(1)
    for i in range(first, len(hashes)):
        h = hashes[i]
        row = np.uint64(rows[i])
        start = np.uint64(offsets[row])
        length = np.uint64(offsets[row + np.uint64(1)]) - start
        slot = (h << skip_bits) >> shift
        while True:
            entry = index[slot]
            if entry == 0:
                used = np.uint64(starts[n])
                if n == len(known) or used + length > np.uint64(len(arena)):
                    return i, n
                for j in range(length):
                    arena[used + np.uint64(j)] = data[start + np.uint64(j)]
                known[n] = h
                n += 1
                starts[n] = used + length
                index[slot] = n
                codes[i] = n - 1
                break
            code = np.uint64(entry) - np.uint64(1)
            there = np.uint64(starts[code])
            if known[code] == h and np.uint64(starts[np.uint64(entry)]) - there == length:
                # Differences are gathered without a branch, so that LLVM compares vectors.
                difference = np.uint8(0)
                for j in range(length):
                    difference |= arena[there + np.uint64(j)] ^ data[start + np.uint64(j)]
                if difference == 0:
                    codes[i] = code
                    break
            slot = (slot + np.uint64(1)) & last_slot
    return len(hashes), n


@kernel
def reindex(hashes, n, skip_bits, index):
    """Fill the empty `index` with the first `n` hashes, all different keys."""
    n_slots = np.uint64(len(index))
    last_slot = n_slots - np.uint64(1)
    shift = np.uint64(64)
    while n_slots > np.uint64(1):
        n_slots >>= np.uint64(1)
        shift -= np.uint64(1)
    for code in range(n):
        slot = (hashes[code] << skip_bits) >> shift
        while index[slot] != 0:
            slot = (slot + np.uint64(1)) & last_slot
        index[slot] = code + 1
