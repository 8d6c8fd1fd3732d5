"""Movement computed naively: for each customer, from its rows and those of all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import sqrt
from typing import Any, NamedTuple

from tests.reference_facts import DAY_US, cycle_us, least_whale, timing_of
from tests.reference_segments import CLASSIC

START = datetime(2025, 1, 1)


class Row(NamedTuple):
    """A purchase, or a refund if `minor` is below 0, `hours` after the start."""

    customer: Any
    group: str | None
    hours: int
    minor: int

    @property
    def day(self) -> int:
        return self.hours // 24


class Values(NamedTuple):
    """What a customer is judged by."""

    recency_days: int
    frequency: int
    monetary_minor: int
    first_us: int
    last_us: int

    @property
    def gap_us(self) -> Fraction | None:
        """The mean time between two orders."""
        if self.frequency == 1:
            return None
        return Fraction((self.last_us - self.first_us) // (self.frequency - 1))


Judge = Callable[[Values], str]
Key = tuple[str | None, Any]


def population(rows: Iterable[Row], days: range, seen_from: int) -> dict[Key, Values]:
    """Return the customers with a purchase on some days, seen from the end of a day."""
    mine: dict[Key, list[Row]] = {}
    for row in rows:
        if row.day in days:
            mine.setdefault((row.group, row.customer), []).append(row)
    found = {}
    for key, own in mine.items():
        bought = [row for row in own if row.minor >= 0]
        if bought:
            times = [row.hours * 3600 * 10**6 for row in bought]
            last = max(row.day for row in bought)
            money = sum(row.minor for row in own)
            found[key] = Values(seen_from - last, len(bought), money, min(times), max(times))
    return found


def fitted(people: Sequence[Values], scheme: str) -> Judge | None:
    """Return how a population would judge a customer; None if it has no customers."""
    if not people:
        return None
    return {"classic": _classic, "five-types": _five_types, "whales": _whales}[scheme](people)


def _quintiles(values: Iterable[int]) -> list[int]:
    """Return the smallest values that at least 20%, 40%, 60% and 80% do not exceed."""
    ordered = sorted(values)
    return [next(v for v in ordered if 5 * sum(o <= v for o in ordered) >= i * len(ordered))
            for i in range(1, 5)]  # fmt: skip


def _classic(people: Sequence[Values]) -> Judge:
    recency = _quintiles(each.recency_days for each in people)
    frequency = _quintiles(each.frequency for each in people)

    def judge(one: Values) -> str:
        r = 5 - sum(cut < one.recency_days for cut in recency)
        f = 1 + sum(cut < one.frequency for cut in frequency)
        return CLASSIC[r - 1][f - 1]

    return judge


def _mean(values: Sequence[int | Fraction]) -> Fraction:
    return Fraction(sum(values), len(values))


def _lower_third(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return next(v for v in ordered if 3 * sum(o <= v for o in ordered) >= len(ordered))


def _five_types(people: Sequence[Values]) -> Judge:
    recency = _mean([each.recency_days for each in people])
    orders = [each.frequency for each in people]
    money = [each.monetary_minor for each in people]
    gaps = [each.gap_us for each in people if each.gap_us is not None]
    cycle = None if not gaps else Fraction(_mean(gaps).__floor__(), DAY_US)
    few, little = _lower_third(orders), _lower_third(money)

    def judge(one: Values) -> str:
        is_recent = one.recency_days <= recency
        is_late = cycle is not None and one.recency_days > cycle
        n, spent = one.frequency, one.monetary_minor
        if is_recent and n >= _mean(orders) and spent >= _mean(money):
            return "High value"
        if n == 1 and cycle is not None and not is_late:
            return "New"
        if is_recent and n > few and spent > little:
            return "Potential"
        if not is_recent and n <= few and spent <= little:
            return "At risk"
        return "Dormant" if is_late else "Other"

    return judge


WHALES = """
name = "whales"
otherwise = "Others"
[[segments]]
name = "Late whales"
when = ["is_whale", 'timing in ["overdue", "lapsed"]']
[[segments]]
name = "Whales"
when = ["is_whale"]
[[segments]]
name = "Fast"
when = ["own_us <= 864000000000"]
[[segments]]
name = "Better half"
f = [4, 5]
"""


def _whales(people: Sequence[Values]) -> Judge:
    least = least_whale([each.monetary_minor for each in people], Fraction(1, 5))
    cycle = cycle_us(dict(enumerate(people)))  # type: ignore[arg-type]
    frequency = _quintiles(each.frequency for each in people)

    def judge(one: Values) -> str:
        own_us = (one.last_us - one.first_us + cycle) // one.frequency
        if one.monetary_minor >= least and one.monetary_minor > 0:
            is_late = timing_of(one.recency_days, own_us) in ("overdue", "lapsed")
            return "Late whales" if is_late else "Whales"
        if own_us <= 10 * DAY_US:
            return "Fast"
        return "Better half" if sum(cut < one.frequency for cut in frequency) >= 3 else "Others"

    return judge


class Path(NamedTuple):
    """The segments of a customer; None where it is absent."""

    group: str | None
    s00: str | None
    aged: str | None
    s01: str | None
    s10: str | None
    s11: str | None


def window_of(day: int, window: int | None) -> range:
    """Return the days that count at a date."""
    return range(-1 if window is None else day - window + 1, day + 1)


def paths(
    rows: Sequence[Row], dates: tuple[int, int], window: int | None, scheme: str
) -> dict[Key, Path]:
    """Return the path of each customer who is in one of two snapshots."""
    t0, t1 = dates
    after_days = window_of(t1, window)
    before = population(rows, window_of(t0, window), t0)
    after = population(rows, after_days, t1)
    still = population(rows, range(after_days.start, t0 + 1), t1)
    groups = {key[0] for key in (*before, *after)}
    old, new = (
        {
            group: fitted([each for key, each in people.items() if key[0] == group], scheme)
            for group in groups
        }
        for people in (before, after)
    )

    def judged(judges: dict[str | None, Judge | None], key: Key, one: Values | None) -> str | None:
        judge = judges[key[0]]
        return None if judge is None or one is None else judge(one)

    found = {}
    for key in {*before, *after}:
        one, other = before.get(key), after.get(key)
        s00, s11 = judged(old, key, one), judged(new, key, other)
        s10 = s11 if old[key[0]] is None else judged(old, key, other)
        s01 = s00 if new[key[0]] is None else judged(new, key, one)
        found[key] = Path(key[0], s00, judged(old, key, still.get(key)), s01, s10, s11)
    return found


def effects(found: Iterable[Path], names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return n0, aged, behaviour, threshold, n1, entered, left and the doubled two by segment."""
    every = list(found)
    counts = {
        state: Counter("(none)" if s is None else s for s in (getattr(p, state) for p in every))
        for state in Path._fields[1:]
    }
    result = {}
    for name in (*names, "(none)"):
        n0, na, n01, n10, n1 = (counts[state][name] for state in Path._fields[1:])
        entered = sum(path.s00 is None and path.s10 == name for path in every)
        left = sum(path.s11 is None and path.s00 == name for path in every)
        doubled = (n10 - n0) + (n1 - n01), (n01 - n0) + (n1 - n10)
        result[name] = (n0, na - n0, n10 - na, n1 - n10, n1, entered, left, *doubled)
    return result


def class_of(path: Path) -> str:
    if path.s00 is None or path.s11 is None:
        return "entered" if path.s00 is None else "left"
    same = path.s00 == path.s10, path.s10 == path.s11, path.s00 == path.s11
    return {
        (True, True, True): "stayed", (False, True, False): "moved",
        (True, False, False): "threshold", (False, False, True): "offset",
    }.get(same, "both")  # fmt: skip


class Bought(NamedTuple):
    """What a tier bought between two dates."""

    size: int
    retained: int
    orders: int
    spend: int
    bought_twice: int
    converted: int


def bought(rows: Sequence[Row], tier: Iterable[Key], days: range, within: int) -> Bought:
    own = {key: [r for r in rows if (r.group, r.customer) == key and r.day in days] for key in tier}
    orders = {key: [row for row in each if row.minor >= 0] for key, each in own.items()}
    soon = days.start + within
    return Bought(
        len(own), sum(bool(each) for each in orders.values()), sum(map(len, orders.values())),
        sum(row.minor for each in own.values() for row in each),
        sum(len(each) > 1 for each in orders.values()),
        sum(any(row.day < soon for row in each) for each in orders.values()),
    )  # fmt: skip


def wilson(part: int, n: int) -> tuple[float, float]:
    """Return the two roots of the quadratic equation that the interval solves."""
    z2 = 1.959963984540054**2
    a, b, c = n + z2, -(2 * part + z2), part * part / n
    root = sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def moment(row: Row) -> datetime:
    return START + timedelta(hours=row.hours)
