"""Cut points: the greatest value of every bin but the last, on integers."""

from __future__ import annotations

from rfm_engine.score.select import Map, Values, select


def quantile_cuts(chunks: Values, bins: int, each: Map = map) -> list[int]:
    """Return the i/bins quantiles, i in 1..bins-1, by inverted CDF; none without values.

    The i-th is the smallest observed value with at least `ceil(i * n / bins)` values at or below
    it (Hyndman and Fan's type 1). Equal values always share a bin.
    """
    n = sum(len(chunk) for chunk in chunks)
    if n == 0:
        return []
    return select(chunks, [-(-i * n // bins) - 1 for i in range(1, bins)], each)
