"""Assign rows to bins, and compute the word by which a table finds the customer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Integers, Marks
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import IntKeys, RowKeys
from rfm_engine.totals.buffer.addresses import RowIds
from rfm_engine.totals.buffer.inline_ids import PAIR_BYTES, hash_ids, n_words, words_of_ids
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS
from rfm_engine.totals.buffer.scatter import count_rows, find_bins
from rfm_engine.totals.tables.dense_ids import DenseRange

_NO_WORDS = frozen(np.empty(0, np.uint64))
_NO_NUMBERS = frozen(np.empty(0, np.int64))


class Route(NamedTuple):
    """The bins of the rows of a batch.

    Bins `0:N_BINS` are for hashed customers, by the first bits of the hash. The next `N_BINS`, if
    they exist, are for customers that are addressed directly. `bounds`, `int64[bins + 1]`, has the
    start of each bin after the rows with `reason` 0 are sorted by bin.
    """

    ids: RowIds
    reason: Marks
    bounds: Integers

    @property
    def n_counted(self) -> int:
        """Number of counted rows."""
        return int(self.bounds[-1])

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.bounds) - 1

    def bins(self) -> npt.NDArray[np.uint16]:
        """Return the bin of each row, or `n_bins` if it is not counted."""
        return find_bins(self.ids, self.reason, self.n_bins)


def route(
    keys: RowKeys, reason: Marks, key: HashKey, dense: DenseRange | None, id_bytes: int = 0
) -> Route:
    """Assign rows with `reason` 0 to bins. All ids have `id_bytes` bytes, unless that is 0."""
    words = bits = _NO_WORDS
    texts = _NO_NUMBERS
    first = n_ids = 0
    if id_bytes and keys.texts is not None:
        of_ids = words_of_ids(keys.texts, reason, id_bytes)
        if id_bytes > PAIR_BYTES:
            words = hash_ids(of_ids, n_words(id_bytes), key)
        texts = frozen(of_ids.view(np.int64))
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
    count_rows(ids, reason, bounds[1:])
    np.cumsum(bounds, out=bounds)
    return Route(ids, reason, bounds)


def _words(keys: RowKeys, key: HashKey) -> Hashes:
    """Hash keys; if there are owners, their hashes provide the bits that choose the bin."""
    if key.owners is None:
        return keys.hash(key)
    owners = key.owners(keys.plain()).hash(key)
    words = np.empty(len(owners), np.uint64)
    join_hashes(owners, keys.hash(key), np.uint64(64 - BIN_BITS), words)
    return frozen(words)


@kernel
def join_hashes(first, last, shift, hashes):
    """Fill `hashes` with the bits of `first` from bit `shift` up, and of `last` below it."""
    below = (np.uint64(1) << shift) - np.uint64(1)
    for i in range(len(hashes)):
        hashes[i] = (first[i] & ~below) | (last[i] & below)
