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
_BLOCK_ROWS = 1024


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
    numbers = np.empty(len(ids), np.uint16)
    if isinstance(keys, IntKeys):
        block = np.empty(_BLOCK_ROWS, np.uint64)
        number_integers(frozen(keys.bits), n_buckets, block, numbers)
    else:
        number_buckets(frozen(keys.offsets), frozen(keys.data), n_buckets, numbers)
    return numbers


@kernel
def number_integers(words, n_buckets, block, numbers):
    """Write the bucket of each integer to `numbers`; `block` is scratch memory.

    The remainders have a loop of their own, so that the compiler hashes many rows at once.
    """
    for start in range(0, len(words), max(len(block), 1)):
        some = words[start : start + len(block)]
        hash_integers(some, block)
        find_remainders(block[: len(some)], n_buckets, numbers[start : start + len(some)])


@kernel
def find_remainders(mixes, n_buckets, numbers):
    """Write the remainder of each 64-bit number divided by at most 1,000 to `numbers`.

    The halves of a number are divided one after the other as doubles, which are exact below 2^53.
    The product with the inverse is at most 1 away from the quotient. Many rows at once take a
    third of the time of integer divisions.
    """
    divisor = np.float64(n_buckets)
    inverse = 1.0 / divisor
    for i in range(len(mixes)):
        high = np.float64(mixes[i] >> np.uint64(32))
        high -= np.floor(high * inverse) * divisor
        high += divisor if high < 0.0 else 0.0
        high -= divisor if high >= divisor else 0.0
        rest = high * 4294967296.0 + np.float64(mixes[i] & np.uint64(0xFFFFFFFF))
        rest -= np.floor(rest * inverse) * divisor
        rest += divisor if rest < 0.0 else 0.0
        rest -= divisor if rest >= divisor else 0.0
        numbers[i] = np.uint16(rest)


@kernel
def hash_integers(words, mixes):
    """Write the mixed hash of each integer to `mixes`."""
    prime, low = np.uint64(0x100000001B3), np.uint64(0xFF)
    for i in range(len(words)):
        word = words[i]
        mixed = (np.uint64(0xCBF29CE484222325) ^ (word & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(8)) & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(16)) & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(24)) & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(32)) & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(40)) & low)) * prime
        mixed = (mixed ^ ((word >> np.uint64(48)) & low)) * prime
        mixed = (mixed ^ (word >> np.uint64(56))) * prime
        mixes[i] = mixed ^ (mixed >> np.uint64(32))


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
