"""Collect the rows of each bucket column by column, until they are a row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.types import Marks, Mask, Positions
from rfm_engine.output.bucket_parts import (
    Indices,
    Numbers,
    Part,
    move_column,
    move_indices,
    places_of,
    sorted_by_bucket,
)
from rfm_engine.output.lazy_memory import lazy_memory
from rfm_engine.output.words import Words

SPARE_SLOTS = 8
"""Number of slots whose rows may be encoded at a time, besides those that are being filled."""
_MOST_ROWS = 1 << 20
# Slots do not begin at multiples of large powers of 2, which share few places in the cache.
_GAP_ROWS = 520


class Rows(NamedTuple):
    """The rows of a bucket that are encoded together.

    Attributes
    ----------
    bucket, n_rows
        The bucket, and the number of rows.
    numbers
        By name of the column: numbers or indices of words, and which rows are not null; None if no
        row is null.
    others
        By name of the column: the rows of columns that Arrow encodes.
    same
        By name of the column: the column with equal numbers.
    n_words
        Number of words by name of the column.
    slot
        The memory of the numbers.
    """

    bucket: int
    n_rows: int
    numbers: dict[str, tuple[npt.NDArray[Any], Mask | None]]
    others: dict[str, list[pa.Array[Any]]]
    same: dict[str, str]
    n_words: dict[str, int]
    slot: int


class _Column:
    """A column of numbers in all slots."""

    def __init__(self, n_values: int, dtype: npt.DTypeLike) -> None:
        memory = lazy_memory(n_values * np.dtype(dtype).itemsize)
        self.numbers: npt.NDArray[Any] = memory.view(dtype)
        self.nulls: Marks | None = None

    def put(self, given: Numbers, indices: Indices | None, places: Positions) -> None:
        """Write rows to their places."""
        if indices is None:
            move_column(given.numbers, places, self.numbers)
        else:
            move_indices(given.numbers, indices, places, self.numbers)
        if given.valid is not None and self.nulls is None:
            self.nulls = lazy_memory(len(self.numbers))  # zeros
        if self.nulls is not None:
            nulls = np.zeros(len(places), np.bool_) if given.valid is None else ~given.valid
            move_column(nulls.view(np.uint8), places, self.nulls)

    def rows(self, start: int, stop: int) -> tuple[npt.NDArray[Any], Mask | None]:
        """Return numbers, and which are not null; None if no row is null."""
        numbers = self.numbers[start:stop]
        if self.nulls is None or not self.nulls[start:stop].any():
            return numbers, None
        return numbers, self.nulls[start:stop] == 0


class Slots:
    """The rows of all buckets that are not encoded yet.

    Parameters
    ----------
    names
        The names of the columns.
    n_buckets
        The number of buckets.
    words
        The dictionaries of text columns, to which the words of the rows are added.
    n_bytes
        Bytes of memory for the rows of all buckets.
    """

    def __init__(self, names: Sequence[str], n_buckets: int, words: Words, n_bytes: int) -> None:
        self._names = names
        self._n_buckets = n_buckets
        self._words = words
        self._n_slots = n_buckets + SPARE_SLOTS
        self._n_bytes = n_bytes
        self._slots = np.arange(n_buckets)
        self._free = [*range(self._n_slots - 1, n_buckets - 1, -1)]
        self._filled = np.zeros(n_buckets, np.int64)
        self._group_rows = 0
        self._other_bytes = 0
        self._columns: dict[str, _Column] = {}
        self._same: dict[str, str] = {}
        self._n_words: dict[str, int] = {}
        self._others: list[dict[str, list[pa.Array[Any]]]] = [{} for _ in range(n_buckets)]

    def add(self, part: Part) -> Iterator[Rows]:
        """Add rows, and yield the rows of buckets that have enough of them.

        At most `SPARE_SLOTS - 1` of the yielded rows may be in use when the next ones are needed.
        """
        given = dict(zip(self._names, part.columns, strict=True))
        indices = {
            name: found
            for number, (name, column) in enumerate(given.items())
            if (found := self._words.indices(number, column)) is not None
        }
        numbers = {
            name: column
            for name, column in given.items()
            if isinstance(column, Numbers) and (column.words is None or name in indices)
        }
        same = _same_columns(numbers)
        if not self._group_rows:
            self._begin(part, numbers, indices, same)
        elif numbers.keys() != self._kinds or not self._same.items() <= same.items():
            # A column has left its dictionary, or columns are not the same any more.
            yield from self.flush()
            still = {name: first for name, first in self._same.items() if same.get(name) == first}
            self._begin(part, numbers, indices, still)
        self._n_words = {name: self._words.count(self._names.index(name)) for name in indices}
        for piece in self._fitting(part):
            self._put(piece, indices)
            if self._other_bytes > self._n_bytes:
                yield from self.flush()
            for bucket in np.flatnonzero(self._filled >= self._group_rows).tolist():
                yield self._taken(bucket)

    def flush(self) -> Iterator[Rows]:
        """Yield all rows that are left."""
        for bucket in np.flatnonzero(self._filled).tolist():
            yield self._taken(bucket)
        self._other_bytes = 0

    def end(self, rows: Rows) -> None:
        """Use the memory of rows again, because they are written."""
        self._free.append(rows.slot)

    def _begin(
        self,
        part: Part,
        numbers: dict[str, Numbers],
        indices: dict[str, Indices],
        same: dict[str, str],
    ) -> None:
        """Make memory for columns of numbers; `part` shows the size of other columns."""
        types = {
            name: np.dtype(np.uint32) if name in indices else column.numbers.dtype
            for name, column in numbers.items()
            if name not in same
        }
        others = [each for each in part.columns if not isinstance(each, Numbers)]
        bytes_per_row = sum(each.itemsize for each in types.values())
        bytes_per_row += sum(each.nbytes for each in others) // len(part.buckets)
        room = self._n_bytes // (max(bytes_per_row, 1) * self._n_slots)
        self._group_rows = max(1, min(room, _MOST_ROWS) * 3 // 4)
        self._slot_rows = self._group_rows * 4 // 3 + _GAP_ROWS
        n_values = self._slot_rows * self._n_slots
        self._kinds = numbers.keys()
        self._same = same
        self._columns = {name: _Column(n_values, dtype) for name, dtype in types.items()}

    def _fitting(self, part: Part) -> Iterator[Part]:
        """Divide a part if a bucket has no room for all its rows."""
        if (self._filled + part.counts <= self._slot_rows).all():
            yield part
            return
        for half in part.halves():
            yield from self._fitting(half)

    def _put(self, part: Part, indices: dict[str, Indices]) -> None:
        places = places_of(part, self._slots * self._slot_rows + self._filled)
        given = dict(zip(self._names, part.columns, strict=True))
        for name, column in self._columns.items():
            column.put(given[name], indices.get(name), places)
        others = [name for name in self._names if name not in self._kinds]
        arrays = sorted_by_bucket(part, [given[name] for name in others])
        ends = np.cumsum(part.counts)
        for name, array in zip(others, arrays, strict=True):
            self._other_bytes += array.nbytes
            for bucket in np.flatnonzero(part.counts).tolist():
                n_rows = int(part.counts[bucket])
                piece = array.slice(int(ends[bucket]) - n_rows, n_rows)
                self._others[bucket].setdefault(name, []).append(piece)
        self._filled += part.counts

    def _taken(self, bucket: int) -> Rows:
        """Return the rows of a bucket, which gets another slot."""
        slot, n_rows = int(self._slots[bucket]), int(self._filled[bucket])
        start = slot * self._slot_rows
        numbers = {
            name: column.rows(start, start + n_rows) for name, column in self._columns.items()
        }
        others, self._others[bucket] = self._others[bucket], {}
        self._other_bytes -= sum(each.nbytes for some in others.values() for each in some)
        self._slots[bucket] = self._free.pop()
        self._filled[bucket] = 0
        return Rows(bucket, n_rows, numbers, others, self._same, self._n_words, slot)


def _same_columns(numbers: dict[str, Numbers]) -> dict[str, str]:
    """Return the first column of those with the same memory; in UTC, moment and local time are."""
    first: dict[object, str] = {}
    same = {}
    for name, column in numbers.items():
        if column.valid is None and column.words is None:
            place = column.numbers.ctypes.data, column.numbers.dtype.str
            if place in first:
                same[name] = first[place]
            first.setdefault(place, name)
    return same
