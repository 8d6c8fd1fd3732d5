"""Sort rows by their ids: integers by value, text and binary bytewise, nulls first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen, plain_type, valid_mask
from rfm_engine.kernels.types import Places, Positions, Words
from rfm_engine.orders.keys import keys_of
from rfm_engine.scoring.identities import SIGN, WORD_BYTES, read_words

Level: TypeAlias = Callable[[Positions], Words]

_DIGITS = 8
_DIGIT_VALUES = 256


def ascending(columns: Sequence[pa.Array[Any]]) -> Positions:
    """Return the rows in the order of their ids in the first column, then in the next.

    Ids are compared word by word, 8 bytes per word. After the first word only rows that are still
    tied are sorted further. Therefore random ids of any length take little more time than integers.
    """
    n_rows = len(columns[0])
    order = np.arange(n_rows, dtype=np.uint32)
    tied: slice | Places = slice(None)
    runs = np.zeros(n_rows, np.uint64)
    for words_of in (level for column in columns for level in _levels(column)):
        rows = order[tied]
        moved, words = sorted_words(words_of(rows))
        if len(runs) and runs[-1]:
            by_run, runs = sorted_words(runs[moved])
            moved, words = moved[by_run], words[by_run]
        order[tied] = rows[moved]
        is_same = (words[1:] == words[:-1]) & (runs[1:] == runs[:-1])
        if not is_same.any():
            break
        begins = np.concatenate([[True], ~is_same, [True]])
        still = np.flatnonzero(~(begins[:-1] & begins[1:]))
        runs = np.cumsum(begins[still], dtype=np.uint64) - np.uint64(1)
        tied = still if isinstance(tied, slice) else tied[still]
    return order


def rows_in_order(table: pa.Table, n_ids: int) -> list[dict[str, Any]]:
    """Return rows as dictionaries, in the order of the ids in their first columns."""
    if not table.num_rows:
        return []
    ids = [pa.concat_arrays(column.chunks) for column in table.columns[:n_ids]]
    rows: list[dict[str, Any]] = table.take(arrow(ascending(ids))).to_pylist()
    return rows


def sorted_words(words: Words) -> tuple[Positions, Words]:
    """Return the rows in the order of their words (stable), and the sorted words.

    For 262,144 random words this takes 14 ns per word; `numpy.argsort` takes 71 ns, and its stable
    kind 80 ns.
    """
    n = len(words)
    rows, words = np.arange(n, dtype=np.uint32), words.copy()
    other_rows, other_words = np.empty(n, np.uint32), np.empty(n, np.uint64)
    counts = np.zeros((_DIGITS, _DIGIT_VALUES), np.int64)
    n_passes = sort_words(words, rows, other_words, other_rows, counts)
    return (other_rows, other_words) if n_passes % 2 else (rows, words)


def _levels(column: pa.Array[Any]) -> Iterator[Level]:
    """Yield functions that read the words of rows of a column, most significant words first."""
    present = valid_mask(column)
    if present is not None:
        there = present
        yield lambda rows: there[rows].astype(np.uint64)
    keys = keys_of(column).plain()
    if not keys.of_bytes:
        bits = keys.bits
        is_signed = pa.types.is_signed_integer(plain_type(column.type))
        yield lambda rows: bits[rows] ^ SIGN if is_signed else bits[rows]
        return
    starts, ends, data = keys.offsets[:-1], keys.offsets[1:], frozen(keys.data)

    def word_at(start: int) -> Level:
        def words_of(rows: Positions) -> Words:
            words = np.empty(len(rows), np.uint64)
            read_words(frozen(starts[rows]), frozen(ends[rows]), data, start, words)
            return words

        return words_of

    longest = int((ends - starts).max(initial=0))
    yield from map(word_at, range(0, longest, WORD_BYTES))
    # The last word is padded with zeros, so that only the length distinguishes "a" from "a\0".
    yield lambda rows: (ends[rows] - starts[rows]).astype(np.uint64)


@kernel
def sort_words(words, rows, other_words, other_rows, counts):
    """Sort words and their rows byte by byte (radix sort), from the least significant byte.

    Each pass copies from one pair of arrays to the other. `counts` is `int64[8, 256]` of zeros.
    Bytes that are the same in all words are skipped. Return the number of passes: if it is odd, the
    result is in the other pair.
    """
    n = len(words)
    n_passes = 0
    if n == 0:
        return n_passes
    for i in range(n):
        word = words[i]
        for digit in range(8):
            counts[digit, (word >> np.uint64(8 * digit)) & np.uint64(255)] += 1
    any_word = words[0]
    for digit in range(8):
        shift = np.uint64(8 * digit)
        if counts[digit, (any_word >> shift) & np.uint64(255)] == n:
            continue
        place = 0
        for value in range(256):
            count = counts[digit, value]
            counts[digit, value] = place
            place += count
        for i in range(n):
            word = words[i]
            value = (word >> shift) & np.uint64(255)
            to = counts[digit, value]
            counts[digit, value] = to + 1
            other_words[to] = word
            other_rows[to] = rows[i]
        words, other_words = other_words, words
        rows, other_rows = other_rows, rows
        n_passes += 1
    return n_passes
