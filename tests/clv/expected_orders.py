"""Expected orders of BG/NBD and MBG/NBD by other methods, with the standard library alone."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext


def published_orders(parameters, x, T, days, modified):  # noqa: N803
    """Return the orders if alive by equation 10 of Fader, Hardie and Lee (2005), in 80 digits.

    They are (a+B-1)/(a-1) [1 - (1-z)^R 2F1(R, B; a+B-1; z)] with R = r + x, B = b + x (MBG: b + x +
    1) and z = days/(alpha+T+days). A tiny shift of a avoids the poles at a = 1 and a + B = 1.
    """
    with localcontext() as context:
        context.prec = 80
        r, alpha, a, b = map(Decimal, parameters)
        a += Decimal("1e-30")
        rate, stays = r + x, b + x + modified
        z = days / (alpha + T + days)
        c = a + stays - 1
        term = total = Decimal(1)
        n = 0
        while abs(term) > abs(total) * Decimal("1e-50") or n < x + 2:
            term *= (rate + n) * (stays + n) * z / ((c + n) * (n + 1))
            total += term
            n += 1
        return float(c / (a - 1) * (1 - (1 - z) ** rate * total))


def simulated_orders(parameters, days, n, *, modified):
    """Return the number of later orders of n new customers within some days."""
    draw = random.Random(1)
    r, alpha, a, b = parameters
    counts = []
    for _ in range(n):
        rate, leaves = draw.gammavariate(r, 1 / alpha), draw.betavariate(a, b)
        count, time = 0, 0.0
        stays = not modified or draw.random() >= leaves
        while stays:
            time += draw.expovariate(rate) if rate > 0 else days + 1
            if time > days:
                break
            count += 1
            stays = draw.random() >= leaves
        counts.append(count)
    return counts
