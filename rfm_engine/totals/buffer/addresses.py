"""The hash word and the bin of each row, computed for one block of rows at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Integers, Words
from rfm_engine.orders.hashing import mixed, mixed_pair

# Small enough that a block and its rows fit the first-level cache.
_BLOCK_ROWS = 512


class RowIds(NamedTuple):
    """The ids of a batch in the form that kernels take; arrays that do not apply are empty.

    Attributes
    ----------
    words
        `uint64[n]`, hashes if they are already computed.
    texts
        `int64[n * n_words]`, byte ids that all have the same length.
    bits
        `uint64[n]`, integer ids. Those from `first` to `first + n_ids - 1` are addressed directly.
    """

    words: Hashes
    texts: Integers
    n_words: int
    bits: Words
    first: np.uint64
    n_ids: np.uint64
    mask: np.uint64
    multiplier: np.uint64
    bin_bits: np.uint64


class Block(NamedTuple):
    """Scratch arrays for one block of rows.

    Attributes
    ----------
    words
        `uint64[rows]`, hash words.
    seconds
        `uint64[rows]`, second words of 16-byte ids.
    bins
        `uint64[rows]`, the bin of each row.
    numbers
        `uint64[rows]`, the packed column of narrow rows, or the amounts of wide ones.
    places
        `int64[rows]`, the row of the buffer that each row becomes, or -1.
    signed_words, signed_seconds, signed_numbers
        Read-only int64 views of `words`, `seconds` and `numbers`, because rows are int64.
    """

    words: Words
    seconds: Words
    bins: Words
    numbers: Words
    places: Integers
    signed_words: Integers
    signed_seconds: Integers
    signed_numbers: Integers

    @classmethod
    def room(cls) -> Block:
        """Allocate the arrays."""
        words, seconds, bins, numbers = np.empty((4, _BLOCK_ROWS), np.uint64)
        places = np.empty(_BLOCK_ROWS, np.int64)
        signed = (frozen(each.view(np.int64)) for each in (words, seconds, numbers))
        return cls(words, seconds, bins, numbers, places, *signed)


@kernel
def address(ids, start, stop, block):
    """Fill a block with the hash words and bins of rows `start:stop`."""
    shift = np.uint64(64) - ids.bin_bits
    if len(ids.words) > 0:
        take_words(ids.words[start:stop], shift, block)
    elif len(ids.texts) > 0:
        mix_pairs(ids, ids.texts[2 * start : 2 * stop], shift, block)
    else:
        mix_ids(ids, ids.bits[start:stop], shift, block)


@kernel
def take_words(words, shift, block):
    """Use hashes that are already computed."""
    for i in range(len(words)):
        block.words[i] = words[i]
        block.bins[i] = words[i] >> shift


@kernel
def mix_ids(ids, bits, shift, block):
    """Hash integers like `mix`, except for those that are addressed directly."""
    n_bins = np.uint64(1) << ids.bin_bits
    for i in range(len(bits)):
        number = bits[i] - ids.first
        word = mixed(bits[i], ids.mask, ids.multiplier, np.uint64(0))
        is_direct = number < ids.n_ids
        block.words[i] = number >> ids.bin_bits if is_direct else word
        block.bins[i] = n_bins + (number & (n_bins - np.uint64(1))) if is_direct else word >> shift


@kernel
def mix_pairs(ids, texts, shift, block):
    """Hash ids of two words with `mixed_pair`."""
    for i in range(len(texts) >> 1):
        first = np.uint64(texts[np.uint64(2 * i)])
        second = np.uint64(texts[np.uint64(2 * i + 1)])
        word, second = mixed_pair(first, second, ids.mask, ids.multiplier)
        block.words[i] = word
        block.seconds[i] = second
        block.bins[i] = word >> shift
