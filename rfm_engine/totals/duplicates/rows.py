"""The counted rows, each stored once: find rows that are equal in some columns, and compare them.

A row is stored as the words of these columns and of its other values. Both are compared in full;
the hash only determines where to search. Rows are divided into shards by the first bits of the
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
from rfm_engine.kernels.types import Hashes, Integers, Marks, Words
from rfm_engine.options.messages import message
from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.duplicates.words import RowWords
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.keys import Index, find_hash

_SHARD_BITS = 5
_MOST_AT_ONCE = 1 << 18
ROUNDED, CHARGED, OWN, SEEN = 1, 2, 4, 8
"""Marks of a kept row; they describe all rows that are equal to it.

The amount of one of them was rounded; the rounding is included in the row counts of this run; the
first of them was in this run; one of them was in this run.
"""
ADD, REMEMBER, LOOK = 0, 1, 2


class Found(NamedTuple):
    """Which rows repeat others, and for which rows a rounded amount is counted, `uint8[n]` each.

    `differs` is a row that repeats another one but differs from it in another value, or None.
    `other` has the words of the other values of the row that it repeats.
    """

    repeats: Marks
    rounded: Marks
    differs: int | None = None
    other: npt.NDArray[np.uint64] | None = None


class Entries(NamedTuple):
    """Kept rows; the words of each start with the distinct columns."""

    words: RowWords
    marks: Marks


class DistinctRows:
    """Finds rows that are equal to others in the distinct columns; any thread may use it.

    Parameters
    ----------
    key
        The secret key of the hashes.
    most_bytes
        Memory limit of the rows, in bytes.
    """

    def __init__(self, key: HashKey, most_bytes: int) -> None:
        self._key = key
        self._most_bytes = most_bytes
        self._shards = [_Shard() for _ in range(1 << _SHARD_BITS)]
        self._turns = count()

    @property
    def n_rows(self) -> int:
        """Number of kept rows."""
        return sum(shard.n for shard in self._shards)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return sum(shard.nbytes for shard in self._shards)

    def empty(self) -> DistinctRows:
        """Return an object without rows, with the same secret key and the same limit."""
        return DistinctRows(self._key, self._most_bytes)

    def find(
        self, rows: Integers, keys: RowWords, values: RowWords, marks: Marks, *, how: int = ADD
    ) -> Found:
        """Search for some rows of a batch, and keep new ones unless `how` is `LOOK`.

        Parameters
        ----------
        rows
            Numbers of the rows to search for, ascending.
        keys, values
            The distinct columns and the other values of all rows of the batch.
        marks
            `ROUNDED` or 0 per row, `uint8[n]`; an array of length 1 applies to all rows.
        how
            `ADD` rows of this run, `REMEMBER` rows of other runs, or only `LOOK` for rows.

        Raises
        ------
        RfmError
            There is no room for the rows.
        """
        repeats, rounded = (np.zeros(len(keys.bounds) - 1, np.uint8) for _ in range(2))
        hashes = keys.keys.hash(self._key)
        for shard, chosen in self._dealt_out(rows, hashes):
            with shard.lock:
                differs, code = shard.find(
                    chosen, hashes, keys, values, marks, how, repeats, rounded
                )
                if differs is not None:
                    n_words = int(keys.bounds[differs + 1] - keys.bounds[differs])
                    return Found(repeats, rounded, differs, shard.words_of(code)[n_words:])
            self._refuse_too_many()
        return Found(repeats, rounded)

    def entries(self) -> Iterator[Entries]:
        """Yield the kept rows that occurred in this run, in several pieces."""
        for shard in self._shards:
            words, marks = shard.entries()
            seen = np.flatnonzero(marks & SEEN)
            for start in range(0, len(seen), _MOST_AT_ONCE):
                some = seen[start : start + _MOST_AT_ONCE]
                yield Entries(RowWords.from_bytes(words.keys.take(some)), marks[some])

    def _dealt_out(self, rows: Integers, hashes: Hashes) -> Iterator[tuple[_Shard, Integers]]:
        """Yield the rows of each shard; threads start with different shards."""
        # Homes have 16 bits, so that numpy uses a radix sort.
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
                message(
                    "{memory_limit} must leave room for the distinct rows; got {:,} rows of {:,} "
                    "bytes, but only {:,} bytes are left. Raise the limit, or remove {distinct}.",
                    self.n_rows,
                    n_bytes,
                    self._most_bytes,
                )
            )


class _Kept(NamedTuple):
    arena: Words
    ends: Integers
    marks: Marks


class _Shard:
    """A part of the rows: row `c` is `arena[ends[c]:ends[c + 1]]`."""

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
        """Number of kept rows."""
        return self._index.n

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return self._index.nbytes + 9 * self.n + 8 * int(self._ends.array[self.n])

    def find(
        self,
        rows: Integers,
        hashes: Hashes,
        keys: RowWords,
        values: RowWords,
        marks: Marks,
        how: int,
        repeats: Marks,
        rounded: Marks,
    ) -> tuple[int | None, int]:
        """Search for rows and, depending on `how`, keep new ones.

        Return the first row that differs from the row that it repeats, or None, and the number of
        that other row.
        """
        index = self._index
        at = np.zeros(2, np.int64)
        while True:
            self._ends.reach(index.room + 1)
            self._marks.reach(index.room)
            index.n = int(
                keep_distinct(
                    rows, hashes, keys, values, marks, how, at, index.arrays, self._kept, index.n,
                    index.room, repeats, rounded,
                )
            )  # fmt: skip
            done, differs = at.tolist()
            if differs:
                return int(rows[done]), differs - 1
            if done == len(rows):
                return None, 0
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
        """Return all rows; no other thread may add rows during the call."""
        ends = self._ends.array[: self.n + 1]
        words = RowWords(frozen(self._arena.array[: ends[-1]]), frozen(ends))
        return Entries(words, self._marks.array[: self.n])


@kernel
def keep_distinct(
    rows, hashes, keys, values, marks, how, at, index, kept, n, room, repeats, rounded
):  # fmt: skip
    """Find or keep each of `rows`, by `how`; stop when there are `room` rows or the arena is full.

    `at` is `int64[2]` and is updated: the position in `rows` from which to continue; and, if the
    row at that position differs from the kept row that it repeats, the number of the kept row plus
    one. `repeats` is set to 1 for repeats, and `rounded` for the rows for which a rounded amount is
    counted. Returns the number of kept rows.
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
                # A rounded amount is counted once: bit 1 is a copy of bit 0.
                there[n] = (mark | (mark << 1) | 12) if how == ADD else mark
                rounded[i] = mark if how == ADD else 0
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
                    at[1] = entry
                    return n
                fresh = mark & ~there[code] & 1
                if how == ADD:
                    there[code] |= fresh | (fresh << 1) | 8
                    rounded[i] = fresh
                elif how == REMEMBER:
                    there[code] |= mark
                repeats[i] = 1
                break
            slot = (slot + np.uint64(1)) & last_slot
    at[0] = len(rows)
    return n
