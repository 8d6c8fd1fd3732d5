"""Pareto/NBD by its published definitions: gamma functions and Simpson's rule.

Schmittlein, Morrison and Colombo (1987); times are in days, as are alpha and beta.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def log_likelihood(x: int, t_x: float, end: float, parameters: tuple[float, ...]) -> float:
    """Return the log-likelihood of one customer."""
    r, alpha, s, beta = parameters
    head = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha) + s * math.log(beta)
    alive = -(r + x) * math.log(alpha + end) - s * math.log(beta + end)
    odds, scale = odds_to_have_left(x, t_x, end, parameters)
    if odds == 0:
        return head + alive
    most = max(0.0, math.log(odds) + scale)
    return head + alive + most + math.log(math.exp(-most) + odds * math.exp(scale - most))


def p_alive(x: int, t_x: float, end: float, parameters: tuple[float, ...]) -> float:
    """Return the probability to be alive at the end."""
    odds, scale = odds_to_have_left(x, t_x, end, parameters)
    return 1 / (1 + odds * math.exp(scale)) if scale < 700 else 0.0


def odds_to_have_left(
    x: int, t_x: float, end: float, parameters: tuple[float, ...]
) -> tuple[float, float]:
    """Return the odds to have left before the end as a number times the exp of a number."""
    r, alpha, s, beta = parameters
    top = -(r + x) * math.log(alpha + t_x) - (s + 1) * math.log(beta + t_x)
    alive = -(r + x) * math.log(alpha + end) - s * math.log(beta + end)
    least = min(alpha, beta)

    def density(v: float) -> float:
        t = math.exp(v) - least
        fall = -(r + x) * math.log(alpha + t) - (s + 1) * math.log(beta + t)
        return math.exp(fall - top + v)

    found = simpson(density, math.log(least + t_x), math.log(least + end)) if end > t_x else 0.0
    return s * found, top - alive


def orders(x: int, end: float, days: float, parameters: tuple[float, ...]) -> float:
    """Return the expected orders in the next days, given that the customer is alive."""
    r, alpha, s, beta = parameters
    rate = (r + x) / (alpha + end)
    return rate * simpson(lambda t: ((beta + end) / (beta + end + t)) ** s, 0.0, days)


def p_order(x: int, end: float, days: float, parameters: tuple[float, ...]) -> float:
    """Return the probability of an order in the next days, given that the customer is alive."""
    r, alpha, s, beta = parameters

    def first(t: float) -> float:
        waits = (r + x) * math.log1p(t / (alpha + end)) + s * math.log1p(t / (beta + end))
        return (r + x) / (alpha + end + t) * math.exp(-waits)

    return simpson(first, 0.0, days)


def simpson(f: Callable[[float], float], start: float, end: float) -> float:
    """Integrate by Simpson's rule, halving intervals until two halves agree with their whole."""
    n = 64
    width = (end - start) / n
    total = []
    for k in range(n):
        left, right = start + k * width, start + (k + 1) * width
        middle = (left + right) / 2
        known = f(left), f(middle), f(right)
        total.append(_halved(f, left, right, known, 24))
    return math.fsum(total)


def _halved(
    f: Callable[[float], float],
    left: float,
    right: float,
    known: tuple[float, float, float],
    depth: int,
) -> float:
    middle = (left + right) / 2
    low, mid, high = known
    first, second = f((left + middle) / 2), f((middle + right) / 2)
    whole = (right - left) / 6 * (low + 4 * mid + high)
    halves = (right - left) / 12 * (low + 4 * first + 2 * mid + 4 * second + high)
    if depth == 0 or abs(halves - whole) <= 1e-11 * abs(halves) or halves < 1e-30:
        return halves + (halves - whole) / 15
    return _halved(f, left, middle, (low, first, mid), depth - 1) + _halved(
        f, middle, right, (mid, second, high), depth - 1
    )
