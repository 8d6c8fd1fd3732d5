"""Cut points, exact sums, mean amounts and the order of ids, against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.keys import ByteKeys, IntKeys
from rfm_engine.scoring.axes import mean_amounts
from rfm_engine.scoring.identities import Identities, after, paths_at
from rfm_engine.scoring.methods import Measure, exact_sum, fit_cuts
from tests.scoring.test_select import arrays, chunks


@given(chunks, st.integers(2, 100))
def test_quantile__is_the_least_with_enough_at_or_below(lists, bins):
    cuts = fit_cuts("quantile", Measure(arrays(lists), map), bins)
    values = sorted(value for part in lists for value in part)
    n = len(values)
    assert cuts == [
        min(v for v in values if sum(w <= v for w in values) * bins >= i * n)
        for i in range(1, bins)
        if n
    ]


@given(chunks)
def test_exact_sum__of_any_size(lists):
    assert exact_sum(arrays(lists), map) == sum(value for part in lists for value in part)


@given(st.lists(st.tuples(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(1, 2**40)), min_size=1))
def test_mean_amounts__are_floors_or_say_that_there_is_no_room(pairs):
    minor, n = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    found = mean_amounts(minor, n)
    exact = [a * 10_000 // b for a, b in pairs]
    if found is None:
        assert max(map(abs, exact)) > 9 * 10**18
    else:
        assert found.tolist() == exact


texts = (
    st.binary(max_size=3)
    | st.binary(min_size=6, max_size=20)
    | st.sampled_from(
        [b"customer-1", b"customer-10", b"customer-2", b"customer", b"customer\0", b""]
    )
)


def byte_keys(ids):
    offsets = np.cumsum([0, *map(len, ids)])
    return ByteKeys(offsets.astype(np.int64), np.frombuffer(b"".join(ids), np.uint8))


@given(st.lists(texts, min_size=1, unique=True), st.data())
def test_identities__of_texts_stand_bytewise(ids, data):
    check(ids, sorted(ids), lambda part: Identities(byte_keys(part), signed=False), data)


@pytest.mark.parametrize("signed", [True, False])
@given(data=st.data())
def test_identities__of_integers_stand_as_numbers(signed, data):
    low, high = (-(2**63), 2**63 - 1) if signed else (0, 2**64 - 1)
    ids = data.draw(st.lists(st.integers(low, high), min_size=1, unique=True))

    def made(part):
        bits = np.array([number % 2**64 for number in part], np.uint64)
        return Identities(IntKeys(bits), signed=signed)

    check(ids, sorted(ids), made, data)


def check(ids, ordered, made, data):
    cut = data.draw(st.integers(0, len(ids)))
    parts = [made(ids[:cut]), made(ids[cut:])]
    ranks = sorted(data.draw(st.sets(st.integers(0, len(ids) - 1), min_size=1)))
    n_levels = max(part.n_levels for part in parts)
    for rank, path in zip(ranks, paths_at(parts, ranks), strict=True):
        found = np.concatenate([after(part, n_levels, path) for part in parts])
        assert found.tolist() == [each > ordered[rank] for each in ids]
