"""The bridge table in plain Python and exact fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import erfc, exp, log, sqrt
from typing import Any, NamedTuple

from tests.insight.reference import Customer, Row

FEWEST_UPGRADED = 5


class Dates(NamedTuple):
    """Spend up to `since` and up to `until` is compared with spend after it."""

    since: date
    until: date


class Stratum(NamedTuple):
    """Customers who were exposed and those who were not, and how many of each rose."""

    exposed: int
    upgraded: int
    controls: int
    controls_upgraded: int


class Bridge(NamedTuple):
    """The strata by value and number, and the numbers that all rows of the table have."""

    strata: dict[Any, dict[int, Stratum]]
    eligible: int
    up: int
    least0: int | None
    least2: int | None


def bridge(customers: Mapping[Any, Customer], dates: Dates, attribute: str) -> Bridge:
    """Return the strata of each value that an eligible customer bought up to `until`."""
    since, until = dates
    periods = {who: _periods(each.rows, dates) for who, each in customers.items()}
    spend = {who: [sum(row.minor for row in own) for own in of] for who, of in periods.items()}
    early = {who for who, own in periods.items() if _bought(own[0])}
    late = {who for who, own in periods.items() if _bought(own[1])}
    least0 = _least([spend[who][0] for who in early])
    least2 = _least([spend[who][2] for who in early | late])
    eligible = [who for who in early & late if spend[who][0] < least0]
    up = {who for who in eligible if spend[who][2] >= least2 and spend[who][2] > 0}
    levels = [_levels([spend[who][place] for who in eligible]) for place in (0, 1)]
    stratum = {who: 5 * a + b for who, a, b in zip(eligible, *levels, strict=True)}
    first: dict[Any, dict[Any, date]] = defaultdict(dict)
    for who in eligible:
        for row in _bought(periods[who][0] + periods[who][1]):
            value = getattr(row, attribute)
            if value is not None:
                first[value][who] = min(first[value].get(who, until), row.time.date())
    strata: dict[Any, dict[int, Stratum]] = {}
    for value, own in first.items():
        strata[value] = {}
        for number in {stratum[who] for who in own}:
            members = {who for who in eligible if stratum[who] == number}
            exposed = {who for who in members & own.keys() if own[who] > since}
            controls = members - own.keys()
            strata[value][number] = Stratum(
                len(exposed), len(exposed & up), len(controls), len(controls & up)
            )
    return Bridge(strata, len(eligible), len(up), least0, least2)


def _periods(rows: Sequence[Row], dates: Dates) -> tuple[list[Row], list[Row], list[Row]]:
    found: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for row in rows:
        found[(row.time.date() > dates.since) + (row.time.date() > dates.until)].append(row)
    return found


def _bought(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.minor >= 0]


def _least(amounts: Sequence[int]) -> int:
    """Return the smallest of the 20% largest amounts."""
    return sorted(amounts, reverse=True)[: -(-len(amounts) // 5)][-1] if amounts else 0


def _levels(amounts: Sequence[int]) -> list[int]:
    """Return how many of the four quintiles each amount is above."""
    cuts = [sorted(amounts)[-(-len(amounts) * i // 5) - 1] for i in range(1, 5) if amounts]
    return [sum(amount > cut for cut in cuts) for amount in amounts]


def rows_of(found: Bridge, least: int) -> dict[Any, tuple[Any, ...]]:
    """Return the row of each value that enough customers have, without q."""
    rows = {}
    for value, strata in found.strata.items():
        compared = [each for each in strata.values() if each.exposed]
        sums = [sum(column) for column in zip(*compared, strict=True)] or [0] * 4
        exposed, upgraded, controls, controls_up = sums
        r = sum(Fraction(a * n0, n1 + n0) for n1, a, n0, _ in compared)
        s = sum(Fraction(b * n1, n1 + n0) for n1, _, n0, b in compared)
        is_enough = min(exposed, controls) >= least
        if is_enough and min(upgraded, controls_up) >= FEWEST_UPGRADED and r and s:
            rows[value] = (*sums, upgraded / exposed, *_tested(compared, r, s))
    return rows


def _tested(strata: Sequence[Stratum], r: Fraction, s: Fraction) -> tuple[float, ...]:
    """Return the Mantel-Haenszel ratio, its 95% interval and p (Greenland and Robins 1985)."""
    terms = [
        Fraction((a + b) * n1 * n0 - a * b * (n1 + n0), (n1 + n0) ** 2) for n1, a, n0, b in strata
    ]
    error = sqrt(sum(terms) / (r * s))
    middle = log(r / s)
    width = 1.959963984540054 * error
    ends = exp(middle - width), exp(middle + width)
    return float(r / s), *ends, erfc(abs(middle) / error / sqrt(2))


def adjusted(ps: Mapping[Any, float]) -> dict[Any, float]:
    """Return q: the least `p' m / (number of p'' <= p')` of all p' from p on."""
    m = len(ps)
    return {
        value: min(
            each * m / sum(other <= each for other in ps.values())
            for each in ps.values()
            if each >= p
        )
        for value, p in ps.items()
    }
