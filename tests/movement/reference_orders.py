"""Tables of movement that read orders, in plain Python: one customer after the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tests.movement.reference_tiers import Order

STATES = ("new", "retained", "returned", "lost", "inactive")
STAGES = ("none", "A", "I", "P", "L")


class Touch(NamedTuple):
    customer: object
    day: date
    stage: str


def bought(orders: Iterable[Order]) -> dict[tuple[object, object], list[date]]:
    """Return the days of the orders of each customer and group, ascending."""
    found = defaultdict(list)
    for order in orders:
        if order.minor >= 0:
            found[order.group, order.customer].append(order.day)
    return {who: sorted(days) for who, days in found.items()}


def second_orders(orders: Iterable[Order], last: date) -> list[tuple[int, int, int, float]]:
    waits = []
    for days in bought(orders).values():
        end = days[1] if len(days) > 1 else last
        waits.append(((end - days[0]).days, len(days) > 1))
    found, left = [], 1.0
    for day in sorted({wait for wait, _ in waits}):
        events = sum(wait == day and is_event for wait, is_event in waits)
        at_risk = sum(wait >= day for wait, _ in waits)
        left *= 1 - events / at_risk
        found.append((day, events, at_risk, left))
    return found


def lifecycle(orders: Iterable[Order], start: date, first: date) -> list[int]:
    counts: Counter[str] = Counter()
    for days in bought(orders).values():
        early, late = (any(start < day <= first for day in days), any(day > first for day in days))
        if late:
            is_new = days[0] > first
            counts["new" if is_new else "retained" if early else "returned"] += 1
        else:
            counts["lost" if early else "inactive"] += 1
    return [counts[state] for state in STATES]


def stage_of(
    days: Sequence[date], touches: Sequence[Touch], end: date, n_orders: int, n: int
) -> int:
    """Return the position of a stage; `n_orders` and `n` are days of orders and of contacts."""
    lately = sum(end - timedelta(n_orders) < day <= end for day in days)
    kinds = {touch.stage for touch in touches if end - timedelta(n) < touch.day <= end}
    if lately > 1 or "L" in kinds:
        return STAGES.index("L")
    if lately:
        return STAGES.index("P")
    return max((STAGES.index(kind) for kind in kinds), default=0)


def aipl(
    orders: Iterable[Order],
    touches: Sequence[Touch],
    listed: Iterable[object],
    dates: tuple[date, date],
    spans: tuple[int, int],
) -> list[list[int]]:
    """Return how many people moved from each stage to each other."""
    days = bought(orders)
    people = {*days, *((None, touch.customer) for touch in touches), *((None, x) for x in listed)}
    flows = [[0] * len(STAGES) for _ in STAGES]
    for who in people:
        own = [touch for touch in touches if touch.customer == who[1]]
        one, other = (stage_of(days.get(who, []), own, end, *spans) for end in dates)
        flows[one][other] += 1
    return flows


def period(
    orders: Iterable[Order],
    segment_of: Mapping[tuple[object, object], str],
    start: date,
    first: date,
) -> dict[str, list[int]]:
    """Return per segment: customers, then buyers, orders and minor units before and after."""
    rows = defaultdict(list)
    for order in orders:
        rows[order.group, order.customer].append(order)
    found: dict[str, list[int]] = defaultdict(lambda: [0] * 7)
    for who, segment in segment_of.items():
        total = found[segment]
        total[0] += 1
        for n, (begin, end) in enumerate([(start, first), (first, date.max)]):
            own = [order for order in rows[who] if begin < order.day <= end]
            count = sum(order.minor >= 0 for order in own)
            total[1 + n] += count > 0
            total[3 + n] += count
            total[5 + n] += sum(order.minor for order in own)
    return found
