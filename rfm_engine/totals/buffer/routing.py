"""Which bin a row goes to, and the word that finds its customer there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, IntKeys, RowKeys
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS
from rfm_engine.totals.tables.dense_ids import DenseRange
from rfm_engine.totals.tables.hashing import Hashes, HashKey, hash_keys, mixed


class Route(NamedTuple):
    """Where the rows of a batch go: `words` is `uint64[n]`, `bins` `uint16[n]`.

    Bins `0:N_BINS` are those of hashed customers, by the first bits of the hash; the next
    `N_BINS`, where there are any, those of customers addressed directly. `bounds`,
    `int64[bins + 1]`, says where each bin begins when rows stand sorted; rows in the bin after
    the last are not counted.
    """

    words: Hashes
    bins: npt.NDArray[np.uint16]
    bounds: npt.NDArray[np.int64]

    @property
    def n_counted(self) -> int:
        """Rows in bins."""
        return int(self.bounds[-1])


def route(
    keys: RowKeys, reason: npt.NDArray[np.uint8], key: HashKey, dense: DenseRange | None
) -> Route:
    """Find the bin of every row whose reason is 0."""
    bins = np.empty(len(reason), np.uint16)
    shift = np.uint64(64 - BIN_BITS)
    if dense is None or not isinstance(keys, IntKeys):
        words = _words(keys, key, shift)
        bounds = np.zeros(N_BINS + 2, np.int64)
        bin_hashes(words, reason, shift, bins, bounds)
    else:
        words = np.empty(len(reason), np.uint64)
        bounds = np.zeros(2 * N_BINS + 2, np.int64)
        bin_ids(
            keys.bits, reason, np.uint64(dense.first), np.uint64(dense.n_ids), np.uint64(BIN_BITS),
            key.mask, key.multiplier, words, bins, bounds,
        )  # fmt: skip
    np.cumsum(bounds, out=bounds)
    return Route(words, bins, bounds[:-1])


def _words(keys: RowKeys, key: HashKey, shift: np.uint64) -> Hashes:
    """Hash keys; the bits that choose the bin are those of the owners, where there are any."""
    if key.owners is None:
        return hash_keys(keys, key)
    assert isinstance(keys, ByteKeys)
    owners = hash_keys(key.owners(keys), key)
    words = np.empty(len(owners), np.uint64)
    join_hashes(owners, hash_keys(keys, key), shift, words)
    return frozen(words)


@kernel
def join_hashes(first, last, shift, hashes):
    """Fill `hashes` with the bits of `first` from `shift` on, and below with those of `last`."""
    below = (np.uint64(1) << shift) - np.uint64(1)
    for i in range(len(hashes)):
        hashes[i] = (first[i] & ~below) | (last[i] & below)


@kernel
def bin_hashes(hashes, reason, shift, bins, bounds):
    """Fill `bins`, and count the rows of each in `bounds`, `int64[bins + 2]` of zeros."""
    trash = len(bounds) - 2
    for i in range(len(hashes)):
        b = hashes[i] >> shift if reason[i] == 0 else np.uint64(trash)
        bins[i] = b
        bounds[b + np.uint64(1)] += 1


@kernel
def bin_ids(bits, reason, first, n_ids, bin_bits, mask, multiplier, words, bins, bounds):
    """Fill `words` and do as `bin_hashes`; an id outside of the range is hashed as by `mix`."""
    trash = len(bounds) - 2
    n_bins = np.uint64(1) << bin_bits
    for i in range(len(bits)):
        d = bits[i] - first
        if d < n_ids:
            words[i] = d >> bin_bits
            b = n_bins + (d & (n_bins - np.uint64(1)))
        else:
            h = mixed(bits[i], mask, multiplier, np.uint64(0))
            words[i] = h
            b = h >> (np.uint64(64) - bin_bits)
        if reason[i] != 0:
            b = np.uint64(trash)
        bins[i] = b
        bounds[b + np.uint64(1)] += 1
