"""Hash ids with a secret key, so that a person who chooses the ids cannot choose the hashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Bytes, Hashes, Integers, Words
from rfm_engine.kernels.words import last_word, word_at

if TYPE_CHECKING:
    from rfm_engine.orders.keys import Keys

_WORD = (1 << 64) - 1
# The fractional digits of pi in hexadecimal, so that the constants are not an arbitrary choice.
FIRST_ROUND = np.uint64(0x243F6A8885A308D3)
SECOND_ROUND = np.uint64(0x13198A2E03707344)
THIRD_ROUND = np.uint64(0xA4093822299F31D0)


class HashKey(NamedTuple):
    """A secret key of 128 bits.

    Attributes
    ----------
    mask
        The first 64 bits.
    multiplier
        The other 64 bits. It is odd, so that a multiplication by it can be inverted.
    owners
        If it is not None, keys are assigned to bins by the hash of `owners(keys)` instead of their
        own hash. For keys of customers and days it returns the customers, so that all days of a
        customer are in the same bin.
    """

    mask: np.uint64
    multiplier: np.uint64
    owners: Callable[[Keys], Keys] | None = None

    @classmethod
    def from_int(cls, secret: int) -> HashKey:
        """Create a key from a small integer (splitmix64)."""
        return cls(np.uint64(_spread(2 * secret)), np.uint64(_spread(2 * secret + 1) | 1))


def hash_words(words: Words, key: HashKey) -> Hashes:
    """Return the hashes of 64-bit words, read-only; the hash is a bijection."""
    hashes = np.empty(len(words), np.uint64)
    mix(words, key.mask, key.multiplier, hashes)
    return frozen(hashes)


def unhash_words(hashes: Hashes, key: HashKey) -> Words:
    """Return the words that have these hashes, read-only: the inverse of `hash_words`."""
    words = np.empty(len(hashes), np.uint64)
    inverse = np.uint64(pow(int(key.multiplier), -1, 1 << 64))
    unmix(frozen(hashes), key.mask, inverse, words)
    return frozen(words)


def hash_texts(offsets: Integers, data: Bytes, key: HashKey) -> Hashes:
    """Return a 64-bit hash of every `data[offsets[i]:offsets[i + 1]]`, read-only."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    siphash(offsets, data, key.mask, key.multiplier, hashes)
    return frozen(hashes)


@kernel
def mix(bits, mask, multiplier, hashes):
    """Hash integers, `uint64[n]` to `uint64[n]`."""
    for i in range(len(bits)):
        hashes[i] = mixed(bits[i], mask, multiplier, np.uint64(0))


@kernel
def mixed(bits, mask, multiplier, more):
    """Apply two keyed multiply-xorshift rounds to an integer; a bijection for a fixed `more`."""
    x = bits ^ mask
    x ^= x >> np.uint64(32)
    x *= np.uint64(0xD6E8FEB86659FD93)
    x ^= (x >> np.uint64(29)) + more
    x *= multiplier
    return x ^ (x >> np.uint64(32))


@kernel
def mixed_pair(first, second, mask, multiplier):
    """Return a keyed bijection of 128 bits; the first word is used as the hash.

    Three rounds of a Feistel network (Luby and Rackoff 1988) with `mixed` as round function.
    """
    first ^= mixed(second, mask, multiplier, FIRST_ROUND)
    second ^= mixed(first, mask, multiplier, SECOND_ROUND)
    return first ^ mixed(second, mask, multiplier, THIRD_ROUND), second


@kernel
def unmix_pairs(firsts, seconds, mask, multiplier, words):
    """Invert `mixed_pair`: fill `words`, `uint64[n, 2]`."""
    for i in range(len(firsts)):
        second = seconds[i]
        first = firsts[i] ^ mixed(second, mask, multiplier, THIRD_ROUND)
        second ^= mixed(first, mask, multiplier, SECOND_ROUND)
        words[i, 0] = first ^ mixed(second, mask, multiplier, FIRST_ROUND)
        words[i, 1] = second


@kernel
def unmix(hashes, mask, inverse, bits):
    """Invert `mix`; `inverse` is the inverse of the multiplier modulo 2^64."""
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
    """Fill `hashes`, `uint64[n]`, with SipHash-1-3 (Aumasson and Bernstein 2012) of each id."""
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
def siphash_words(words, n_words, key0, key1, hashes):
    """Hash texts of 3 or 4 words; the hashes are those that `siphash` returns for 4 words.

    With 3 words, the fourth word is zero. The rounds are unrolled, and each number of words has its
    own loop, so that LLVM hashes several texts per vector: 3 ns per text. `siphash` takes 10 ns.
    """
    if n_words == 3:
        for i in range(len(hashes)):
            first, second, third = words[3 * i], words[3 * i + 1], words[3 * i + 2]
            hashes[i] = siphash_four((first, second, third, np.uint64(0)), key0, key1)
    else:
        for i in range(len(hashes)):
            first, second, third = words[4 * i], words[4 * i + 1], words[4 * i + 2]
            hashes[i] = siphash_four((first, second, third, words[4 * i + 3]), key0, key1)


@kernel
def siphash_four(words, key0, key1):
    """Hash a text of four words."""
    first, second, third, fourth = words
    v0 = key0 ^ np.uint64(0x736F6D6570736575)
    v1 = key1 ^ np.uint64(0x646F72616E646F6D)
    v2 = key0 ^ np.uint64(0x6C7967656E657261)
    v3 = key1 ^ np.uint64(0x7465646279746573)
    v0, v1, v2, v3 = sip_word(v0, v1, v2, v3, first)
    v0, v1, v2, v3 = sip_word(v0, v1, v2, v3, second)
    v0, v1, v2, v3 = sip_word(v0, v1, v2, v3, third)
    v0, v1, v2, v3 = sip_word(v0, v1, v2, v3, fourth)
    v0, v1, v2, v3 = sip_word(v0, v1, v2, v3, np.uint64(32 << 56))
    v0, v1, v2, v3 = sip_round(v0, v1, v2 ^ np.uint64(0xFF), v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@kernel
def sip_word(v0, v1, v2, v3, word):
    """Return the state after one word of the text."""
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3 ^ word)
    return v0 ^ word, v1, v2, v3


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
