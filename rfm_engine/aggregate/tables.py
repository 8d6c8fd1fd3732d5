"""Key tables: every distinct key gets the next dense code, whatever the keys are.

Slots find a key, hashes remember all keys in order of first appearance. Codes are rows of whatever
stands beside the table, so growing moves no record, only the small slots.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import Hashes, HashKey, hash_keys, unhash_ints
from rfm_engine.aggregate.memory import empty, zeros
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys

Codes: TypeAlias = npt.NDArray[np.uint32]
Rows: TypeAlias = npt.NDArray[np.uint32]
Scalar = TypeVar("Scalar", bound=np.generic)

_FIRST_SLOTS = 16
# Linear probing stays short up to here; the slots then cost 6 to 11 bytes a key.
_LOAD_TENTHS = 7


class Index:
    """Finds the code of a hash: `slots` is `uint32[power of 2]` of codes plus one, 0 where free.

    A key's first slot is the top bits of its hash after the `skip_bits` that chose the partition.
    """

    def __init__(self, skip_bits: int) -> None:
        self.skip_bits = np.uint64(skip_bits)
        self.slots = np.zeros(_FIRST_SLOTS, np.uint32)
        self.hashes = np.empty(self.room, np.uint64)
        self.n = 0

    @property
    def room(self) -> int:
        """How many keys the slots may hold."""
        return len(self.slots) * _LOAD_TENTHS // 10

    @property
    def shift(self) -> np.uint64:
        """By how much a hash is shifted to be a slot."""
        return slot_shift(len(self.slots))

    @property
    def nbytes(self) -> int:
        """Bytes in use; the system gives memory only where it is written."""
        return self.slots.nbytes + self.hashes[: self.n].nbytes

    def grow(self) -> None:
        """Double the slots; codes stay."""
        self.slots = zeros(2 * len(self.slots), np.uint32)
        reindex(self.hashes, self.n, self.skip_bits, self.shift, self.slots)
        self.hashes = longer(self.hashes, self.room, self.n)


class IntTable:
    """Codes of integer keys; the hash is a bijection, so equal hashes are equal keys."""

    def __init__(self, key: HashKey, skip_bits: int) -> None:
        self._key = key
        self._index = Index(skip_bits)

    @property
    def n(self) -> int:
        """Keys held."""
        return self._index.n

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._index.nbytes

    def assign(self, hashes: Hashes, rows: Rows, keys: Keys) -> Codes:  # noqa: ARG002
        """Return the code of every key, new keys getting the next ones."""
        index = self._index
        codes = np.empty(len(hashes), np.uint32)
        done = 0
        while True:
            done, index.n = assign_ints(
                hashes, done, index.skip_bits, index.shift, index.slots, index.hashes, index.n,
                codes,
            )  # fmt: skip
            if done == len(hashes):
                return codes
            index.grow()

    def keys(self) -> IntKeys:
        """All keys, in the order of their codes."""
        return unhash_ints(self._index.hashes[: self.n], self._key)

    def hashes(self, key: HashKey) -> Hashes:
        """All keys hashed under `key`, in the order of their codes."""
        return self._index.hashes[: self.n] if key == self._key else hash_keys(self.keys(), key)


class ByteTable:
    """Codes of byte-string keys, each kept once in an arena and compared in full."""

    def __init__(self, key: HashKey, skip_bits: int) -> None:
        self._key = key
        self._index = Index(skip_bits)
        self._starts = np.zeros(self._index.room + 1, np.int64)
        self._arena = np.empty(256, np.uint8)

    @property
    def n(self) -> int:
        """Keys held."""
        return self._index.n

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._index.nbytes + self._starts.nbytes + self._arena.nbytes

    def assign(self, hashes: Hashes, rows: Rows, keys: Keys) -> Codes:
        """Return the code of the keys at `rows`, whose hashes are given in that order."""
        assert isinstance(keys, ByteKeys)
        index = self._index
        codes = np.empty(len(hashes), np.uint32)
        done = 0
        while True:
            done, index.n = assign_bytes(
                hashes, rows, keys.offsets, keys.data, done, index.skip_bits, index.shift,
                index.slots, index.hashes, self._starts, self._arena, index.n, codes,
            )  # fmt: skip
            if done == len(hashes):
                return codes
            self._grow(int(keys.offsets[rows[done] + 1] - keys.offsets[rows[done]]))

    def keys(self) -> ByteKeys:
        """All keys, in the order of their codes."""
        return ByteKeys(frozen(self._starts[: self.n + 1]), frozen(self._arena))

    def hashes(self, key: HashKey) -> Hashes:
        """All keys hashed under `key`, in the order of their codes."""
        return self._index.hashes[: self.n] if key == self._key else hash_keys(self.keys(), key)

    def _grow(self, n_more_bytes: int) -> None:
        if self.n == self._index.room:
            self._index.grow()
            self._starts = longer(self._starts, self._index.room + 1, self.n + 1)
        used = int(self._starts[self.n])
        if used + n_more_bytes > len(self._arena):
            size = max(used + n_more_bytes, len(self._arena) + (len(self._arena) >> 1))
            self._arena = longer(self._arena, size, used)


KeyTable: TypeAlias = IntTable | ByteTable


def slot_shift(n_slots: int) -> np.uint64:
    """Return by how much 64 bits are shifted to number a power of 2 of slots."""
    return np.uint64(65 - n_slots.bit_length())


def longer(array: npt.NDArray[Scalar], length: int, used: int) -> npt.NDArray[Scalar]:
    """Return a longer array that begins with the used part of another."""
    grown = empty(length, array.dtype.type)
    grown[:used] = array[:used]
    return grown


@kernel
def assign_ints(hashes, first, skip_bits, shift, slots, known, n, codes):
    """Find or insert `hashes[first:]`; stop when the table is full.

    `slots` are those of `Index`, `known` is `uint64[capacity]` of hashes by code. Returns rows
    done and keys known.
    """
    last_slot = np.uint64(len(slots) - 1)
    for i in range(first, len(hashes)):
        h = hashes[i]
        slot = (h << skip_bits) >> shift
        while True:
            entry = slots[slot]
            if entry == 0:
                if n == len(known):
                    return i, n
                known[n] = h
                n += 1
                slots[slot] = n
                codes[i] = n - 1
                break
            if known[entry - np.uint32(1)] == h:
                codes[i] = entry - np.uint32(1)
                break
            slot = (slot + np.uint64(1)) & last_slot
    return len(hashes), n


@kernel
def assign_bytes(
    hashes, rows, offsets, data, first, skip_bits, shift, slots, known, starts, arena, n, codes
):
    """Find or insert the keys of `rows[first:]`; stop when table or arena is full.

    `known` is `uint64[capacity]`, key `c` is `arena[starts[c]:starts[c + 1]]`.
    """
    last_slot = np.uint64(len(slots) - 1)
    for i in range(first, len(hashes)):
        h = hashes[i]
        row = np.uint64(rows[i])
        start = np.uint64(offsets[row])
        length = np.uint64(offsets[row + np.uint64(1)]) - start
        slot = (h << skip_bits) >> shift
        while True:
            entry = slots[slot]
            if entry == 0:
                used = np.uint64(starts[n])
                if n == len(known) or used + length > np.uint64(len(arena)):
                    return i, n
                for j in range(length):
                    arena[used + np.uint64(j)] = data[start + np.uint64(j)]
                known[n] = h
                n += 1
                starts[n] = used + length
                slots[slot] = n
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
def reindex(hashes, n, skip_bits, shift, slots):
    """Fill the empty `slots` with the first `n` hashes, all different keys."""
    last_slot = np.uint64(len(slots) - 1)
    for code in range(n):
        slot = (hashes[code] << skip_bits) >> shift
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & last_slot
        slots[slot] = code + 1
