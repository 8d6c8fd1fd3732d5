"""Key tables: hash tables that assign the next dense code to each new key.

Slots find a key. Hashes store all keys in order of first appearance. Codes are row numbers of other
arrays, such as records, so that growing a table only moves the small slots and no records.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import BufferRows, Codes, Hashes, Words
from rfm_engine.orders.hashing import HashKey, unhash_words
from rfm_engine.orders.keys import ByteKeys, IntKeys, gathered
from rfm_engine.totals.buffer.rows import Pieces
from rfm_engine.totals.memory.cache import bring_in
from rfm_engine.totals.memory.pages import Growing, zeros

NO_WORDS = np.zeros(0, np.uint64)
_FIRST_SLOTS = 16
# Linear probing is short up to this load; the slots then take 6 to 11 bytes per key.
_LOAD_TENTHS = 7
# Small tables grow by a larger factor, because they fill up soon and cost little.
_SMALL_SLOTS = 1 << 8
_SMALL_TIMES = 16


class IndexArrays(NamedTuple):
    """The arrays of an index for kernels; `known` are its hashes by code."""

    slots: npt.NDArray[np.uint32]
    known: Hashes
    skip_bits: np.uint64
    shift: np.uint64


class Index:
    """Finds the code of a hash; `slots` is `uint32[power of 2]`: code plus one, or 0 if free.

    The first slot of a key is given by the highest bits of its hash after the `skip_bits` bits that
    choose the table. Initially there is room for `room` keys.
    """

    def __init__(self, skip_bits: int, room: int = 0) -> None:
        self.skip_bits = np.uint64(skip_bits)
        n_slots = max(_FIRST_SLOTS, 1 << (room * 10 // _LOAD_TENTHS).bit_length())
        self.slots = zeros(n_slots, np.uint32)
        self.n = 0
        self._hashes: Growing[np.uint64] = Growing(np.uint64)
        self._hashes.reach(self.room)

    @property
    def arrays(self) -> IndexArrays:
        """The arrays for kernels."""
        return IndexArrays(self.slots, self.hashes, self.skip_bits, self.shift)

    @property
    def hashes(self) -> Hashes:
        """The hashes of all keys by code, followed by room for more."""
        return self._hashes.array

    @property
    def room(self) -> int:
        """The number of keys for which there are enough slots."""
        return len(self.slots) * _LOAD_TENTHS // 10

    @property
    def shift(self) -> np.uint64:
        """The number of bits by which a hash is shifted to get a slot."""
        return slot_shift(len(self.slots))

    @property
    def nbytes(self) -> int:
        """Bytes in use; the system only provides memory where something is written."""
        return self.slots.nbytes + 8 * self.n

    def grow(self) -> None:
        """Allocate more slots; codes do not change."""
        times = _SMALL_TIMES if len(self.slots) <= _SMALL_SLOTS else 2
        self.slots = zeros(times * len(self.slots), np.uint32)
        reindex(self.arrays, self.n)
        self._hashes.reach(self.room)


class IndexedTable:
    """A key table that finds keys by an index."""

    def __init__(self, skip_bits: int, room: int) -> None:
        self._index = Index(skip_bits, room)

    @property
    def n(self) -> int:
        """Number of keys."""
        return self._index.n


class IntTable(IndexedTable):
    """Codes of integer keys; the hash is a bijection, so that equal hashes mean equal keys."""

    def __init__(self, key: HashKey, skip_bits: int, room: int = 0) -> None:
        super().__init__(skip_bits, room)
        self._key = key

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._index.nbytes

    def assign(self, rows: BufferRows, texts: Words, pieces: Pieces, column: int) -> Codes:  # noqa: ARG002
        """Return the code of each row, in the order of `pieces`; a new key gets the next code."""
        index = self._index
        codes = np.empty(pieces.n_rows, np.uint32)
        at = np.zeros(3, np.int64)
        bring_in(pieces.n_rows, self.n, index.slots, index.hashes[: self.n])
        while not is_done(at, pieces):
            index.n = assign_ints(rows, pieces, at, index.arrays, index.n, index.room, codes)
            if not is_done(at, pieces):
                index.grow()
        return codes

    def keys(self) -> IntKeys:
        """Return all keys, in the order of their codes."""
        return IntKeys(unhash_words(self._index.hashes[: self.n], self._key))


class ByteTable(IndexedTable):
    """Codes of byte-string keys; each key is stored once in an arena and compared in full.

    The arena consists of words. `ends` is `int64[n + 1]`: key `c` starts with the first whole word
    at or after byte `ends[c]` and ends before byte `ends[c + 1]`. Zeros pad its last word.
    """

    def __init__(self, skip_bits: int, room: int = 0) -> None:
        super().__init__(skip_bits, room)
        self._ends: Growing[np.int64] = Growing(np.int64)
        self._arena: Growing[np.uint64] = Growing(np.uint64)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._index.nbytes + 8 * (self.n + self._n_words if self.n else 0)

    def assign(self, rows: BufferRows, texts: Words, pieces: Pieces, column: int) -> Codes:
        """Return the code of each row, in the order of `pieces`; see `IntTable.assign`.

        `rows[:, column]` has the offset of each key in `texts`.
        """
        index = self._index
        codes = np.empty(pieces.n_rows, np.uint32)
        at = np.zeros(3, np.int64)
        bring_in(
            pieces.n_rows, self.n, index.slots, index.hashes[: self.n],
            self._ends.array[: self.n], self._arena.array[: self._n_words],
        )  # fmt: skip
        while not is_done(at, pieces):
            self._ends.reach(index.room + 1)
            index.n = assign_texts(
                rows, column, texts, pieces, at, index.arrays, self._ends.array, self._arena.array,
                index.n, index.room, codes,
            )  # fmt: skip
            if is_done(at, pieces):
                break
            if index.n == index.room:
                index.grow()
            else:
                place = int(rows[at[1], column])
                self._arena.reach(self._n_words + (int(texts[place]) + 7) // 8)
        return codes

    @property
    def _n_words(self) -> int:
        return (int(self._ends.array[self.n]) + 7) >> 3 if self.n else 0

    def keys(self) -> ByteKeys:
        """Return all keys, in the order of their codes; copied if there are zeros between them."""
        self._ends.reach(1)
        ends, data = self._ends.array[: self.n + 1], self._arena.array.view(np.uint8)
        if not (ends & 7).any():
            return ByteKeys(frozen(ends), frozen(data))
        starts = (ends[:-1] + 7) & ~7
        return gathered(data, starts, ends[1:] - starts)


def coded(table: IntTable, hashes: Hashes) -> Codes:
    """Return the codes of integers, given their hashes, `uint64[n]`; new ones get the next code."""
    rows = hashes.view(np.int64).reshape(-1, 1)
    return table.assign(rows, NO_WORDS, Pieces.of_all(len(rows)), column=0)


def slot_shift(n_slots: int) -> np.uint64:
    """Return the shift that turns a 64-bit hash into one of `n_slots` slots, a power of 2."""
    return np.uint64(65 - n_slots.bit_length())


def is_done(at: npt.NDArray[np.int64], pieces: Pieces) -> bool:
    """Return whether all rows have a code."""
    return int(at[0]) == len(pieces.starts)


@kernel
def assign_ints(rows, pieces, at, index, n, room, codes):
    """Find or insert the words of `rows`, `int64[n, width]`; stop when there are `room` keys.

    `at` is `int64[3]`: the piece, row and position in `codes` from which to continue. The function
    updates it, and returns the number of keys.
    """
    starts, ends = pieces.starts, pieces.ends
    slots, known = index.slots, index.known
    resumed = at[0]
    place = at[2]
    for piece in range(resumed, len(starts)):
        first = max(at[1], starts[piece]) if piece == resumed else starts[piece]
        for i in range(first, ends[piece]):
            h = np.uint64(rows[i, 0])
            slot = find_hash(slots, known, (h << index.skip_bits) >> index.shift, h)
            if slots[slot] == 0:
                if n == room:
                    at[0] = piece
                    at[1] = i
                    at[2] = place
                    return n
                known[n] = h
                n += 1
                slots[slot] = n
            codes[place] = slots[slot] - np.uint32(1)
            place += 1
    at[0] = len(starts)
    return n


@kernel
def find_hash(slots, known, slot, h):
    """Return the first slot from `slot` on that is free or has a key with the hash `h`."""
    last_slot = np.uint64(len(slots) - 1)
    while slots[slot] != 0 and known[slots[slot] - np.uint32(1)] != h:
        slot = (slot + np.uint64(1)) & last_slot
    return slot


@kernel
def assign_texts(rows, column, texts, pieces, at, index, key_ends, arena, n, room, codes):
    """Find or insert the texts of `rows`; stop when there are `room` keys or the arena is full.

    Works like `assign_ints`. `texts` has the form that `WaitingTexts` writes, and `key_ends` is
    `ends` of `ByteTable`.
    """
    starts, ends = pieces.starts, pieces.ends
    slots, known = index.slots, index.known
    last_slot = np.uint64(len(slots) - 1)
    resumed = at[0]
    place = at[2]
    for piece in range(resumed, len(starts)):
        first = max(at[1], starts[piece]) if piece == resumed else starts[piece]
        for i in range(first, ends[piece]):
            h = np.uint64(rows[i, 0])
            start = np.uint64(rows[i, column])
            length = texts[start]
            start += np.uint64(1)
            n_words = (length + np.uint64(7)) >> np.uint64(3)
            slot = (h << index.skip_bits) >> index.shift
            while True:
                slot = find_hash(slots, known, slot, h)
                entry = slots[slot]
                if entry == 0:
                    used = (np.uint64(key_ends[n]) + np.uint64(7)) >> np.uint64(3)
                    if n == room or used + n_words > np.uint64(len(arena)):
                        at[0] = piece
                        at[1] = i
                        at[2] = place
                        return n
                    for j in range(n_words):
                        arena[used + np.uint64(j)] = texts[start + np.uint64(j)]
                    known[n] = h
                    n += 1
                    key_ends[n] = (used << np.uint64(3)) + length
                    slots[slot] = n
                    codes[place] = n - 1
                    break
                code = np.uint64(entry) - np.uint64(1)
                there = (np.uint64(key_ends[code]) + np.uint64(7)) >> np.uint64(3)
                end_here = (there << np.uint64(3)) + length
                if np.uint64(key_ends[np.uint64(entry)]) == end_here:
                    # No branch in the loop, so that LLVM compares vectors.
                    difference = np.uint64(0)
                    for j in range(n_words):
                        difference |= arena[there + np.uint64(j)] ^ texts[start + np.uint64(j)]
                    if difference == 0:
                        codes[place] = code
                        break
                slot = (slot + np.uint64(1)) & last_slot
            place += 1
    at[0] = len(starts)
    return n


@kernel
def reindex(index, n):
    """Fill empty slots with the first `n` hashes, which belong to distinct keys."""
    slots = index.slots
    last_slot = np.uint64(len(slots) - 1)
    for code in range(n):
        slot = (index.known[code] << index.skip_bits) >> index.shift
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & last_slot
        slots[slot] = code + 1
