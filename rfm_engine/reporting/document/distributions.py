"""Distributions of recency, frequency and amounts in bars of equal width, counted exactly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from rfm_engine.kernels.types import Integers
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.scoring.methods import BY_RANK
from rfm_engine.scoring.survey import Survey

N_BARS = 40
# The axis ends at 2.5 times the last cut point, because most of the rest is one long tail.
_OF_LAST_CUT = Fraction(5, 2)
# The axis without cut points ends where this share of the customers does.
_WITHOUT_CUTS = Fraction(95, 100)
_KEY_BITS = 11


class Counts(NamedTuple):
    """Ascending values or smallest values of keys, and customers per value: `int64[n]` each."""

    values: Integers
    counts: Integers


def distributions_of(snapshot: ScoredPopulation, survey: Survey) -> dict[str, Any]:
    """Return the distributions of the three measures, by name.

    Each has its `cuts`, `bars` with inclusive limits `from` and `to`, the customers `below` 0 and
    `beyond` the last bar, and customers by score, worst first. Amounts are text in major units.
    `cuts_are_exact` is False for methods by rank: customers with equal values can then have
    different scores.
    """
    cuts = ([], [], []) if snapshot.cuts is None else snapshot.cuts
    lows, _ = survey.money.bounds()
    counted = {
        "recency": Counts(survey.recency_days.values, survey.recency_days.counts),
        "frequency": Counts(survey.frequency.values, survey.frequency.counts),
        "monetary": Counts(lows, survey.money.counts),
    }
    found = {}
    for place, (name, counts) in enumerate(counted.items()):
        is_money = name == "monetary"
        width, n_bars = axis_of(counts, cuts[place], by_key=is_money)
        written = _written(survey.money_scale) if is_money else int
        found[name] = {
            "cuts": [written(cut) for cut in cuts[place]],
            "cuts_are_exact": snapshot.options["method"][place] not in BY_RANK,
            "scale": survey.money_scale if is_money else 0,
            "width": written(width),
            **bars_of(counts, width, n_bars, written),
            "scores": list(snapshot.customers_by_score[place]),
        }
    return found


def axis_of(counts: Counts, cuts: list[int], *, by_key: bool) -> tuple[int, int]:
    """Return the width of a bar and the number of bars, at most `N_BARS`.

    With keys, the limits of all bars are limits of keys, so that the counts are exact.
    """
    if not len(counts.values):
        return 1, 0
    most = int(counts.values[-1])
    last = int(_OF_LAST_CUT * cuts[-1]) if cuts else _value_at(counts, _WITHOUT_CUTS)
    limit = max(min(last, most), 0) + 1
    width = -(-limit // N_BARS)
    if by_key:
        # Keys below 2^(shift + 11) have limits that are multiples of 2^shift.
        shift = max((width * N_BARS).bit_length() - _KEY_BITS, 0)
        width = -(-width >> shift) << shift
    return width, -(-limit // width)


def bars_of(
    counts: Counts, width: int, n_bars: int, written: Callable[[int], Any]
) -> dict[str, Any]:
    """Return bars of a width from 0 on, and customers below and beyond them."""
    places = np.floor_divide(counts.values, width)
    own = (places >= 0) & (places < n_bars)
    sums = np.zeros(n_bars, np.int64)
    np.add.at(sums, places[own], counts.counts[own])
    bars = [
        {"from": written(n * width), "to": written((n + 1) * width - 1), "customers": customers}
        for n, customers in enumerate(sums.tolist())
    ]
    below = int(counts.counts[places < 0].sum())
    beyond = int(counts.counts[places >= n_bars].sum())
    return {
        "bars": bars,
        "below": {"to": written(-1), "customers": below} if below else None,
        "beyond": {"from": written(n_bars * width), "customers": beyond} if beyond else None,
    }


def _value_at(counts: Counts, share: Fraction) -> int:
    """Return the smallest value that at least this share of the customers does not exceed."""
    needed = -(-int(counts.counts.sum()) * share.numerator // share.denominator)
    return int(counts.values[np.searchsorted(np.cumsum(counts.counts), needed)])


def _written(scale: int) -> Callable[[int], str]:
    return lambda minor: format_minor(minor, scale)
