"""The number of customers that an experiment needs."""

from __future__ import annotations

from math import ceil, sqrt
from typing import NamedTuple

from rfm_engine.activation.statistics import normal


class Trial(NamedTuple):
    """What an experiment must be able to notice.

    Attributes
    ----------
    alpha
        The probability to see a difference that does not exist.
    power
        The probability to see one that exists.
    ratio
        Held-out customers per treated one.
    """

    alpha: float
    power: float
    ratio: float

    @property
    def quantiles(self) -> tuple[float, float]:
        """The normal quantiles of a two-sided test, and of the power."""
        return normal.quantile(1 - self.alpha / 2), normal.quantile(self.power)


class Arms(NamedTuple):
    """The number of customers of each arm."""

    treated: int
    held_out: int


def size_for_rates(treated: float, held_out: float, trial: Trial) -> Arms:
    """Return how many customers tell two conversion rates apart.

    Examples
    --------
    >>> size_for_rates(0.025, 0.02, Trial(0.05, 0.8, 1.0))
    Arms(treated=13809, held_out=13809)
    """
    ratio = trial.ratio
    level, power = trial.quantiles
    mean = (treated + ratio * held_out) / (1 + ratio)
    alike = sqrt((1 + 1 / ratio) * mean * (1 - mean))
    apart = sqrt(treated * (1 - treated) + held_out * (1 - held_out) / ratio)
    n = ((level * alike + power * apart) / (treated - held_out)) ** 2
    return Arms(ceil(n), ceil(n * ratio))


def size_for_means(sd: float, difference: float, trial: Trial) -> Arms:
    """Return how many customers show a difference of means.

    Examples
    --------
    >>> size_for_means(50, 2, Trial(0.05, 0.8, 1 / 9))
    Arms(treated=49056, held_out=5451)
    """
    n = (1 + 1 / trial.ratio) * (sd * sum(trial.quantiles) / difference) ** 2
    return Arms(ceil(n), ceil(n * trial.ratio))
