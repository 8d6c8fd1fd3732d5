"""Distinct pairs: each is counted once, memory is limited, and searches are short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.buffer.rows import Layout
from rfm_engine.totals.tables import pairs as pairs_module
from rfm_engine.totals.tables.keys import slot_shift
from rfm_engine.totals.tables.pairs import Columns, Pairs, keep_distinct
from rfm_engine.totals.tables.slots import Slots
from tests.totals.waiting_rows import pieces_of

KEY = HashKey.from_int(7)
FEWEST = 4
PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)),
    max_size=80,
)
N = 1 << 12
NUMBERS = np.arange(N)


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterator[None]:
    """Remove repeats after only a few pairs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "_FEWEST", FEWEST)
        patch.setattr(pairs_module, "_MOST_A_CALL", 7)
        yield


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    codes = np.array([code for code, _ in pairs], np.uint32)
    return codes, np.array([value for _, value in pairs], np.int64)


def listed(held: Pairs) -> list[tuple[int, int]]:
    codes, values = held.entries()
    return list(zip(codes.tolist(), values.tolist(), strict=True))


@given(PAIRS)
def test_pairs__count_each_once_in_order_of_appearance(pairs):
    held = Pairs(KEY)
    parts = [pairs[::2], pairs[1::2], pairs]
    for part in parts:
        held.add(*arrays(part))
    assert listed(held) == list(dict.fromkeys(parts[0] + parts[1]))
    counts = held.counts(6).tolist()
    assert counts == [sum(code == c for code, _ in set(pairs)) for c in range(6)]


@given(PAIRS, st.data())
def test_pairs__take_the_purchases_with_an_order_id(pairs, data):
    codes, values = arrays(pairs)
    layout = Layout(of_bytes=True, orders="int", narrow=data.draw(st.booleans()))
    rows = np.zeros((len(pairs), layout.width), np.int64)
    amounts = data.draw(st.lists(st.integers(-4, 3), min_size=len(pairs), max_size=len(pairs)))
    rows[:, layout.amount_column] = amounts
    rows[:, layout.order_column] = values
    cuts = data.draw(st.lists(st.integers(0, len(pairs)), max_size=3))
    pieces = pieces_of(len(pairs), cuts, data.draw(st.permutations(range(len(cuts) + 1))))
    ranges = zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True)
    turn = [row for start, end in ranges for row in range(start, end)]
    held = Pairs(KEY)
    for _ in range(2):
        held.add_column(codes[turn], rows, layout, pieces)
    # The lowest bit is set if a row is an order by itself.
    picked = [pairs[row] for row in turn if amounts[row] >= 0 and amounts[row] % 2 == 0]
    assert listed(held) == list(dict.fromkeys(picked))


@given(st.lists(PAIRS, max_size=8))
def test_pairs__hold_at_most_as_many_repeats_as_distinct_ones(parts):
    held = Pairs(KEY)
    seen: set[tuple[int, int]] = set()
    for part in parts:
        held.add(*arrays(part))
        seen.update(part)
        assert held.nbytes <= 12 * max(2 * len(seen), FEWEST)
    held.settle()
    assert held.nbytes == 12 * len(seen)


def bit_reversed(n_bits: int) -> np.ndarray:
    texts = [f"{number:012b}"[::-1] for number in NUMBERS.tolist()]
    return np.array([int(text, 2) for text in texts]) << (n_bits - 12)


@pytest.mark.parametrize(
    ("codes", "values"),
    [
        (NUMBERS // 6, NUMBERS),
        (NUMBERS // 6, NUMBERS << 20),
        (NUMBERS // 6, NUMBERS << 47),
        (NUMBERS // 6, bit_reversed(12)),
        (NUMBERS // 6, bit_reversed(63)),
        (NUMBERS, NUMBERS),
        (NUMBERS, NUMBERS << 40),
        (NUMBERS, NUMBERS - NUMBERS),
        (NUMBERS - NUMBERS, NUMBERS),
        (NUMBERS >> 6, NUMBERS & 63),
    ],
)
def test_keep_distinct__searches_stay_short_whatever_the_ids(codes, values):
    slots = Slots(np.zeros(2 * N, np.uint32), KEY.mask, KEY.multiplier, slot_shift(2 * N))
    no_sums = np.zeros(0, np.int64)
    columns = Columns(codes.astype(np.uint32), values.astype(np.int64), no_sums, no_sums)
    n = keep_distinct(columns, 0, N, 0, 0, slots)
    assert n == N
    # A search ends at the next free slot. If half of the slots are used at random, the longest run
    # of used slots is about 30.
    free = np.flatnonzero(slots.places == 0)
    assert np.diff(free).max() < 80


def test_pairs__replayed_into_another_set_are_searched_in_slots_for_all_at_once():
    # If the slots grew while the pairs of another set arrive in the order of its slots, they would
    # fill from one end.
    held = Pairs(KEY)
    held.add((NUMBERS // 6).astype(np.uint32), NUMBERS << 20)
    copy = Pairs(KEY)
    copy.add(*held.entries())
    assert (
        listed(copy)
        == listed(held)
        == list(zip((NUMBERS // 6).tolist(), (NUMBERS << 20).tolist(), strict=True))
    )
