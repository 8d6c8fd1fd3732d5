"""The rows that count, each once: rows that are equal in some columns are found and compared.

A row is kept as the words of these columns and of its other values. Both are compared
in full, and a hash only says where to look. Rows are divided into shards by the first bits of the
hash. Each shard has a lock, so that threads rarely wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import RfmError
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import ByteKeys
from rfm_engine.totals.duplicates.words import Int64s, RowWords
from rfm_engine.totals.ids import taken
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.hashing import Hashes, HashKey, hash_keys
from rfm_engine.totals.tables.keys import Index, find_hash

_SHARD_BITS = 5
_MOST_AT_ONCE = 1 << 18
ROUNDED, CHARGED, OWN, SEEN = 1, 2, 4, 8
"""Marks of a row that is kept, for all rows that are equal to it.

The amount of one of them was rounded; that is counted in the account of this run; the first of them
came in this run; one of them did.
"""
ADD, REMEMBER, LOOK = 0, 1, 2

Marks = npt.NDArray[np.uint8]


class Found(NamedTuple):
    """Which rows repeat others, `uint8[n]`, and how many of the rest have a rounded amount.

    `differs` is a row that repeats another one and differs from it in another value, None without
    any; `other` has the words of the other values of the row that it repeats.
    """

    repeats: Marks
    n_rounded: int
    differs: int | None = None
    other: npt.NDArray[np.uint64] | None = None


class Entries(NamedTuple):
    """Rows that are kept; the words of each begin with the distinct columns."""

    words: RowWords
    marks: Marks


class DistinctRows:
    """Finds rows that are equal to others in the distinct columns; from any thread.

    Parameters
    ----------
    key
        The secret of the hashes.
    most_bytes
        How much memory the rows may take.
    """

    def __init__(self, key: HashKey, most_bytes: int) -> None:
        self._key = key
        self._most_bytes = most_bytes
        self._shards = [_Shard() for _ in range(1 << _SHARD_BITS)]
        self._turns = count()

    @property
    def n_rows(self) -> int:
        """Rows kept."""
        return sum(shard.n for shard in self._shards)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return sum(shard.nbytes for shard in self._shards)

    def empty(self) -> DistinctRows:
        """Return none of the rows, with the same secret and the same limit."""
        return DistinctRows(self._key, self._most_bytes)

    def find(
        self, rows: Int64s, keys: RowWords, values: RowWords, marks: Marks, *, how: int = ADD
    ) -> Found:
        """Look for some rows of a batch, and keep those that are not there unless asked not to.

        Parameters
        ----------
        rows
            Which of the rows, ascending.
        keys, values
            The distinct columns and the other values of all rows of the batch.
        marks
            `ROUNDED` or 0, `uint8[n]`, or of length 1 and meant for all.
        how
            `ADD` rows of this run, `REMEMBER` rows that are known from elsewhere, or `LOOK` only.

        Raises
        ------
        RfmError
            There is no room for the rows.
        """
        repeats = np.zeros(len(keys.bounds) - 1, np.uint8)
        hashes = hash_keys(keys.keys, self._key)
        n_rounded = 0
        for shard, chosen in self._dealt_out(rows, hashes):
            with shard.lock:
                charged, differs, code = shard.find(
                    chosen, hashes, keys, values, marks, repeats, how
                )
                if differs is not None:
                    n_words = int(keys.bounds[differs + 1] - keys.bounds[differs])
                    return Found(repeats, n_rounded, differs, shard.words_of(code)[n_words:])
            n_rounded += charged
            self._refuse_too_many()
        return Found(repeats, n_rounded)

    def entries(self) -> Iterator[Entries]:
        """Yield the rows that this run has, or equal ones, some at a time."""
        for shard in self._shards:
            words, marks = shard.entries()
            seen = np.flatnonzero(marks & SEEN)
            for start in range(0, len(seen), _MOST_AT_ONCE):
                some = seen[start : start + _MOST_AT_ONCE]
                found = taken(words.keys, some)
                assert isinstance(found, ByteKeys)
                yield Entries(RowWords.from_bytes(found), marks[some])

    def _dealt_out(self, rows: Int64s, hashes: Hashes) -> Iterator[tuple[_Shard, Int64s]]:
        """Yield the rows of each shard; no two threads begin with the same one."""
        # Of 16 bits, so that numpy sorts by counting.
        homes = (hashes[rows] >> np.uint64(64 - _SHARD_BITS)).astype(np.uint16)
        by_home = rows[np.argsort(homes, kind="stable")]
        ends = np.cumsum(np.bincount(homes, minlength=len(self._shards))).tolist()
        start = next(self._turns) * (len(self._shards) // 4 + 1)
        for each in range(start, start + len(self._shards)):
            number = each % len(self._shards)
            first, last = (ends[number - 1] if number else 0), ends[number]
            if last > first:
                yield self._shards[number], frozen(by_home[first:last])

    def _refuse_too_many(self) -> None:
        n_bytes = self.nbytes
        if n_bytes > self._most_bytes:
            raise RfmError(
                f"memory_limit must leave room for the distinct rows; got "
                f"{self.n_rows:,} rows of {n_bytes:,} bytes, where {self._most_bytes:,} are left. "
                "Raise it, or leave distinct out."
            )


class _Kept(NamedTuple):
    arena: npt.NDArray[np.uint64]
    ends: Int64s
    marks: Marks


class _Shard:
    """Some of the rows: row `c` is `arena[ends[c]:ends[c + 1]]`."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._index = Index(_SHARD_BITS)
        self._ends: Growing[np.int64] = Growing(np.int64)
        self._marks: Growing[np.uint8] = Growing(np.uint8)
        self._arena: Growing[np.uint64] = Growing(np.uint64)
        self._ends.reach(1)

    @property
    def _kept(self) -> _Kept:
        return _Kept(self._arena.array, self._ends.array, self._marks.array)

    @property
    def n(self) -> int:
        """Rows kept."""
        return self._index.n

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return self._index.nbytes + 9 * self.n + 8 * int(self._ends.array[self.n])

    def find(
        self,
        rows: Int64s,
        hashes: Hashes,
        keys: RowWords,
        values: RowWords,
        marks: Marks,
        repeats: Marks,
        how: int,
    ) -> tuple[int, int | None, int]:
        """Look for rows and keep those that are not there.

        Return how many have a rounded amount, the first that differs from an equal one, and which.
        """
        index = self._index
        at = np.zeros(3, np.int64)
        while True:
            self._ends.reach(index.room + 1)
            self._marks.reach(index.room)
            index.n = int(
                keep_distinct(
                    rows, hashes, keys, values, marks, how, at, index.arrays, self._kept, index.n,
                    index.room, repeats,
                )
            )  # fmt: skip
            done, charged, differs = at.tolist()
            if differs:
                return charged, int(rows[done]), differs - 1
            if done == len(rows):
                return charged, None, 0
            if index.n == index.room:
                index.grow()
            else:
                row = rows[done]
                more = keys.bounds[row + 1] - keys.bounds[row]
                more += values.bounds[row + 1] - values.bounds[row]
                self._arena.reach(int(self._ends.array[index.n] + more))

    def words_of(self, code: int) -> npt.NDArray[np.uint64]:
        """Copy the words of a row."""
        first, last = self._ends.array[code : code + 2].tolist()
        return self._arena.array[first:last].copy()

    def entries(self) -> Entries:
        """Return all rows; nothing may be added meanwhile."""
        ends = self._ends.array[: self.n + 1]
        words = RowWords(frozen(self._arena.array[: ends[-1]]), frozen(ends))
        return Entries(words, self._marks.array[: self.n])


@kernel
def keep_distinct(
    rows, hashes, keys, values, marks, how, at, index, kept, n, room, repeats
):  # fmt: skip
    """Find or keep each of `rows`, as `how` says; stop when `room` are kept or the arena is full.

    `at` is `int64[3]`: the place among `rows` to go on from, moved on; rounded amounts, added to;
    and the number after that of the row found that differs from the one of that place. Returns how
    many rows are kept then.
    """
    slots, known = index.slots, index.known
    arena, ends, there = kept.arena, kept.ends, kept.marks
    last_slot = np.uint64(len(slots) - 1)
    for j in range(at[0], len(rows)):
        i = np.uint64(rows[j])
        after = i + np.uint64(1)
        h = hashes[i]
        mark = marks[i] if len(marks) > 1 else marks[0]
        key = np.uint64(keys.bounds[i])
        n_key = np.uint64(keys.bounds[after]) - key
        value = np.uint64(values.bounds[i])
        n_value = np.uint64(values.bounds[after]) - value
        slot = (h << index.skip_bits) >> index.shift
        while True:
            slot = find_hash(slots, known, slot, h)
            entry = np.uint64(slots[slot])
            if entry == np.uint64(0) and how == LOOK:
                break
            if entry == np.uint64(0):
                used = np.uint64(ends[n])
                if n == room or used + n_key + n_value > np.uint64(len(arena)):
                    at[0] = j
                    return n
                for k in range(n_key):
                    arena[used + np.uint64(k)] = keys.words[key + np.uint64(k)]
                used += n_key
                for k in range(n_value):
                    arena[used + np.uint64(k)] = values.words[value + np.uint64(k)]
                known[n] = h
                # A rounded amount is charged once: bit 1 follows bit 0.
                there[n] = (mark | (mark << 1) | 12) if how == ADD else mark
                at[1] += mark if how == ADD else 0
                n += 1
                ends[n] = used + n_value
                slots[slot] = n
                break
            code = entry - np.uint64(1)
            first = np.uint64(ends[code])
            n_there = np.uint64(ends[entry]) - first
            difference = np.uint64(n_there < n_key)
            if difference == 0:
                for k in range(n_key):
                    difference |= arena[first + np.uint64(k)] ^ keys.words[key + np.uint64(k)]
            if difference == 0:
                first += n_key
                difference = np.uint64(n_there != n_key + n_value)
                if difference == 0:
                    for k in range(n_value):
                        word = values.words[value + np.uint64(k)]
                        difference |= arena[first + np.uint64(k)] ^ word
                if difference != 0:
                    at[0] = j
                    at[2] = entry
                    return n
                fresh = mark & ~there[code] & 1
                if how == ADD:
                    there[code] |= fresh | (fresh << 1) | 8
                    at[1] += fresh
                elif how == REMEMBER:
                    there[code] |= mark
                repeats[i] = 1
                break
            slot = (slot + np.uint64(1)) & last_slot
    at[0] = len(rows)
    return n
