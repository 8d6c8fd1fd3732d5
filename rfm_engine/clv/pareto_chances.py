"""Expected orders and chances of an order under Pareto/NBD, for customers who are alive."""

from __future__ import annotations

from rfm_engine.clv.pareto_integrals import integral
from rfm_engine.clv.special import expm1, log1p
from rfm_engine.kernels import kernel

# Below this size of (s - 1) L, three terms of the series of expm1 are exact.
_SMALL = 1e-5
# A chance takes about 1 us, and to read one from a table 5 ns. A call takes about 20 ms.
_MOST_COST = 1 << 22
_CHANCE_COST = 200


@kernel
def fill_orders(parameters, T, horizons, orders):  # noqa: N803
    """Write the expected orders in the days of each horizon, `float64[n]`, per unit of `r + x`.

    With `L = -ln(1 + days / (beta + T))` they are `(beta + T) / (alpha + T)` times
    `-expm1((s - 1) L) / (s - 1)`, which is the integral of the probability to be alive still.
    """
    s1 = parameters.s - 1.0
    for i in range(len(T)):
        b = parameters.beta + T[i]
        log = log1p(horizons[i] / b)
        y = -s1 * log
        time = log * (1.0 + y * (0.5 + y / 6.0)) if abs(y) < _SMALL else -expm1(y) / s1
        orders[i] = b * time / (parameters.alpha + T[i])


@kernel
def chance_of_order(parameters, rule, x, T, horizon):  # noqa: N803
    """Return the probability of an order within the days of a horizon.

    It is the integral over t of the chance that the first order comes t days from now while the
    customer is alive, `(r + x) / (alpha + T)` times F with exponents `r + x + 1` and s, relative to
    F at T.
    """
    alpha, beta, ordering = parameters.alpha, parameters.beta, parameters.r + x
    start = float(T)
    part = integral(alpha, beta, ordering + 1.0, parameters.s, rule, start, start + horizon)
    return min(ordering / (alpha + start) * part, 1.0)


@kernel
def mark_pairs(x, T, is_used):  # noqa: N803
    """Mark the pairs of x and T that occur in `bool[n_x, n_T]`; an x may be beyond it."""
    for i in range(len(x)):
        if x[i] < len(is_used):
            is_used[x[i], T[i]] = True


@kernel
def fill_chances(parameters, rule, horizon, x, is_used, chances):
    """Write the chances of customers with x repeat days for each T that is used, `[n_T]` each."""
    for T in range(len(chances)):  # noqa: N806
        if is_used[T]:
            chances[T] = chance_of_order(parameters, rule, x, T, horizon)


@kernel
def write_chances(parameters, rule, horizon, chances, x, T, start, p_order):  # noqa: N803
    """Write the chances of customers from row `start` on; return the row where to continue."""
    cost = 0
    for i in range(start, len(x)):
        if x[i] < len(chances):
            p_order[i] = chances[x[i], T[i]]
            cost += 1
        else:
            p_order[i] = chance_of_order(parameters, rule, x[i], T[i], horizon)
            cost += _CHANCE_COST
        if cost > _MOST_COST:
            return i + 1
    return len(x)
