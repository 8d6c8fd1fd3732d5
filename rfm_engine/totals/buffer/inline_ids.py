"""Byte ids that all have the same length, stored in the buffered rows: uuids, digests, codes.

If a row only holds an offset to its id, every access to the id is another cache miss: buffering and
finding 10 M uuids took 88 ns per row, and 29 ns with the ids in the rows. Ids are padded with zeros
to 16, 24 or 32 bytes. An id of 16 bytes is hashed by a bijection to two words: the first one is the
hash word of the row, the second one is stored in the row. A longer id is stored in the row
unchanged, together with its hash.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Hashes, Marks, Words
from rfm_engine.kernels.words import word_of
from rfm_engine.orders.hashing import HashKey, siphash_words
from rfm_engine.orders.keys import ByteKeys, SharedKeys

PAIR_BYTES = 16
MOST_BYTES = 32


def n_words(n_bytes: int) -> int:
    """Return the number of 8-byte words of a padded id."""
    return max((n_bytes + 7) // 8, 2)


def common_length(keys: ByteKeys, reason: Marks) -> int:
    """Return the length that all counted ids have, or 0 if they differ or are too long."""
    counted = np.flatnonzero(reason == 0)
    if not len(counted):
        return 0
    first = counted[0]
    n_bytes = int(keys.offsets[first + 1] - keys.offsets[first])
    return n_bytes if n_bytes <= MOST_BYTES and are_of_length(keys, reason, n_bytes) else 0


def are_of_length(keys: ByteKeys | SharedKeys, reason: Marks, n_bytes: int) -> bool:
    """Return whether every counted id has `n_bytes` bytes; of shared ids, every value."""
    if isinstance(keys, SharedKeys):
        keys, reason = keys.values, frozen(np.zeros(len(keys.values), np.uint8))
    return bool(have_length(frozen(keys.offsets), reason, n_bytes))


def words_of_ids(keys: ByteKeys | SharedKeys, reason: Marks, n_bytes: int) -> Words:
    """Return padded ids as `uint64[n * words]`; values of rows that are not counted are arbitrary.

    Does not copy ids of exactly 16, 24 or 32 bytes that are stored one after the other.
    """
    width, n, values = n_words(n_bytes), len(keys), keys.values
    if 8 * width == n_bytes and keys.indices is None:
        first, last = int(values.offsets[0]), int(values.offsets[-1])
        every = frozen(np.zeros(n, np.uint8)) if reason.any() else reason
        if last - first == n * n_bytes and are_of_length(values, every, n_bytes):
            close = frozen(values.data[first:last])
            return frozen(close.view(np.uint64))  # copies if they are not aligned
    starts = keys.spans[0]
    words = np.zeros(n * width, np.uint64)
    copy_ids(frozen(values.data), frozen(starts), reason, np.uint64(n_bytes), width, words)
    return frozen(words)


def hash_ids(words: Words, width: int, key: HashKey) -> Hashes:
    """Hash ids that are padded to `width` words, 3 or 4."""
    hashes = np.empty(len(words) // width, np.uint64)
    siphash_words(words, width, key.mask, key.multiplier, hashes)
    return frozen(hashes)


@kernel
def have_length(offsets, reason, n_bytes):
    """Return whether all ids with `reason` 0 have this length."""
    n_odd = 0
    for i in range(len(reason)):
        n_odd += (reason[i] == 0) & (offsets[i + 1] - offsets[i] != n_bytes)
    return n_odd == 0


@kernel
def copy_ids(data, starts, reason, n_bytes, width, words):
    """Copy the ids with `reason` 0 to `words`, zeros, `width` words per id."""
    for i in range(len(reason)):
        if reason[i] == 0:
            start = np.uint64(starts[i])
            for number in range((n_bytes + np.uint64(7)) >> np.uint64(3)):
                words[i * width + np.int64(number)] = word_of(data, start, n_bytes, number)
