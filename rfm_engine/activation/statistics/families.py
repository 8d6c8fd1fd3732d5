"""Many tests at once, and strata of shares."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from operator import attrgetter

from rfm_engine.activation.statistics import normal
from rfm_engine.activation.statistics.rates import RateDifference
from rfm_engine.insight.statistics import Z_95


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return the p values adjusted for their number by Holm (1979).

    Examples
    --------
    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    most = 0.0
    for n_before, (p, place) in enumerate(known):
        most = max(most, min(1.0, p * (len(known) - n_before)))
        found[place] = most
    return found


def pooled_rates(strata: Sequence[tuple[int, RateDifference | None]]) -> RateDifference | None:
    """Return the weighted mean of differences of shares; None if no stratum has both groups.

    If all shares are 0 or 1, their variance of 0 would claim certainty. The interval then adds up
    the widths of the intervals of the strata (Donner and Zou 2012).

    Parameters
    ----------
    strata
        Weights and differences.
    """
    known = [(weight, each) for weight, each in strata if each is not None and weight]
    weights = sum(weight for weight, _ in known)
    if not weights:
        return None
    difference = sum(weight * each.difference for weight, each in known) / weights
    variance = sum(weight**2 * each.variance for weight, each in known) / weights**2
    if not variance:
        below, above = (
            sqrt(sum((weight * (each.difference - end(each))) ** 2 for weight, each in known))
            for end in (attrgetter("low"), attrgetter("high"))
        )
        low, high = difference - below / weights, difference + above / weights
        return RateDifference(difference, low, high, None, None, variance)
    width = Z_95 * sqrt(variance)
    z = difference / sqrt(variance)
    ends = difference - width, difference + width
    return RateDifference(difference, *ends, z, normal.two_sided(z), variance)
