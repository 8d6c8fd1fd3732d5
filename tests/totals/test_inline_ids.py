"""Ids of one length: their words, the bijection of 128 bits, and their key table."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.kernels.arrays import frozen, worth_sharing
from rfm_engine.orders.hashing import HashKey, unmix_pairs
from rfm_engine.orders.keys import SharedKeys, keys_of
from rfm_engine.totals.buffer.addresses import Block, RowIds, mix_pairs
from rfm_engine.totals.buffer.inline_ids import (
    common_length,
    hash_ids,
    n_words,
    words_of_ids,
)
from rfm_engine.totals.buffer.routing import route
from rfm_engine.totals.tables.inline_keys import InlineTable
from tests.conftest import COMPILED
from tests.totals.test_hashing import byte_keys, siphash_1_3
from tests.totals.waiting_rows import pieces_of

WORD = 2**64 - 1
KEY = HashKey.from_int(7)
LENGTHS = st.integers(1, 32)
PAIRS = st.lists(st.tuples(st.integers(0, WORD), st.integers(0, WORD)), max_size=40)


def counted(n: int) -> np.ndarray:
    return frozen(np.zeros(n, np.uint8))


@st.composite
def ids_of_one_length(draw: st.DrawFn) -> list[bytes]:
    n_bytes = draw(LENGTHS)
    return draw(st.lists(st.binary(min_size=n_bytes, max_size=n_bytes), min_size=1, max_size=40))


def mixed(pairs: np.ndarray, key: HashKey) -> tuple[np.ndarray, np.ndarray]:
    """Hash `uint64[n, 2]` block by block; return the first and the second words."""
    found = []
    nothing = frozen(np.empty(0, np.uint64))
    block = Block.room()
    for start in range(0, len(pairs), len(block.words)):
        part = frozen(pairs[start : start + len(block.words)].reshape(-1).view(np.int64))
        zero = np.uint64(0)
        ids = RowIds(
            nothing, part, 2, nothing, zero, zero, key.mask, key.multiplier, np.uint64(9)
        )  # fmt: skip
        mix_pairs(ids, part, np.uint64(55), block)
        n = len(part) // 2
        found.append((block.words[:n].copy(), block.seconds[:n].copy()))
    firsts, seconds = zip(*found, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds)


@given(PAIRS, st.integers(0, WORD))
def test_unmix_pairs__gives_the_ids_back(pairs, secret):
    key, words = HashKey.from_int(secret), np.array(pairs, np.uint64).reshape(-1, 2)
    if len(words):
        back = np.empty_like(words)
        unmix_pairs(*map(frozen, mixed(words, key)), key.mask, key.multiplier, back)
        assert back.tolist() == words.tolist()


def structured(bits: int) -> dict[str, np.ndarray]:
    """Return ids with a regular structure, `uint64[n, 2]`."""
    counting = np.arange(1 << bits, dtype=np.uint64)
    same = np.full_like(counting, 0x0123456789ABCDEF)
    digits = np.frombuffer(
        b"".join(b"C%09d".ljust(21, b"\0") % number for number in range(1 << bits)), np.uint8
    )
    codes = np.ascontiguousarray(digits.reshape(len(counting), -1)[:, :16]).view(np.uint64)
    ordered = np.frombuffer(
        b"".join(
            uuid.UUID(int=(0x018F << 112) | (number << 80) | (7 << 76)).bytes
            for number in range(1 << bits)
        ),
        np.uint64,
    ).reshape(-1, 2)
    return {
        "first counts": np.stack([counting, same], axis=1),
        "second counts": np.stack([same, counting], axis=1),
        "first counts high": np.stack([counting << np.uint64(64 - bits), same], axis=1),
        "second counts high": np.stack([same, counting << np.uint64(64 - bits)], axis=1),
        "both count": np.stack([counting, counting], axis=1),
        "one up, one down": np.stack([counting, ~counting], axis=1),
        "codes": codes,
        "uuids by time": ordered,
    }


BITS = 16 if COMPILED else 12
FAMILIES = structured(BITS)


@pytest.mark.parametrize("family", FAMILIES)
def test_mixed_pairs__of_structured_ids_spread_over_the_bins(family):
    n = 1 << BITS
    for secret in range(5):
        words, seconds = mixed(FAMILIES[family], HashKey.from_int(secret))
        for hashes, shift in ((words, 58), (words, 52), (words, 49), (words, 20), (seconds, 58)):
            buckets = ((hashes >> np.uint64(shift)) & np.uint64(63)).astype(np.int64)
            counts = np.bincount(buckets, minlength=64)
            # 1024 are expected with a standard deviation of 32. Eight times that is never chance.
            assert abs(counts - n // 64).max() < 8 * (n // 64) ** 0.5, (family, secret, shift)


@pytest.mark.parametrize("family", FAMILIES)
def test_mixed_pairs__change_half_of_their_bits_with_any_one_bit(family):
    words = FAMILIES[family][:: 1 << (BITS - 8)]
    first, _ = mixed(words, KEY)
    for bit in range(128):
        changed = words.copy()
        changed[:, bit >> 6] ^= np.uint64(1 << (bit & 63))
        other, _ = mixed(changed, KEY)
        flipped = np.bitwise_count(first ^ other)
        # 32 of 64 bits are expected; for 256 ids the standard deviation of the mean is 0.25.
        assert abs(float(flipped.mean()) - 32) < 2, (family, bit)


@pytest.mark.parametrize("family", FAMILIES)
def test_mixed_pairs__cannot_be_made_to_meet_without_the_key(family):
    """Ids that collide under one key are spread evenly under another one."""
    words, _ = mixed(FAMILIES[family], HashKey.from_int(1))
    together = np.argsort(words >> np.uint64(40))[:256]
    others, _ = mixed(FAMILIES[family][together], HashKey.from_int(2))
    counts = np.bincount((others >> np.uint64(58)).astype(np.int64), minlength=64)
    assert counts.max() <= 4 + 8 * 2


@given(st.data(), st.sampled_from([3, 4]), st.integers(0, WORD))
def test_hash_ids__is_siphash_of_32_bytes(data, width, secret):
    key = HashKey.from_int(secret)
    ids = st.binary(min_size=8 * width, max_size=8 * width)
    messages = data.draw(st.lists(ids, max_size=20))
    words = frozen(np.frombuffer(b"".join(messages), np.uint64))
    padded = [message.ljust(32, b"\0") for message in messages]
    expected = [siphash_1_3(int(key.mask), int(key.multiplier), each) for each in padded]
    assert hash_ids(words, width, key).tolist() == expected


@given(ids_of_one_length(), st.data())
def test_words_of_ids__are_the_bytes_filled_up_with_zeros(ids, data):
    n_bytes = len(ids[0])
    reason = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(ids), max_size=len(ids))))
    given_ids = [value if why == 0 else None for value, why in zip(ids, reason, strict=True)]
    column = pa.array([b"before", *given_ids], pa.binary()).slice(1)
    encoded = column.dictionary_encode()
    for keys in map(keys_of, [column, *([encoded] if worth_sharing(encoded) else [])]):
        words = words_of_ids(keys.texts, frozen(reason.astype(np.uint8)), n_bytes)
        found = words.reshape(len(ids), n_words(n_bytes))
        for row, (value, why) in enumerate(zip(ids, reason, strict=True)):
            if why == 0:
                assert found[row].tobytes() == value.ljust(8 * n_words(n_bytes), b"\0")


@pytest.mark.parametrize(
    ("ids", "n_bytes"),
    [
        ([b"ab", b"cd"], 2), ([b"ab", b"c"], 0), ([b"", b""], 0), ([b"x" * 32], 32),
        ([b"x" * 33], 0), ([None, b"ab", None], 2), ([None], 0), ([b"ab", None, b"abc"], 0),
    ],
)  # fmt: skip
def test_common_length__looks_at_counted_ids(ids, n_bytes):
    reason = frozen(np.array([value is None for value in ids], np.uint8))
    assert common_length(keys_of(pa.array(ids, pa.binary())), reason) == n_bytes


def test_words_of_ids__need_no_copy_where_they_stand_close():
    column = pa.array([uuid.UUID(int=n).bytes for n in range(5)], pa.uuid()).slice(1)
    keys = keys_of(column)
    words = words_of_ids(keys.texts, counted(4), 16)
    assert np.shares_memory(words, np.frombuffer(column.storage.buffers()[1], np.uint8))
    assert words.tobytes() == b"".join(uuid.UUID(int=n).bytes for n in range(1, 5))


def rows_of(ids: list[bytes]) -> np.ndarray:
    """Return rows in the form for a table: hash word, one unused column, rest of the key."""
    n_bytes = len(ids[0])
    routed = route(byte_keys(ids), counted(len(ids)), KEY, None, n_bytes)
    words = routed.ids.texts.view(np.uint64).reshape(len(ids), -1)
    if n_bytes <= 16:
        first, rest = mixed(words, KEY)
        rest = rest.reshape(-1, 1)
    else:
        first, rest = routed.ids.words, words
    zeros = np.zeros(len(ids), np.uint64)
    return np.column_stack([first, zeros, rest]).view(np.int64)


@given(data=st.data())
def test_assign__numbers_ids_in_order_of_appearance(data):
    n_bytes = data.draw(LENGTHS)
    table = InlineTable(KEY, 6, n_bytes)
    codes: dict[bytes, int] = {}
    few = st.binary(min_size=n_bytes, max_size=n_bytes) | st.sampled_from(
        [bytes(n_bytes), b"\xff" * n_bytes, b"\0" * (n_bytes - 1) + b"a"]
    )
    for ids in data.draw(st.lists(st.lists(few, min_size=1, max_size=60), max_size=4)):
        cuts = data.draw(st.lists(st.integers(0, len(ids)), max_size=3))
        pieces = pieces_of(len(ids), cuts)
        got = table.assign(rows_of(ids), np.zeros(0, np.uint64), pieces, column=2).tolist()
        assert got == [codes.setdefault(value, len(codes)) for value in ids]
    assert table.n == len(codes)
    assert table.keys().to_arrow(pa.binary()).to_pylist() == list(codes)


@pytest.mark.parametrize("family", FAMILIES)
def test_table__probes_stay_short_whatever_the_ids(family):
    n = 20_000 if COMPILED else 2_000
    words = FAMILIES[family][:n]
    table = InlineTable(KEY, 0, 16)
    first, rest = mixed(words, KEY)
    rows = np.column_stack([first, rest]).view(np.int64)
    table.assign(np.ascontiguousarray(rows), np.zeros(0, np.uint64), pieces_of(len(rows), []), 1)
    index = table._index
    home = (index.hashes[: table.n] >> index.shift).astype(np.int64)
    at = np.flatnonzero(index.slots)
    distance = (at - home[index.slots[at] - 1]) % len(index.slots)
    # Linear probing at 70% load: 1.2 steps on average for random hashes.
    assert distance.mean() < 3


def test_shared_ids__have_the_words_of_their_rows():
    values = byte_keys([b"a" * 16, b"b" * 16])
    keys = SharedKeys(values, frozen(np.array([1, 0, 1])))
    words = words_of_ids(keys, counted(3), 16)
    assert words.tobytes() == b"b" * 16 + b"a" * 16 + b"b" * 16
