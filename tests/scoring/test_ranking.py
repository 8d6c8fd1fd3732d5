"""Test ranks, concentration and the least value of a whale on plain integers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.scoring import concentration, ranking
from rfm_engine.scoring.concentration import MAKE, PERCENTS, Concentration
from rfm_engine.scoring.group_ranks import ranked_within
from rfm_engine.scoring.groups import Groups
from rfm_engine.scoring.ranking import ranked
from rfm_engine.scoring.whales import PARTS, least_of, share_of, whales_of
from tests import reference_facts

MOST = 10**18 - 1
VALUES = st.lists(st.one_of(st.integers(-MOST, MOST), st.integers(-3, 9)), max_size=40)
SHAPES = {
    "spread": lambda dice: dice.randint(-MOST, MOST),
    "skewed": lambda dice: int(dice.paretovariate(0.7) * 100),
    "equal": lambda _: 7,
    "few": lambda dice: dice.choice((-5, 0, 10, MOST)),
    "one key": lambda dice: 10**6 + dice.randint(0, 900),
}


def arrays(values, sizes=(3, 0, 7)):
    chunks, at = [], 0
    for size in sizes:
        chunks.append(np.array(values[at : at + size], np.int64))
        at += size
    return [*chunks, np.array(values[at:], np.int64)]


def ranks_of(values):
    above = {value: sum(other > value for other in values) for value in set(values)}
    return [1 + above[value] for value in values]


@given(VALUES)
def test_ranked__sorts_and_counts_the_greater_values(values):
    found = ranked(arrays(values))
    assert found.ascending.tolist() == sorted(values)
    assert found.ranks.tolist() == ranks_of(values)


@pytest.mark.parametrize("shape", SHAPES)
def test_ranked__many_values_in_small_buckets_and_large_ones(shape, monkeypatch):
    monkeypatch.setattr(ranking, "_BUCKET_VALUES", 64)
    monkeypatch.setattr(ranking, "_MOST_SORTED", 100)
    monkeypatch.setattr(ranking, "_VALUES_A_CALL", 300)
    dice = random.Random(shape)
    values = [SHAPES[shape](dice) for _ in range(2_000)]
    with ThreadPoolExecutor(3) as pool:
        found = ranked(arrays(values, (500, 1, 999)), pool.map)
    assert found.ascending.tolist() == sorted(values)
    assert found.ranks.tolist() == ranks_of(values)


@given(VALUES, st.sampled_from((1, 4, 1 << 15)))
def test_concentration__equals_the_definition(values, block):
    before = concentration._BLOCK
    concentration._BLOCK = block
    try:
        found = Concentration.of(ranked(arrays(values)).ascending)
    finally:
        concentration._BLOCK = before
    rows = list(zip(found.percents, found.customers, found.minor, strict=True))
    assert rows == reference_facts.concentration(values)
    wanted = [reference_facts.makers(values, percent) for percent in MAKE]
    assert wanted == (list(found.makers) if found.makers else [None] * len(MAKE))
    share = None if found.gini is None else Fraction(*found.gini)
    assert share == reference_facts.gini(values)
    assert found.n_negative == sum(value < 0 for value in values)


def test_concentration__of_sums_beyond_64_bits():
    values = [MOST] * 300
    found = Concentration.of(np.array(values, np.int64))
    assert found.minor[-1] == 300 * MOST
    assert found.gini == (0, 300 * 300 * MOST)
    assert found.makers == (150, 174, 240, 270)


def test_concentration__of_nobody():
    found = Concentration.of(np.zeros(0, np.int64))
    assert (found.customers, found.minor) == ((0,) * len(PERCENTS),) * 2
    assert (found.makers, found.gini, found.n_negative) == (None, None, 0)


@given(VALUES, st.integers(1, PARTS))
def test_whales__are_those_from_the_last_of_the_share_on(values, share):
    chunks = arrays(values)
    least = least_of(chunks, share)
    assert least == reference_facts.least_whale(values, Fraction(share, PARTS))
    none = np.zeros(0, np.uint32)
    found = [whales_of(chunk, np.array([least]), none).tolist() for chunk in chunks]
    assert sum(found, []) == [value > 0 and value >= least for value in values]  # noqa: RUF017


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 3)), max_size=60), st.data())
def test_ranked_within__is_ranked_for_each_group(pairs, data):
    share = data.draw(st.integers(1, PARTS))
    most = data.draw(st.sampled_from((1, 2, 1 << 16)))
    numbers = sorted({group for _, group in pairs})
    codes = np.array([numbers.index(group) for _, group in pairs], np.uint32)
    places = [np.arange(len(pairs), dtype=np.uint32)]
    values = np.array([value for value, _ in pairs], np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rfm_engine.scoring.groups._MOST_SORTED", most)
        groups = Groups(codes, len(numbers), places)
        ranks, least = ranked_within(values, groups, share, map)
    for number, group in enumerate(numbers):
        own = [value for value, other in pairs if other == group]
        assert ranks[codes == number].tolist() == ranks_of(own)
        assert least[number] == reference_facts.least_whale(own, Fraction(share, PARTS))


@pytest.mark.parametrize(
    ("text", "share"), [("20%", 2000), (" 0.5 %", 50), ("12.25%", 1225), ("100%", 10_000)]
)
def test_share__is_in_hundredths_of_a_percent(text, share):
    assert share_of(text) == share


@pytest.mark.parametrize("given", ["20", "0%", "0.001%", "100.01%", "-5%", "%", "", 20, 0.2, None])
def test_share__anything_else_is_refused(given):
    with pytest.raises(ValueError, match=r"^whales must be a share .* like 20% .*; got "):
        share_of(given)
