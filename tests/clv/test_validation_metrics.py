"""Test sums, errors and rankings against comparisons of all pairs and exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import fsum, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv import sums
from rfm_engine.clv.sums import float_sum, whole_sum
from rfm_engine.clv.validation import ranking as ranking_module
from rfm_engine.clv.validation import sorting
from rfm_engine.clv.validation.metrics import Errors, brier
from rfm_engine.clv.validation.ranking import Ranking, auc, gini
from rfm_engine.clv.validation.sorting import Sorted
from rfm_engine.orders.workers import Workers
from tests.clv import reference_holdout as reference

floats = st.floats(-1e12, 1e12) | st.sampled_from((0.0, -0.0, 0.5, 1e-300, 5e-324))
predictions = st.floats(0, 1e6) | st.sampled_from((0.0, 0.5, 1.0))
money = st.integers(-(10**18), 10**18) | st.integers(-3, 3)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Cut the customers into several pieces."""
    monkeypatch.setattr(sums, "_PIECE", 3)
    monkeypatch.setattr(ranking_module, "_PIECE", 3)
    monkeypatch.setattr(sorting, "_PIECE", 4)


@pytest.fixture(scope="module")
def pool():
    with Workers(2) as threads:
        yield threads


@given(st.lists(money, max_size=30))
def test_whole_sum__is_exact(values):
    assert whole_sum(np.array(values, np.int64)) == sum(values)


@given(st.lists(floats, max_size=40), st.randoms(use_true_random=False))
def test_float_sum__has_the_same_bits_in_any_order(values, dice):
    found = float_sum(np.array(values))
    shuffled = list(values)
    dice.shuffle(shuffled)
    assert float_sum(np.array(shuffled)) == found
    largest = Fraction(max(map(abs, values), default=0))
    lost = len(values) * max(largest / 2**61, Fraction(1, 2**961))
    error = abs(Fraction(found) - sum(map(Fraction, values)))
    assert error <= lost + abs(Fraction(found)) / 2**52


@given(st.lists(st.integers(-5, 5) | money, max_size=40) | st.lists(floats, max_size=40))
def test_sorted__is_stable_and_finds_ties(pool, values):
    kind = np.int64 if all(isinstance(value, int) for value in values) else np.float64
    order, words = Sorted.of(np.array(values, kind), pool)
    assert order.tolist() == sorted(range(len(values)), key=values.__getitem__)
    ascending = sorted(values)
    for i in range(1, len(values)):
        assert (words[i - 1] == words[i]) == (ascending[i - 1] == ascending[i])


@given(st.lists(st.tuples(st.integers(0, 5) | floats, money), min_size=1, max_size=25))
def test_ranking__gini_and_auc_equal_those_of_all_pairs(pool, rows):
    scores, actual = map(list, zip(*rows, strict=True))
    values = np.array(actual, np.int64)
    ranking = Ranking.of(np.array(scores, np.float64), pool)
    assert ranking.weigh(values) == reference.weighed(scores, actual)
    perfect = Ranking.of(values, pool).weigh(values)
    assert gini(ranking, perfect, values) == reference.gini(scores, actual)
    happened = [value > 0 for value in actual]
    assert auc(ranking, np.array(happened, np.int64)) == reference.auc(scores, happened)


def test_ranking__is_1_if_perfect_and_0_if_all_are_equal(pool):
    actual = np.array([3, 0, 5, 0, 1], np.int64)
    ranking = Ranking.of(actual, pool)
    perfect = ranking.weigh(actual)
    assert gini(ranking, perfect, actual) == 1
    assert auc(ranking, (actual > 0).astype(np.int64)) == 1
    level = Ranking.of(np.ones(5), pool)
    assert gini(level, perfect, actual) == 0
    assert auc(level, (actual > 0).astype(np.int64)) == 0.5
    assert gini(level, 0, np.ones(5, np.int64)) is None
    assert auc(level, np.ones(5, np.int64)) is None


@given(st.lists(st.tuples(predictions, st.integers(-3, 400)), min_size=1, max_size=30))
def test_errors__equal_their_definitions(rows):
    predicted, actual = map(list, zip(*rows, strict=True))
    found = Errors.of(np.array(predicted), np.array(actual, np.int64))
    n = len(rows)
    assert found.predicted == pytest.approx(fsum(predicted), rel=1e-14)
    if sum(actual) > 0:
        assert found.bias == pytest.approx(fsum(predicted) / sum(actual) - 1, rel=1e-12, abs=1e-12)
    else:
        assert found.bias is None
    errors = [one - other for one, other in rows]
    assert found.mae == pytest.approx(fsum(map(abs, errors)) / n, rel=1e-14)
    assert found.rmse == pytest.approx(sqrt(fsum(e * e for e in errors) / n), rel=1e-14)
    assert found.per(100) == (found.predicted / 100, found.bias, found.mae / 100, found.rmse / 100)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_brier__is_the_mean_squared_error(rows):
    p, happened = map(list, zip(*rows, strict=True))
    found = brier(np.array(p), np.array(happened, np.int64))
    assert found == pytest.approx(fsum((a - b) ** 2 for a, b in rows) / len(rows), rel=1e-14)
