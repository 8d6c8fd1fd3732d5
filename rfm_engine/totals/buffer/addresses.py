"""The word that finds the customer of each row in its table, and its bin, a block at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Hashes, Integers, Words
from rfm_engine.orders.hashing import mixed, mixed_pair

# A block and its rows stay in the nearest cache.
_BLOCK_ROWS = 512


class RowIds(NamedTuple):
    """The ids of rows as kernels take them, of which most arrays are empty.

    Hashes made before, `words`; or ids of one length, `texts`, by their `n_words` words each, whose
    hashes are made before where they are long; or integers, `bits`, of which `n_ids` from `first`
    on are addressed directly.
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
    """Room for what kernels find for some rows at a time, before they write a column of all.

    The words that find customers, the second words of ids that have two, bins, and places.
    `signed_words` and `signed_seconds` are the same memory, seen as the numbers that rows hold.
    """

    words: Words
    seconds: Words
    bins: Words
    places: Integers
    signed_words: Integers
    signed_seconds: Integers

    @classmethod
    def room(cls) -> Block:
        """Make room."""
        words, seconds, bins = np.empty((3, _BLOCK_ROWS), np.uint64)
        places = np.empty(_BLOCK_ROWS, np.int64)
        return cls(words, seconds, bins, places, words.view(np.int64), seconds.view(np.int64))


@kernel
def address(ids, start, stop, block):
    """Fill a block with the words that find the customers of rows in their tables, and the bins."""
    shift = np.uint64(64) - ids.bin_bits
    if len(ids.words) > 0:
        take_words(ids.words[start:stop], shift, block)
    elif len(ids.texts) > 0:
        mix_pairs(ids, ids.texts[2 * start : 2 * stop], shift, block)
    else:
        mix_ids(ids, ids.bits[start:stop], shift, block)


@kernel
def take_words(words, shift, block):
    """Take hashes that were made before."""
    for i in range(len(words)):
        block.words[i] = words[i]
        block.bins[i] = words[i] >> shift


@kernel
def mix_ids(ids, bits, shift, block):
    """Hash integers as `mix` does, but number those that are addressed directly."""
    n_bins = np.uint64(1) << ids.bin_bits
    for i in range(len(bits)):
        number = bits[i] - ids.first
        word = mixed(bits[i], ids.mask, ids.multiplier, np.uint64(0))
        is_direct = number < ids.n_ids
        block.words[i] = number >> ids.bin_bits if is_direct else word
        block.bins[i] = n_bins + (number & (n_bins - np.uint64(1))) if is_direct else word >> shift


@kernel
def mix_pairs(ids, texts, shift, block):
    """Mix ids of two words."""
    for i in range(len(texts) >> 1):
        first = np.uint64(texts[np.uint64(2 * i)])
        second = np.uint64(texts[np.uint64(2 * i + 1)])
        word, second = mixed_pair(first, second, ids.mask, ids.multiplier)
        block.words[i] = word
        block.seconds[i] = second
        block.bins[i] = word >> shift
