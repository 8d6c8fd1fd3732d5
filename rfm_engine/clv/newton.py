"""Maximise a likelihood by Newton's method in the logs of the parameters, in a trust region.

Steps use the absolute eigenvalues of the Hessian, so that they ascend also where the likelihood is
not concave. Every parameter has limits, so that the method ends for any data. A parameter at a
limit is held there while the gradient points outward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Evaluation, Floats, Likelihood
from rfm_engine.clv.steps import Step, ascent, newton_step
from rfm_engine.clv.uncertainty import Uncertainty
from rfm_engine.kernels.types import Mask

MOST_STEPS = 200
_GRADIENT = 1e-10
_ROUNDING = 3e-15
_LAST_STEP = 1e-3
_DIGITS = 10


class Box(NamedTuple):
    """The lowest and the highest value of each parameter; both are positive."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]


class Prior(NamedTuple):
    """A normal distribution of the logs of the parameters, independent of each other.

    Attributes
    ----------
    centre
        The parameters whose logs are the means.
    sd
        The standard deviation of each log.
    """

    centre: tuple[float, ...]
    sd: float


class Fit(NamedTuple):
    """Parameters that maximise a likelihood, with a prior if there is one.

    Attributes
    ----------
    parameters
        Rounded to 10 significant digits, so that neither the start nor the last bits of a library
        show. All other numbers are those at the rounded parameters.
    log_likelihood
        Without the prior.
    standard_errors
        Of the parameters, by the delta method; None at a limit, and for all parameters if the
        likelihood is not concave there.
    log_errors
        Standard errors of the logs.
    correlations
        Correlations of the logs; None where a standard error is None.
    steps
        Number of steps that were tried.
    ended
        Why the search ended: "gradient", "rounding" or "limit of steps".
    limits
        For each parameter "lower" or "upper" if it is at this limit, else None.
    """

    parameters: tuple[float, ...]
    log_likelihood: float
    standard_errors: tuple[float | None, ...]
    log_errors: tuple[float | None, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    steps: int
    ended: str
    limits: tuple[str | None, ...]


def maximise(
    likelihood: Likelihood, start: Sequence[float], box: Box, prior: Prior | None = None
) -> Fit:
    """Return the parameters in a box that maximise a likelihood.

    Parameters
    ----------
    likelihood
        The likelihood of fixed customers.
    start
        Parameters to start from; those outside the box start at its limit.
    box
        Limits of the parameters.
    prior
        Added to the log-likelihood: fits of groups are shrunk towards the fit of all.
    """
    search = _Search(likelihood, box, prior)
    point, steps, ended = search.climbed(search.at(np.array([*map(math.log, start)])))
    parameters = search.rounded(search.polished(point))
    # The limits of a box have few digits, so that rounding changes no parameter at a limit.
    limits = [
        "lower" if p <= low else "upper" if p >= high else None
        for p, low, high in zip(parameters, *box, strict=True)
    ]
    evaluation = likelihood.at(parameters)
    _, hessian = search.slopes(np.array([*map(math.log, parameters)]), evaluation)
    errors = Uncertainty.of(hessian, np.array([limit is not None for limit in limits]))
    scaled = [e if e is None else p * e for p, e in zip(parameters, errors.errors, strict=True)]
    return Fit(
        parameters,
        evaluation.value,
        tuple(scaled),
        errors.errors,
        errors.correlations,
        steps,
        ended,
        tuple(limits),
    )


class _Point(NamedTuple):
    """The function to maximise at the logs of parameters, with derivatives by the logs."""

    logs: Floats
    value: float
    gradient: Floats
    hessian: Floats

    @property
    def is_finite(self) -> bool:
        return bool(math.isfinite(self.value) and np.isfinite(self.hessian).all())


class _Search:
    """The search for a maximum in a box."""

    def __init__(self, likelihood: Likelihood, box: Box, prior: Prior | None) -> None:
        self._likelihood = likelihood
        self._box = box
        self._lower, self._upper = (np.array([*map(math.log, limit)]) for limit in box)
        self._prior = prior
        self._centre = None if prior is None else np.array([*map(math.log, prior.centre)])

    def at(self, logs: Floats) -> _Point:
        """Evaluate the function at logs, moved into the box."""
        inside = np.clip(logs, self._lower, self._upper)
        evaluation = self._likelihood.at(self._parameters(inside))
        value = evaluation.value
        if self._prior is not None and self._centre is not None:
            value -= 0.5 * float(((inside - self._centre) ** 2).sum()) / self._prior.sd**2
        return _Point(inside, value, *self.slopes(inside, evaluation))

    def slopes(self, logs: Floats, evaluation: Evaluation) -> tuple[Floats, Floats]:
        """Return gradient and Hessian by the logs, with those of the prior."""
        parameters = np.array(self._parameters(logs))
        gradient = parameters * evaluation.gradient
        hessian = parameters[:, None] * parameters * evaluation.hessian + np.diag(gradient)
        if self._prior is not None and self._centre is not None:
            gradient = gradient - (logs - self._centre) / self._prior.sd**2
            hessian = hessian - np.eye(len(logs)) / self._prior.sd**2
        return gradient, hessian

    def climbed(self, point: _Point) -> tuple[_Point, int, str]:
        """Return the maximum, the number of steps tried, and why the search ended."""
        radius = 1.0
        for steps in range(MOST_STEPS):
            free = ~self._held(point)
            if (np.abs(point.gradient[free]) <= _GRADIENT * self._likelihood.n_customers).all():
                return point, steps, "gradient"
            step = ascent(point.gradient, point.hessian, free, radius)
            rounding = _ROUNDING * abs(point.value)
            if step.gain <= rounding and not step.is_clipped:
                return point, steps, "rounding"
            tried = self.at(point.logs + step.move)
            point, radius = self._judged(point, tried, step, radius)
            if radius < _GRADIENT:
                return point, steps + 1, "rounding"
        return point, MOST_STEPS, "limit of steps"

    def _judged(
        self, point: _Point, tried: _Point, step: Step, radius: float
    ) -> tuple[_Point, float]:
        """Return the better point and the radius of the next step."""
        move = tried.logs - point.logs
        length = math.sqrt(float(move @ move))
        gain = tried.value - point.value
        predicted = float(move @ point.gradient + 0.5 * move @ point.hessian @ move)
        rounding = _ROUNDING * abs(point.value)
        if not tried.is_finite or gain < -rounding or (gain <= 0 and predicted > 4 * rounding):
            return point, min(radius, length) / 4
        if gain < predicted / 4 and predicted > 4 * rounding:
            return tried, min(radius, length) / 2
        return tried, min(2 * radius, 8.0) if step.is_clipped else radius

    def polished(self, point: _Point) -> Floats:
        """Return the logs after one more step without a trust region, if it is a small one.

        It reduces the differences between starts from 3e-8 to 2e-12.
        """
        move = newton_step(point.gradient, point.hessian, ~self._held(point))
        if move is None or np.abs(move).max(initial=0.0) >= _LAST_STEP:
            return point.logs
        return np.clip(point.logs + move, self._lower, self._upper)

    def _held(self, point: _Point) -> Mask:
        """Return which parameters are at a limit while the gradient points outward, or is 0."""
        low = (point.logs <= self._lower) & (point.gradient <= 0)
        return low | ((point.logs >= self._upper) & (point.gradient >= 0))

    def rounded(self, logs: Floats) -> tuple[float, ...]:
        """Return the parameters with 10 significant digits."""
        return tuple(float(f"{p:.{_DIGITS}g}") for p in self._parameters(logs))

    def _parameters(self, logs: Floats) -> tuple[float, ...]:
        """Return the parameters, also inside the box after the rounding of their logs."""
        limited = zip(logs.tolist(), self._box.lower, self._box.upper, strict=True)
        return tuple(min(max(math.exp(log), low), high) for log, low, high in limited)
