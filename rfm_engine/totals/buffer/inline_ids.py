"""Byte ids of one length, which stand in the rows themselves: uuids, digests, codes.

Where an id stands elsewhere, its row has the place, and every look at it is another miss of the
cache: rows of 10 M uuids took 88 ns each to be placed and found, 29 like this. Ids are filled up
with zeros to 16 or 32 bytes. The shorter ones are mixed one to one: the first half is the word that
finds the customer, the second stands in the row. The longer ones stand in the row as they are, next
to their hash.
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
    """Return how many words such an id takes, filled up with zeros."""
    return 2 if n_bytes <= PAIR_BYTES else 4


def common_length(keys: ByteKeys, reason: Marks) -> int:
    """Return the bytes of each counted id, 0 where they differ or are none, or too many."""
    counted = np.flatnonzero(reason == 0)
    if not len(counted):
        return 0
    first = counted[0]
    n_bytes = int(keys.offsets[first + 1] - keys.offsets[first])
    return n_bytes if n_bytes <= MOST_BYTES and are_of_length(keys, reason, n_bytes) else 0


def are_of_length(keys: ByteKeys | SharedKeys, reason: Marks, n_bytes: int) -> bool:
    """Tell whether all counted ids, or all that rows share, have so many bytes."""
    if isinstance(keys, SharedKeys):
        keys, reason = keys.values, frozen(np.zeros(len(keys.values), np.uint8))
    return bool(have_length(frozen(keys.offsets), reason, n_bytes))


def words_of_ids(keys: ByteKeys | SharedKeys, reason: Marks, n_bytes: int) -> Words:
    """Return the ids of counted rows as words, `uint64[n * words]`, without a copy where it can be.

    What stands in other rows means nothing.
    """
    width, n, values = n_words(n_bytes), len(keys), keys.values
    if 8 * width == n_bytes and keys.indices is None:
        first, last = int(values.offsets[0]), int(values.offsets[-1])
        every = frozen(np.zeros(n, np.uint8)) if reason.any() else reason
        if last - first == n * n_bytes and are_of_length(values, every, n_bytes):
            close = frozen(values.data[first:last])
            return frozen(close.view(np.uint64))  # a copy where they are not aligned
    starts = keys.spans[0]
    words = np.zeros(n * width, np.uint64)
    copy_ids(frozen(values.data), frozen(starts), reason, np.uint64(n_bytes), width, words)
    return frozen(words)


def hash_ids(words: Words, key: HashKey) -> Hashes:
    """Hash ids of four words."""
    hashes = np.empty(len(words) >> 2, np.uint64)
    siphash_words(words, key.mask, key.multiplier, hashes)
    return frozen(hashes)


@kernel
def have_length(offsets, reason, n_bytes):
    """Tell whether ids whose `reason` is 0 have such a length."""
    n_odd = 0
    for i in range(len(reason)):
        n_odd += (reason[i] == 0) & (offsets[i + 1] - offsets[i] != n_bytes)
    return n_odd == 0


@kernel
def copy_ids(data, starts, reason, n_bytes, width, words):
    """Copy ids whose `reason` is 0 to `words`, which are zeros, `width` of them each."""
    for i in range(len(reason)):
        if reason[i] == 0:
            start = np.uint64(starts[i])
            for number in range((n_bytes + np.uint64(7)) >> np.uint64(3)):
                words[i * width + np.int64(number)] = word_of(data, start, n_bytes, number)
