"""The check of the sample ratio: whether the arms have the sizes that were planned."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from rfm_engine.activation.split import N_BUCKETS
from rfm_engine.activation.statistics import normal

_BROKEN = 0.001


class SampleRatio(NamedTuple):
    """The sizes of the arms against the plan.

    Attributes
    ----------
    chi2
        The statistic, with 1 degree of freedom; infinite if an arm has customers and the plan none.
    p
        Its p value.
    """

    chi2: float
    p: float

    @property
    def is_broken(self) -> bool:
        """Whether chance does not explain the difference, so that arms cannot be compared."""
        return self.p < _BROKEN


def sample_ratio(treated: int, held_out: int, holdout_bp: int) -> SampleRatio:
    """Compare the sizes of the arms with the planned share of the holdout, in basis points.

    Examples
    --------
    >>> found = sample_ratio(9000, 1150, 1000)
    >>> round(found.chi2, 6), found.is_broken
    (19.950739, True)
    """
    n = treated + held_out
    expected = n * holdout_bp
    off = (held_out * N_BUCKETS - expected) ** 2
    if not off:
        return SampleRatio(0.0, 1.0)
    spread = expected * (N_BUCKETS - holdout_bp)
    chi2 = off / spread if spread else inf
    return SampleRatio(chi2, normal.chi_square_tail(chi2))
