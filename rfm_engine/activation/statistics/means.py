"""Compare the means of two groups by Welch's test, and strata of them together.

Sums and sums of squares are exact integers, and floats are added up exactly, so that results do not
depend on the order of the customers or of the strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from typing import NamedTuple

from rfm_engine.activation.statistics import student

_ENDS = 0.975
_LEAST = 2
"""A variance needs two customers."""


class Sums(NamedTuple):
    """The number of customers, and the sums of their values and of the squares of these."""

    n: int
    total: int
    squares: int

    def __add__(self, other: Sums) -> Sums:  # type: ignore[override]
        """Return the sums of both groups together."""
        n, total, squares = map(sum, zip(self, other, strict=True))
        return Sums(n, total, squares)

    def mean_minus(self, other: Sums) -> float:
        """Return the difference of both means; it is rounded only once."""
        return (self.total * other.n - other.total * self.n) / (self.n * other.n)

    @property
    def variance_of_mean(self) -> float:
        """The variance of the mean: that of the values by n - 1, divided by n; rounded once."""
        spread = self.n * self.squares - self.total * self.total
        return spread / (self.n * self.n * (self.n - 1))


class Stratum(NamedTuple):
    """A group of customers, the one that it is compared with, and the weight of both."""

    weight: int
    treated: Sums
    others: Sums


class MeanDifference(NamedTuple):
    """The mean of the treated customers minus that of the others.

    Attributes
    ----------
    difference, low, high
        The difference and its 95% interval.
    error
        The standard error.
    df
        Degrees of freedom (Satterthwaite); None if no customers of a group differ.
    p
        The p value; None like `df`.
    """

    difference: float
    low: float
    high: float
    error: float
    df: float | None
    p: float | None


def mean_difference(treated: Sums, others: Sums) -> MeanDifference | None:
    """Compare two means (Welch 1947); None if a group has fewer than two customers.

    Examples
    --------
    >>> found = mean_difference(Sums(3, 6, 14), Sums(3, 3, 5))
    >>> found.difference, round(found.p, 4)
    (1.0, 0.2879)
    """
    return pooled_difference([Stratum(1, treated, others)])


def pooled_difference(strata: Sequence[Stratum]) -> MeanDifference | None:
    """Return the weighted mean of the differences of strata.

    Strata with fewer than two customers in a group are left out; None if all are.
    """
    known = [each for each in strata if min(each.treated.n, each.others.n) >= _LEAST]
    weights = sum(stratum.weight for stratum in known)
    if not weights:
        return None
    differences, variances, spreads = [], [], []
    for weight, treated, others in known:
        share = weight / weights
        differences.append(share * treated.mean_minus(others))
        for group in (treated, others):
            own = share * share * group.variance_of_mean
            variances.append(own)
            spreads.append(own * own / (group.n - 1))
    middle, variance = fsum(differences), fsum(variances)
    error = sqrt(variance)
    if not variance:
        return MeanDifference(middle, middle, middle, error, None, None)
    df = variance * variance / fsum(spreads)
    width = student.quantile(_ENDS, df) * error
    p = student.two_sided(middle / error, df)
    return MeanDifference(middle, middle - width, middle + width, error, df, p)
