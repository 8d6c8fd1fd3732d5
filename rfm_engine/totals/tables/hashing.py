"""Keyed hashing: an adversary who chooses the ids cannot choose where they land."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.words import last_word, word_at
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys, RowKeys, SharedKeys

Hashes: TypeAlias = npt.NDArray[np.uint64]

_WORD = (1 << 64) - 1


class HashKey(NamedTuple):
    """128 secret bits; `multiplier` is odd, so that multiplying by it can be undone.

    `owners`, where there is one, gives those by whose hash keys go to bins instead of their own: of
    the days of customers the customers, so that all days of one stand in one bin.
    """

    mask: np.uint64
    multiplier: np.uint64
    owners: Callable[[ByteKeys], Keys] | None = None

    @classmethod
    def from_int(cls, secret: int) -> HashKey:
        """Spread a small integer over both words (splitmix64)."""
        return cls(np.uint64(_spread(2 * secret)), np.uint64(_spread(2 * secret + 1) | 1))


def hash_keys(keys: RowKeys, key: HashKey) -> Hashes:
    """Hash every key to 64 bits, read-only; on integers the hash is a bijection."""
    if isinstance(keys, SharedKeys):
        return frozen(hash_keys(keys.values, key)[keys.indices])
    if isinstance(keys, IntKeys):
        hashes = np.empty(len(keys.bits), np.uint64)
        mix(keys.bits, key.mask, key.multiplier, hashes)
    else:
        hashes = np.empty(len(keys.offsets) - 1, np.uint64)
        siphash(keys.offsets, keys.data, key.mask, key.multiplier, hashes)
    return frozen(hashes)


def unhash_ints(hashes: Hashes, key: HashKey) -> IntKeys:
    """Give back the integers that `hash_keys` hashed."""
    bits = np.empty(len(hashes), np.uint64)
    inverse = np.uint64(pow(int(key.multiplier), -1, 1 << 64))
    unmix(frozen(hashes), key.mask, inverse, bits)
    return IntKeys(frozen(bits))


def key_at(keys: Keys, row: int) -> int | bytes:
    """One key as a Python value, integers by their unsigned 64 bits."""
    if isinstance(keys, ByteKeys):
        return keys.data[keys.offsets[row] : keys.offsets[row + 1]].tobytes()
    return int(keys.bits[row])


@kernel
def mix(bits, mask, multiplier, hashes):
    """Hash integers, `uint64[n]` to `uint64[n]`."""
    for i in range(len(bits)):
        hashes[i] = mixed(bits[i], mask, multiplier, np.uint64(0))


@kernel
def mixed(bits, mask, multiplier, more):
    """Return two keyed multiply-xorshift rounds of an integer, one to one for the same `more`."""
    x = bits ^ mask
    x ^= x >> np.uint64(32)
    x *= np.uint64(0xD6E8FEB86659FD93)
    x ^= (x >> np.uint64(29)) + more
    x *= multiplier
    return x ^ (x >> np.uint64(32))


@kernel
def unmix(hashes, mask, inverse, bits):
    """Undo `mix`, given the multiplier's inverse modulo 2^64."""
    for i in range(len(hashes)):
        x = hashes[i]
        x ^= x >> np.uint64(32)
        x *= inverse
        x ^= (x >> np.uint64(29)) ^ (x >> np.uint64(58))
        x *= np.uint64(0xCFEE444D8B59A89B)
        x ^= x >> np.uint64(32)
        bits[i] = x ^ mask


@kernel
def siphash(offsets, data, key0, key1, hashes):
    """SipHash-1-3 (Aumasson and Bernstein 2012) of every byte string: `uint64[n]`."""
    for i in range(len(hashes)):
        at = np.uint64(offsets[i])
        length = np.uint64(offsets[i + 1]) - at
        v0 = key0 ^ np.uint64(0x736F6D6570736575)
        v1 = key1 ^ np.uint64(0x646F72616E646F6D)
        v2 = key0 ^ np.uint64(0x6C7967656E657261)
        v3 = key1 ^ np.uint64(0x7465646279746573)
        for _ in range(length >> np.uint64(3)):
            word = word_at(data, at)
            at += np.uint64(8)
            v0, v1, v2, v3 = sip_round(v0, v1, v2, v3 ^ word)
            v0 ^= word
        word = length << np.uint64(56) | last_word(data, at, length & np.uint64(7))
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3 ^ word)
        v0, v1, v2, v3 = sip_round(v0 ^ word, v1, v2 ^ np.uint64(0xFF), v3)
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
        v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
        hashes[i] = v0 ^ v1 ^ v2 ^ v3


@kernel
def sip_round(v0, v1, v2, v3):
    """Return the state after one round."""
    v0 += v1
    v1 = (v1 << np.uint64(13)) | (v1 >> np.uint64(51))
    v1 ^= v0
    v0 = (v0 << np.uint64(32)) | (v0 >> np.uint64(32))
    v2 += v3
    v3 = (v3 << np.uint64(16)) | (v3 >> np.uint64(48))
    v3 ^= v2
    v0 += v3
    v3 = (v3 << np.uint64(21)) | (v3 >> np.uint64(43))
    v3 ^= v0
    v2 += v1
    v1 = (v1 << np.uint64(17)) | (v1 >> np.uint64(47))
    v1 ^= v2
    v2 = (v2 << np.uint64(32)) | (v2 >> np.uint64(32))
    return v0, v1, v2, v3


def _spread(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & _WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _WORD
    return x ^ (x >> 31)
