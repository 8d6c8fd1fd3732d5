"""The hashes: SipHash as published, and a bijection on integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.hashing import HashKey, unhash_words
from rfm_engine.orders.keys import ByteKeys, IntKeys
from tests.conftest import COMPILED

WORD = 2**64 - 1
ids = st.lists(st.integers(0, WORD), max_size=50)
secrets = st.integers(0, WORD)


def int_keys(values):
    return IntKeys(frozen(np.array(values, np.uint64)))


def byte_keys(values):
    ends = np.cumsum([0, *map(len, values)], dtype=np.int64)
    return ByteKeys(frozen(ends), frozen(np.frombuffer(b"".join(values), np.uint8)))


def siphash_1_3(key0, key1, message):
    """SipHash-c-d of Aumasson and Bernstein, figure 2.1, with c = 1 and d = 3."""
    v = [
        key0 ^ 0x736F6D6570736575,
        key1 ^ 0x646F72616E646F6D,
        key0 ^ 0x6C7967656E657261,
        key1 ^ 0x7465646279746573,
    ]

    def rotate(i, bits):
        v[i] = (v[i] << bits | v[i] >> (64 - bits)) & WORD

    def add(i, j):
        v[i] = (v[i] + v[j]) & WORD

    def sip_round():
        for i, j, turn, other in ((0, 1, 13, 32), (2, 3, 16, 0), (0, 3, 21, 0), (2, 1, 17, 32)):
            add(i, j)
            rotate(j, turn)
            v[j] ^= v[i]
            rotate(i, other)

    whole = len(message) // 8 * 8
    last = message[whole:].ljust(7, b"\0") + bytes([len(message) % 256])
    for start in range(0, whole + 8, 8):
        word = int.from_bytes(last if start == whole else message[start : start + 8], "little")
        v[3] ^= word
        sip_round()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(3):
        sip_round()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


@given(st.lists(st.binary(max_size=40), max_size=20), secrets)
def test_hash__bytes_are_siphash_1_3(messages, secret):
    key = HashKey.from_int(secret)
    expected = [siphash_1_3(int(key.mask), int(key.multiplier), m) for m in messages]
    assert byte_keys(messages).hash(key).tolist() == expected


@given(ids, secrets)
def test_unhash__gives_the_integers_back(values, secret):
    key = HashKey.from_int(secret)
    assert unhash_words(int_keys(values).hash(key), key).tolist() == values


def test_hash__structured_ids_spread_over_the_partitions():
    bits = 16 if COMPILED else 13
    n = 1 << bits
    counting = np.arange(n, dtype=np.uint64)
    families = {
        "sequential": counting,
        "strided": counting << np.uint64(40),
        "equal low bits": (counting << np.uint64(48)) | np.uint64(12345),
        "equal high bits": counting | np.uint64(0xABCD << 48),
        "bit-reversed": np.array(
            [int(f"{i:0{bits}b}"[::-1], 2) << (64 - bits) for i in range(n)], np.uint64
        ),
    }
    for name, values in families.items():
        for secret in range(5):
            hashes = int_keys(values).hash(HashKey.from_int(secret))
            for shift in (58, 52, 20):
                buckets = (hashes >> np.uint64(shift)) & np.uint64(63)
                counts = np.bincount(buckets.astype(np.int64), minlength=64)
                # 1024 are expected, standard deviation 32. Eight times that is never chance.
                assert abs(counts - n // 64).max() < 8 * (n // 64) ** 0.5, (name, secret, shift)
