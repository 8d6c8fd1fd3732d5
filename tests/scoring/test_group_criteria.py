"""Cut points that are kept per group place the same customers as scoring within groups does."""

from __future__ import annotations

import random

import numpy as np
import pytest

from rfm_engine.scoring import groups as within
from rfm_engine.scoring.groups import Groups, Wanted, cuts_within, place_within
from rfm_engine.scoring.methods import CUTS, Measure


@pytest.mark.parametrize("most_sorted", [1 << 16, 12])
@pytest.mark.parametrize("method", CUTS)
def test_cuts_within__place_customers_like_scoring(method, most_sorted, monkeypatch):
    monkeypatch.setattr(within, "_MOST_SORTED", most_sorted)
    dice = random.Random(4)
    numbers = np.array([min(int(dice.paretovariate(0.5)), 9) for _ in range(400)], np.uint32)
    values = np.array([[dice.randrange(40), dice.randrange(1, 6)] for _ in numbers], np.int64)
    everyone = np.arange(len(numbers), dtype=np.uint32)
    groups = Groups(numbers, 11, [everyone])
    axes = [
        Wanted(method, bins, Measure([values[:, axis]], map, ascending=bool(axis)))
        for axis, bins in enumerate((2, 2) if method == "mean" else (5, 4))
    ]
    cuts = cuts_within(axes, groups)
    placed = place_within(axes, groups)
    for axis in range(2):
        found = cuts.placed(axis, values[:, axis].copy(), numbers)
        assert found.tolist() == placed[:, axis].tolist()
    assert not cuts.counts[[0, 10]].any()
