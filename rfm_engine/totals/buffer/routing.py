"""Which bin a row goes to, and the word that finds its customer there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Integers, Marks, Words
from rfm_engine.orders.hashing import HashKey, mixed, mixed_pair
from rfm_engine.orders.keys import IntKeys, RowKeys
from rfm_engine.totals.buffer.inline_ids import PAIR_BYTES, hash_ids, n_words, words_of_ids
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS
from rfm_engine.totals.tables.dense_ids import DenseRange

_NO_WORDS = frozen(np.empty(0, np.uint64))
# A block and its rows stay in the nearest cache.
BLOCK_ROWS = 512


class RowIds(NamedTuple):
    """The ids of rows as kernels take them, of which most arrays are empty.

    Hashes made before, `words`; or ids of one length, `texts`, by their `n_words` words each, whose
    hashes are made before where they are long; or integers, `bits`, of which `n_ids` from `first`
    on are addressed directly.
    """

    words: Hashes
    texts: Words
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
    """

    words: Words
    seconds: Words
    bins: Words
    places: Integers

    @classmethod
    def of(cls, n_rows: int) -> Block:
        """Make room for so many rows."""
        return cls(
            np.empty(n_rows, np.uint64), np.empty(n_rows, np.uint64), np.empty(n_rows, np.uint64),
            np.empty(n_rows, np.int64),
        )  # fmt: skip


class Route(NamedTuple):
    """Where the rows of a batch go.

    Bins `0:N_BINS` are those of hashed customers, by the first bits of the hash; the next
    `N_BINS`, where there are any, those of customers addressed directly. `bounds`,
    `int64[bins + 1]`, says where each bin begins when the rows whose `reason` is 0 stand sorted.
    """

    ids: RowIds
    reason: Marks
    bounds: Integers

    @property
    def n_counted(self) -> int:
        """Rows in bins."""
        return int(self.bounds[-1])

    @property
    def n_bins(self) -> int:
        """How many bins there are."""
        return len(self.bounds) - 1

    def bins(self) -> npt.NDArray[np.uint16]:
        """Return the bin of each row, `n_bins` where it is not counted."""
        bins = np.empty(len(self.reason), np.uint16)
        find_bins(self.ids, self.reason, self.n_bins, Block.of(BLOCK_ROWS), bins)
        return bins


def route(
    keys: RowKeys, reason: Marks, key: HashKey, dense: DenseRange | None, id_bytes: int = 0
) -> Route:
    """Find the bin of every row whose reason is 0; all ids have `id_bytes` bytes unless it is 0."""
    words = texts = bits = _NO_WORDS
    first = n_ids = 0
    if id_bytes and keys.texts is not None:
        texts = words_of_ids(keys.texts, reason, id_bytes)
        if id_bytes > PAIR_BYTES:
            words = hash_ids(texts, key)
    elif isinstance(keys, IntKeys) and key.owners is None:
        bits = frozen(keys.bits)
        if dense is not None:
            first, n_ids = dense
    else:
        words = _words(keys, key)
    ids = RowIds(
        words, texts, n_words(id_bytes), bits, np.uint64(first), np.uint64(n_ids), key.mask,
        key.multiplier, np.uint64(BIN_BITS),
    )  # fmt: skip
    bounds = np.zeros((N_BINS if dense is None else 2 * N_BINS) + 1, np.int64)
    count_rows(ids, reason, Block.of(BLOCK_ROWS), bounds)
    np.cumsum(bounds, out=bounds)
    return Route(ids, reason, bounds)


def _words(keys: RowKeys, key: HashKey) -> Hashes:
    """Hash keys; the bits that choose the bin are those of the owners, where there are any."""
    if key.owners is None:
        return keys.hash(key)
    owners = key.owners(keys.plain()).hash(key)
    words = np.empty(len(owners), np.uint64)
    join_hashes(owners, keys.hash(key), np.uint64(64 - BIN_BITS), words)
    return frozen(words)


@kernel
def join_hashes(first, last, shift, hashes):
    """Fill `hashes` with the bits of `first` from `shift` on, and below with those of `last`."""
    below = (np.uint64(1) << shift) - np.uint64(1)
    for i in range(len(hashes)):
        hashes[i] = (first[i] & ~below) | (last[i] & below)


@kernel
def count_rows(ids, reason, block, bounds):
    """Count the rows of each bin in `bounds`, `int64[bins + 1]` of zeros, after its beginning."""
    for start in range(0, len(reason), max(len(block.bins), 1)):
        stop = min(start + len(block.bins), len(reason))
        address(ids, start, stop, block)
        count_bins(block.bins, reason[start:stop], bounds)


@kernel
def count_bins(bins, reason, bounds):
    """Count the rows of a block whose `reason` is 0."""
    for i in range(len(reason)):
        if reason[i] == 0:
            bounds[bins[i] + np.uint64(1)] += 1


@kernel
def find_bins(ids, reason, n_bins, block, bins):
    """Fill `bins`, `uint16[n]`, with the bin of each row, `n_bins` where it is not counted."""
    for start in range(0, len(reason), max(len(block.bins), 1)):
        stop = min(start + len(block.bins), len(reason))
        address(ids, start, stop, block)
        copy_bins(block.bins, reason[start:stop], n_bins, bins[start:stop])


@kernel
def copy_bins(of_block, reason, n_bins, bins):
    """Fill `bins` with those of a block."""
    for i in range(len(bins)):
        bins[i] = of_block[i] if reason[i] == 0 else np.uint64(n_bins)


@kernel
def address(ids, start, stop, block):
    """Fill a block with the words that find the customers of rows in their tables, and the bins."""
    shift = np.uint64(64) - ids.bin_bits
    if len(ids.words) > 0:
        take_words(ids.words[start:stop], shift, block)
    elif len(ids.texts) > 0:
        mix_pairs(ids, ids.texts[2 * start : 2 * stop], shift, block)
    elif ids.n_ids > np.uint64(0):
        number_ids(ids, ids.bits[start:stop], shift, block)
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
    """Hash integers as `mix` does."""
    for i in range(len(bits)):
        word = mixed(bits[i], ids.mask, ids.multiplier, np.uint64(0))
        block.words[i] = word
        block.bins[i] = word >> shift


@kernel
def number_ids(ids, bits, shift, block):
    """Give integers their numbers from the first on, and hash those that are out of range."""
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
        first, second = texts[np.uint64(2 * i)], texts[np.uint64(2 * i + 1)]
        word, second = mixed_pair(first, second, ids.mask, ids.multiplier)
        block.words[i] = word
        block.seconds[i] = second
        block.bins[i] = word >> shift
