"""Values of several columns as one run of 64-bit words for each row.

A number is its words, a text the word of its length and its bytes, the last word filled up with
zeros. So no run of words is the beginning of another one of the same columns, and runs that are
equal mean equal values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.words import write_text
from rfm_engine.orders.distinct_columns import Cells
from rfm_engine.orders.keys import ByteKeys, SharedKeys, gathered
from rfm_engine.totals.tables.keys import Words

OF_TEXT = 0
"""The width of a column of texts."""
_ALL = frozen(np.ones(1, np.uint8))

Int64s = npt.NDArray[np.int64]


class RowWords(NamedTuple):
    """Row `i` is `words[bounds[i]:bounds[i + 1]]`."""

    words: Words
    bounds: Int64s

    @property
    def keys(self) -> ByteKeys:
        """The same as ids of bytes."""
        return ByteKeys(frozen(8 * self.bounds), frozen(self.words.view(np.uint8)))

    @classmethod
    def of(cls, columns: Sequence[Cells], n_rows: int) -> RowWords:
        """Write columns of `n_rows` behind each other; what is not present is 0, or no text."""
        sizes = np.full(n_rows, sum(map(width_of, columns)), np.int64)
        texts = [_texts(column) for column in columns]
        for text in texts:
            if text is not None:
                sizes += (np.diff(text.offsets) + 15) >> 3
        bounds = np.zeros(n_rows + 1, np.int64)
        np.cumsum(sizes, out=bounds[1:])
        words = np.empty(bounds[-1], np.uint64)
        at = bounds[:-1].copy()
        for column, text in zip(columns, texts, strict=True):
            if text is not None:
                write_texts(text.offsets, text.data, at, words)
            elif column.words is not None:
                write_numbers(column.words, _presence(column), at, words)
        return cls(frozen(words), frozen(bounds))

    @classmethod
    def from_bytes(cls, keys: ByteKeys) -> RowWords:
        """See ids whose bytes are words as such."""
        data = keys.data[keys.offsets[0] : keys.offsets[-1]]
        words = np.require(data, requirements=["C", "A"])
        return cls(frozen(words.view(np.uint64)), frozen((keys.offsets - keys.offsets[0]) >> 3))


def width_of(column: Cells) -> int:
    """Return how many words the numbers of a column take, or `OF_TEXT`."""
    return OF_TEXT if column.words is None else column.words.shape[1]


def places_of(words: Words, starts: Int64s, widths: Sequence[int]) -> Int64s:
    """Return where each column of the rows that start there begins, and the last one ends."""
    places = np.empty((len(starts), len(widths) + 1), np.int64)
    find_places(words, frozen(starts), frozen(np.array(widths, np.int64)), places)
    return places


def _texts(column: Cells) -> ByteKeys | None:
    """Return the texts of a column, none where one is not present."""
    if column.texts is None:
        return None
    texts = column.texts
    if isinstance(texts, SharedKeys):
        (offsets, data), indices = texts
        starts, lengths = offsets[indices], offsets[indices + 1] - offsets[indices]
    else:
        offsets, data = texts
        starts, lengths = offsets[:-1], np.diff(offsets)
    if column.present is not None:
        lengths = np.where(column.present, lengths, 0)
    elif not isinstance(texts, SharedKeys):
        return ByteKeys(frozen(offsets), frozen(data))
    return gathered(data, starts, lengths)


def _presence(column: Cells) -> npt.NDArray[np.uint8]:
    return _ALL if column.present is None else frozen(column.present.view(np.uint8))


@kernel
def write_numbers(numbers, present, at, words):
    """Write `numbers`, `uint64[n, width]`, from `words[at[i]]` on, and move `at` past them.

    `present` is `uint8[n]`, or of length 1 and meant for all.
    """
    for i in range(len(numbers)):
        there = present[i] if len(present) > 1 else present[0]
        place = np.uint64(at[i])
        for j in range(numbers.shape[1]):
            words[place + np.uint64(j)] = numbers[i, j] if there else np.uint64(0)
        at[i] += numbers.shape[1]


@kernel
def find_places(words, starts, widths, places):
    """Fill `places`, `int64[n, columns + 1]`, with where the columns of each row begin."""
    for i in range(len(starts)):
        place = starts[i]
        for j in range(len(widths)):
            places[i, j] = place
            if widths[j] > 0:
                place += widths[j]
            else:
                place += 1 + ((np.int64(words[np.uint64(place)]) + 7) >> 3)
        places[i, len(widths)] = place


@kernel
def write_texts(offsets, data, at, words):
    """Write each text from `words[at[i]]` on, and move `at` past it."""
    for i in range(len(at)):
        start = np.uint64(offsets[i])
        length = np.uint64(offsets[i + 1]) - start
        at[i] = write_text(data, start, length, words, np.uint64(at[i]))
