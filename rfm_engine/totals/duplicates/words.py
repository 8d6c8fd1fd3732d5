"""Values of several columns as one sequence of 64-bit words per row.

A number is stored as its words. A text is stored as a word with its length and its bytes, with
zeros after them in the last word. So no sequence of words is a prefix of another sequence of the
same columns, and equal sequences mean equal values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Words
from rfm_engine.kernels.words import write_text
from rfm_engine.orders.distinct_columns import Cells
from rfm_engine.orders.keys import ByteKeys, gathered

OF_TEXT = 0
"""The width of a column of texts."""
_ALL = frozen(np.ones(1, np.uint8))


class RowWords(NamedTuple):
    """Row `i` is `words[bounds[i]:bounds[i + 1]]`."""

    words: Words
    bounds: Integers

    @property
    def keys(self) -> ByteKeys:
        """The rows as byte ids."""
        return ByteKeys(frozen(8 * self.bounds), frozen(self.words.view(np.uint8)))

    @classmethod
    def of(cls, columns: Sequence[Cells], n_rows: int) -> RowWords:
        """Write the columns of `n_rows` rows one after another; null becomes 0 or an empty text."""
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
        """Return rows from byte ids that were made by `keys`."""
        words = np.require(keys.own_data, requirements=["C", "A"])
        return cls(frozen(words.view(np.uint64)), frozen((keys.offsets - keys.offsets[0]) >> 3))


def width_of(column: Cells) -> int:
    """Return the number of words per value of a column, or `OF_TEXT`."""
    return OF_TEXT if column.words is None else column.words.shape[1]


def places_of(words: Words, starts: Integers, widths: Sequence[int]) -> Integers:
    """Return where each column begins and the last one ends, for rows that begin at `starts`."""
    places = np.empty((len(starts), len(widths) + 1), np.int64)
    find_places(words, frozen(starts), frozen(np.array(widths, np.int64)), places)
    return places


def _texts(column: Cells) -> ByteKeys | None:
    """Return the texts of a column, empty for null; None if the column has no texts."""
    if column.texts is None:
        return None
    if column.present is None:
        return column.texts.as_bytes()
    starts, lengths = column.texts.spans
    return gathered(column.texts.values.data, starts, np.where(column.present, lengths, 0))


def _presence(column: Cells) -> npt.NDArray[np.uint8]:
    return _ALL if column.present is None else frozen(column.present.view(np.uint8))


@kernel
def write_numbers(numbers, present, at, words):
    """Write `numbers`, `uint64[n, width]`, from `words[at[i]]` on, and move `at` past them.

    `present` is `uint8[n]`; an array of length 1 applies to all rows.
    """
    for i in range(len(numbers)):
        there = present[i] if len(present) > 1 else present[0]
        place = np.uint64(at[i])
        for j in range(numbers.shape[1]):
            words[place + np.uint64(j)] = numbers[i, j] if there else np.uint64(0)
        at[i] += numbers.shape[1]


@kernel
def find_places(words, starts, widths, places):
    """Fill `places`, `int64[n, columns + 1]`, with the start of each column, and the end."""
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
