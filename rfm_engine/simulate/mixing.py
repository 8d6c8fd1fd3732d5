"""Hash functions that return pseudo-random numbers."""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels.types import Words

_LOW_63 = np.uint64(2**63 - 1)


def mix_64(numbers: Words, key: int = 0) -> Words:
    """Map 64-bit numbers one to one to other numbers, with a key (finaliser of splitmix64)."""
    mixed = numbers + np.uint64(key)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def mix_63(numbers: Words) -> Words:
    """Map 63-bit numbers one to one to others; each step is a bijection modulo 2**63."""
    mixed = (numbers + np.uint64(0x9E3779B97F4A7C15)) & _LOW_63
    mixed ^= mixed >> np.uint64(32)
    mixed = (mixed * np.uint64(0xD6E8FEB86659FD93)) & _LOW_63
    mixed ^= mixed >> np.uint64(32)
    mixed = (mixed * np.uint64(0xD6E8FEB86659FD93)) & _LOW_63
    mixed ^= mixed >> np.uint64(32)
    return mixed


def key_of(*words: int) -> int:
    """Return a 64-bit key for some small numbers."""
    key = 0x9E3779B97F4A7C15
    for word in words:
        key = int(mix_64(np.array([key ^ (word % 2**64)], np.uint64))[0])
    return key


def bits(numbers: Words, start: int, count: int) -> Words:
    """Return `count` bits of each number, starting at bit `start`."""
    return (numbers >> np.uint64(start)) & np.uint64(2**count - 1)


def skewed(numbers: Words, n: int) -> Words:
    """Map random numbers to numbers below `n` with a power law; small numbers are most frequent.

    The exponent is 2.25. It uses only multiplication and square roots, because every processor
    rounds these in the same way.
    """
    share = (numbers >> np.uint64(11)) * 2.0**-53
    places: Words = (share * share * np.sqrt(np.sqrt(share)) * n).astype(np.uint64)
    return places
