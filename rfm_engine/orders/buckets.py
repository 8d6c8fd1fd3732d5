"""Compute the bucket of a customer: a fixed function of the id, the same in every process."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.options.messages import message
from rfm_engine.orders.keys import IntKeys, SharedKeys, keys_of

MOST_BUCKETS = 1000
_WORD_BYTES = 8


def check_buckets(n_buckets: object) -> None:
    """Check a number of buckets.

    Raises
    ------
    UsageError
        It is not a whole number from 1 to 1000.
    """
    if type(n_buckets) is not int or not 1 <= n_buckets <= MOST_BUCKETS:
        raise UsageError(
            message(
                "{buckets} must be a whole number from 1 to {}; got {}. Try 64.",
                MOST_BUCKETS,
                shown(n_buckets),
            )
        )


def buckets_of(ids: pa.Array, n_buckets: int) -> npt.NDArray[np.uint16]:
    """Return the bucket of each id, numbered from 0.

    The bucket is the remainder of `h ^ (h >> 32)` divided by `n_buckets`, where `h` is the 64-bit
    FNV-1a hash of the bytes of the id (integers: 8 bytes, the lowest first). The hash has no secret
    key, so a person who chooses the ids can put all of them into one bucket. The only effect is
    that one file is larger.
    """
    keys = keys_of(ids)
    assert not isinstance(keys, SharedKeys)
    if isinstance(keys, IntKeys):
        offsets = np.arange(0, _WORD_BYTES * (len(keys.bits) + 1), _WORD_BYTES)
        data = keys.bits.astype("<u8").view(np.uint8)
    else:
        offsets, data = keys.offsets, keys.data
    numbers = np.empty(len(ids), np.uint16)
    number_buckets(frozen(offsets), frozen(data), n_buckets, numbers)
    return numbers


@kernel
def number_buckets(offsets, data, n_buckets, numbers):
    """Write the bucket of each `data[offsets[i]:offsets[i + 1]]` to `numbers`."""
    for i in range(len(numbers)):
        start = np.uint64(offsets[i])
        length = np.uint64(offsets[i + 1]) - start
        mixed = np.uint64(0xCBF29CE484222325)
        for j in range(length):
            mixed = (mixed ^ np.uint64(data[start + np.uint64(j)])) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(32)
        numbers[i] = np.uint16(mixed % np.uint64(n_buckets))
