"""Divide the columns of batches into buckets, and put the rows of each bucket together.

Numbers and indices of text dictionaries are moved by kernels, all other columns by Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen, is_text, valid_mask, values
from rfm_engine.kernels.types import Integers, Mask, Positions

MOST_WORDS = 1 << 16
"""A column with more different texts has no dictionary."""
_SAMPLE_ROWS = 4096
_FEWEST_REPEATS = 4
_LEAST_BYTES = 4


Indices: TypeAlias = npt.NDArray[np.uint32]
"""The index of each word of a part in the dictionary of the whole column."""


class Numbers(NamedTuple):
    """A column of numbers, or of indices into `words`; null rows have any number."""

    numbers: npt.NDArray[Any]
    valid: Mask | None
    words: pa.Array[Any] | None = None

    def rows(self, some: slice) -> Numbers:
        """Return some rows, without a copy."""
        valid = None if self.valid is None else self.valid[some]
        return Numbers(self.numbers[some], valid, self.words)


class Part(NamedTuple):
    """The columns of a batch and the bucket of each row.

    Attributes
    ----------
    columns
        The columns, as numbers if a kernel can move them.
    buckets
        `uint16[n_rows]`.
    counts
        Number of rows per bucket, `int64[n_buckets]`.
    """

    columns: list[Numbers | pa.Array[Any]]
    buckets: npt.NDArray[np.uint16]
    counts: Integers

    def halves(self) -> Iterator[Part]:
        """Yield the first half of the rows and the second half."""
        middle = len(self.buckets) // 2
        for rows in (slice(0, middle), slice(middle, len(self.buckets))):
            buckets = self.buckets[rows]
            columns = [
                each.rows(rows) if isinstance(each, Numbers) else each[rows]
                for each in self.columns
            ]
            yield Part(columns, buckets, _counted(buckets, len(self.counts)))


def part_of(
    columns: Sequence[pa.Array[Any]], buckets: npt.NDArray[np.uint16], n_buckets: int
) -> Part:
    """Return columns whose rows are in some buckets.

    Columns of text become indices into a dictionary if they have one, or if their texts repeat
    often.
    """
    found = [_as_numbers(column) for column in columns]
    return Part(found, buckets, _counted(buckets, n_buckets))


def _counted(buckets: npt.NDArray[np.uint16], n_buckets: int) -> Integers:
    """Return the number of rows of each bucket."""
    counts = np.zeros(n_buckets, np.int64)
    count_rows(frozen(buckets), counts)
    return counts


def places_of(part: Part, starts: Integers) -> Positions:
    """Return the place of each row, `uint32[n_rows]`, if each bucket begins at its start."""
    places = np.empty(len(part.buckets), np.uint32)
    number_places(frozen(part.buckets), starts.copy(), places)
    return frozen(places)


def sorted_by_bucket(part: Part, columns: Sequence[Numbers | pa.Array[Any]]) -> list[pa.Array[Any]]:
    """Return columns of a part as Arrow arrays, sorted by bucket."""
    if not columns:
        return []
    places = places_of(part, np.cumsum(part.counts) - part.counts)
    order = np.empty(len(places), np.uint32)
    move_halves(frozen(np.arange(len(places), dtype=np.uint32)), places, order)
    rows = arrow(order)
    return [_plain(column).take(rows) for column in columns]


def _plain(column: Numbers | pa.Array[Any]) -> pa.Array[Any]:
    if not isinstance(column, Numbers):
        return column
    indices = arrow(column.numbers, valid=column.valid)
    return indices if column.words is None else column.words.take(indices)


def move_column(column: npt.NDArray[Any], places: Positions, out: npt.NDArray[Any]) -> None:
    """Write each row of a column of 1, 4 or 8 bytes to its place; `out` has the same type."""
    words, kernel_of_words = _MOVES[column.itemsize]
    kernel_of_words(frozen(column).view(words), places, out.view(words))


def move_indices(
    indices: npt.NDArray[Any], moved: Indices, places: Positions, out: Indices
) -> None:
    """Do the same for indices of words; `moved[i]` is written instead of `i`."""
    move_numbers(frozen(indices), frozen(moved), places, out)


def number_type(kind: pa.DataType) -> npt.DTypeLike | None:
    """Return how Parquet stores a type as 32-bit or 64-bit numbers; None if it does not.

    Smaller integers are stored with 32 bits.
    """
    types = pa.types
    if types.is_date32(kind) or (types.is_time(kind) and kind.bit_width == 32):
        return np.int32
    # Parquet has no seconds: Arrow stores them as milliseconds.
    if (types.is_timestamp(kind) and kind.unit != "s") or types.is_time64(kind):
        return np.int64
    is_number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return kind.to_pandas_dtype() if is_number else None


def _as_numbers(column: pa.Array[Any]) -> Numbers | pa.Array[Any]:
    """Return a column as numbers or indices if a kernel can move it, without a copy."""
    kind = column.type
    if pa.types.is_dictionary(kind) or is_text(kind):
        shared = _dictionary_of(column)
        if shared is None:
            return column if not pa.types.is_dictionary(kind) else column.dictionary_decode()
        indices = values(shared.indices, shared.indices.type.to_pandas_dtype())
        halves = indices.astype(np.int32, copy=False)
        return Numbers(halves, valid_mask(shared.indices), shared.dictionary)
    dtype: Any = number_type(kind)
    if dtype is None:
        return column
    numbers = values(column, dtype)
    wide = numbers.astype(np.int32) if numbers.itemsize < _LEAST_BYTES else numbers
    return Numbers(wide, valid_mask(column))


def _dictionary_of(column: pa.Array[Any]) -> pa.DictionaryArray[Any] | None:
    """Return texts as a dictionary array; None if few of them repeat."""
    if not isinstance(column, pa.DictionaryArray):
        sample = column.slice(0, _SAMPLE_ROWS).dictionary_encode()
        if len(sample.dictionary) * _FEWEST_REPEATS > len(sample):
            return None
        column = column.dictionary_encode()
    is_short = len(column.dictionary) <= MOST_WORDS and not column.dictionary.null_count
    return column if is_short else None


@kernel
def count_rows(buckets, counts):
    """Add the number of rows of each bucket to `counts`."""
    for i in range(len(buckets)):
        counts[buckets[i]] += 1


@kernel
def number_places(buckets, starts, places):
    """Fill `places` with the next place of the bucket of each row; move `starts` on."""
    for i in range(len(buckets)):
        places[i] = np.uint32(starts[buckets[i]])
        starts[buckets[i]] += 1


@kernel
def move_words(words, places, out):
    """Write each row to its place."""
    for i in range(len(places)):
        out[places[i]] = words[i]


@kernel
def move_halves(halves, places, out):
    """Do the same for 32 bits per row."""
    for i in range(len(places)):
        out[places[i]] = halves[i]


@kernel
def move_numbers(indices, moved, places, out):
    """Write the new number of each row to its place; null rows may have any index."""
    for i in range(len(places)):
        index = indices[i]
        is_word = (index >= 0) & (index < len(moved))
        out[places[i]] = moved[index] if is_word else 0


@kernel
def move_bytes(data, places, out):
    """Do the same for one byte per row."""
    for i in range(len(places)):
        out[places[i]] = data[i]


_MOVES: dict[int, tuple[Any, Callable[..., None]]] = {
    8: (np.uint64, move_words),
    4: (np.uint32, move_halves),
    1: (np.uint8, move_bytes),
}
