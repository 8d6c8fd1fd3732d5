"""Events in plain Python, from rows of orders and the segments of customers at two dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

DAY = timedelta(days=1)
LIMITS = {"due": 1, "overdue": 2, "lapsed": 3}
Key = tuple[Any, Any]
"""A customer and its group."""


class Row(NamedTuple):
    """A counted row; the moment is in UTC, and `local` is its date where the shop is."""

    customer: Any
    group: Any
    moment: datetime
    local: date
    minor: int


class Person(NamedTuple):
    """A customer at a date. Orders are those that count, in their sequence."""

    orders: list[Row]
    minor: int
    is_whale: bool
    days: int
    own: timedelta
    timing: str

    def beyond(self, n_cycles: int) -> bool:
        return self.days * DAY > n_cycles * self.own


def people_at(
    rows: Iterable[Row], day: date, since: date | None, *, by_days: bool
) -> dict[Key, Person]:
    """Return the customers with an order up to a date, and after `since` if there is a window."""
    held = defaultdict(list)
    for row in rows:
        if row.local <= day and (since is None or row.local > since):
            held[row.customer, row.group].append(row)
    groups = defaultdict(dict)
    for (who, group), own in held.items():
        orders = sorted((row for row in own if row.minor >= 0), key=lambda row: row.moment)
        if orders:
            groups[group][who, group] = orders, sum(row.minor for row in own)
    found = {}
    for members in groups.values():
        found |= _group(members, day, by_days=by_days)
    return found


def _group(
    members: Mapping[Key, tuple[list[Row], int]], day: date, *, by_days: bool
) -> dict[Key, Person]:
    counted = {key: _counted(orders, by_days=by_days) for key, (orders, _) in members.items()}
    spans = {key: orders[-1].moment - orders[0].moment for key, (orders, _) in members.items()}
    gaps = [spans[key] // (n - 1) for key, each in counted.items() if (n := len(each)) > 1]
    cycle = sum(gaps, timedelta()) // len(gaps) if gaps else 30 * DAY
    ranked = sorted((minor for _, minor in members.values()), reverse=True)
    least = ranked[-(-len(ranked) // 5) - 1]
    found = {}
    for key, (orders, minor) in members.items():
        own = (spans[key] + cycle) // len(counted[key])
        days = (day - orders[-1].local).days
        person = Person(counted[key], minor, minor >= max(least, 1), days, own, "")
        beyond = [name for name, n in LIMITS.items() if person.beyond(n)]
        found[key] = person._replace(timing=beyond[-1] if beyond else "on time")
    return found


def _counted(orders: list[Row], *, by_days: bool) -> list[Row]:
    """Return the orders that are counted: all, or the first of each day, but the last moment."""
    if not by_days:
        return orders
    days: dict[date, Row] = {}
    for row in orders:
        days.setdefault(row.local, row)
    return [*list(days.values())[:-1], orders[-1]]


class Dates(NamedTuple):
    """Two dates, and the first days that do not count if there is a window."""

    before: date
    after: date
    before_since: date | None = None
    after_since: date | None = None


def events_between(
    rows: Collection[Row],
    dates: Dates,
    segments: tuple[Mapping[Key, str], Mapping[Key, str]],
    *,
    scheme: str,
    asleep: Collection[str] = (),
    nth: Collection[int] = (5, 10, 25, 50, 100),
    by_days: bool = False,
) -> list[tuple[Any, ...]]:
    """Return rows of the table of events: id, type, customer, group, happened_on, ... value."""
    has_window = dates.after_since is not None
    before = people_at(rows, dates.before, dates.before_since, by_days=by_days)
    after = people_at(rows, dates.after, dates.after_since, by_days=by_days)
    found = []
    for key in before.keys() | after.keys():
        one, other = before.get(key), after.get(key)
        told = list(_of_segments(segments[0].get(key), segments[1].get(key), scheme, dates))
        told += _of_whales(one, other, dates)
        if other is not None:
            if not has_window:
                told += _of_orders(other, dates, nth)
                told += _anniversaries(other, dates)
            told += _of_cycle(one, other)
            told += _of_sleep(one, other, segments[0].get(key), segments[1].get(key), asleep, dates)
        found += [_event(key, *each, dates) for each in told]
    return sorted(found, key=_place)


def _place(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sort by type, customer, group (none comes first) and value."""
    _, kind, customer, group, *_, value, _, _ = row
    return kind, customer, () if group is None else (group,), value or 0


def _event(
    key: Key, kind: str, keys: tuple[Any, ...], day: date | None, ends: tuple[Any, Any],
    value: Decimal | None, dates: Dates,
) -> tuple[Any, ...]:  # fmt: skip
    day = dates.after if day is ... else day
    group = () if key[1] is None else (key[1],)
    own = event_id(kind, key[0], *group, *keys)
    return own, kind, *key, day, *ends, value, dates.before, dates.after


def event_id(*parts: Any) -> str:
    """Return the id of an event from its type, customer, group and key."""
    texts = [part.hex() if isinstance(part, bytes) else str(part) for part in parts]
    return sha256("\x1f".join(["rfm-event/1", *texts]).encode()).hexdigest()[:32]


def _of_segments(one, other, scheme, dates):
    if one != other and other is not None:
        yield "entered_segment", (scheme, other, dates.after), ..., (one, other), None
    if one != other and one is not None:
        yield "left_segment", (scheme, one, dates.after), ..., (one, other), None


def _of_whales(one, other, dates):
    was, is_now = (each is not None and each.is_whale for each in (one, other))
    if was != is_now:
        name = "became_whale" if is_now else "ceased_whale"
        value = None if other is None else Decimal(other.minor).scaleb(-2)
        yield name, (dates.after,), ..., (None, None), value


def _of_orders(other, dates, nth):
    """An order is an event if its own day is after the first date."""
    for n, row in enumerate(other.orders, 1):
        names = {1: "first_order", 2: "second_order"} | dict.fromkeys(nth, "nth_order")
        if row.local > dates.before and n in names:
            day = row.local if n in (1, len(other.orders)) else None
            yield names[n], (n,), day, (None, None), Decimal(n)


def _of_cycle(one, other):
    last = (other.orders[-1].moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    ends = (None if one is None else one.timing, other.timing)
    is_same = one is not None and one.orders[-1].moment == other.orders[-1].moment
    for name, n in LIMITS.items():
        if other.beyond(n) and not (is_same and one.beyond(n)):
            yield name, (last,), ..., ends, Decimal(other.days)
    if _is_soon(other) and not (is_same and _is_soon(one)):
        yield "due_soon", (last,), ..., ends, Decimal(other.days)


def _is_soon(person):
    """Whether an own cycle of three orders or more ends within a week."""
    a_week_later = person._replace(days=person.days + 7)
    return len(person.orders) >= 3 and not person.beyond(1) and a_week_later.beyond(1)


def _of_sleep(one, other, segment, now, asleep, dates):
    if one is not None and segment in asleep and other.orders[-1].moment > one.orders[-1].moment:
        yield "reactivated", (dates.after,), ..., (segment, now), None


def _anniversaries(other, dates):
    """Walk from day to day."""
    first = other.orders[0].local
    day = dates.before + DAY
    while day <= dates.after:
        last_of_february = (first.month, first.day) == (2, 29) and (day + DAY).day == 1
        is_return = (day.month, day.day) == (first.month, first.day)
        if day.year > first.year and (is_return or (last_of_february and day.month == 2)):
            k = day.year - first.year
            yield "anniversary", (k,), ..., (None, str(day)), Decimal(k)
        day += DAY
