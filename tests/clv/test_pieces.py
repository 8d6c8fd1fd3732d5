"""Test that rows are cut into pieces by the data alone, and that each piece has its own sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.bg import START, BgLikelihood
from rfm_engine.clv.gamma_gamma import GammaGammaLikelihood
from rfm_engine.clv.pieces import PIECE_ROWS, pieces_of, sums_of_pieces
from rfm_engine.clv.spending import Spending
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.arrays import frozen
from tests.conftest import COMPILED

lengths = st.sampled_from([1, 2, 1_000, PIECE_ROWS - 1, PIECE_ROWS, PIECE_ROWS + 1, 500_000])


@given(st.lists(lengths, max_size=5), st.integers(1, 3))
def test_pieces__have_one_x_and_a_limited_number_of_rows(counts, threads):
    x = frozen(np.repeat(np.arange(len(counts)), counts).astype(np.int64))
    pieces = pieces_of(x)
    assert pieces.tolist() == sorted(set(pieces.tolist()))
    assert (pieces[0], pieces[-1]) == (0, len(x))
    assert np.diff(pieces).max(initial=0) <= PIECE_ROWS
    assert len(pieces) - 1 == sum(-(-n // PIECE_ROWS) for n in counts)
    ends = list(zip(pieces[:-1].tolist(), pieces[1:].tolist(), strict=True))
    assert all(x[start] == x[end - 1] for start, end in ends)

    def add(some, sums):
        sums[:, 0], sums[:, 1] = x[some[:-1]], np.diff(some)

    found = sums_of_pieces(add, pieces, 2, threads)
    assert found.T.tolist() == [[x[start], end - start] for start, end in ends]


@pytest.mark.skipif(not COMPILED, reason="many rows")
def test_likelihoods__have_the_same_bits_for_many_rows_with_any_threads():
    chance = np.random.default_rng(8)
    n = 600_000
    x, end = chance.geometric(0.7, n) - 1, chance.integers(1, 3_000, n)
    last = np.where(x > 0, chance.integers(0, end + 1), 0)
    keys = x << 40 | end << 20 | last
    spent = x * chance.integers(1, 100_000, n)
    order = chance.permutation(n)

    def evaluations(keys, x, spent, threads):
        triples = Triples.of([keys])
        assert len(triples.x) > 2 * PIECE_ROWS
        spending = Spending.of(x, spent, threads)
        value = GammaGammaLikelihood(spending, threads=threads).at((6.0, 4.0, 1e5))
        orders = BgLikelihood(triples, modified=True, threads=threads).at(START)
        numbers = [spending.mean, spending.correlation, value.value, orders.value]
        arrays = value.gradient, value.hessian, orders.gradient, orders.hessian
        return numbers, [each.tobytes() for each in arrays]

    expected = evaluations(keys, x, spent, 1)
    assert evaluations(keys, x, spent, 2) == expected
    assert evaluations(keys[order], x[order], spent[order], 3) == expected
