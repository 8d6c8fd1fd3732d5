"""Campaigns in plain Python: one customer after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple


class Order(NamedTuple):
    """A row of orders; `number` is the order id, or None."""

    customer: object
    group: object
    number: object
    moment: datetime
    minor: int
    margin: int


class Contact(NamedTuple):
    """A row of assignments."""

    customer: object
    group: object
    campaign: str
    is_treated: bool
    begins: date
    ends: date
    cost: int


class Response(NamedTuple):
    """A row of responses."""

    customer: object
    group: object
    campaign: str
    cost: int


class Unit(NamedTuple):
    """An order, or a refund that belongs to none."""

    day: date
    is_order: bool
    minor: int
    margin: int


class Bought(NamedTuple):
    """What a customer did in a campaign."""

    orders: int
    spend: int
    margin: int
    has_responded: bool
    cost: int


def units(rows: Iterable[Order], last: date) -> dict[tuple[object, object], list[Unit]]:
    """Return the orders and refunds of each customer up to a day."""
    by_order: dict[object, list[Order]] = defaultdict(list)
    for n, row in enumerate(rows):
        if row.customer is not None and row.moment.date() <= last:
            key = ("alone", n) if row.number is None else ("order", row.number)
            by_order[row.customer, row.group, key].append(row)
    found: dict[tuple[object, object], list[Unit]] = defaultdict(list)
    for several in by_order.values():
        own = found[several[0].customer, several[0].group]
        bought = [row.moment for row in several if row.minor >= 0]
        if bought:
            sums = sum(row.minor for row in several), sum(row.margin for row in several)
            own.append(Unit(min(bought).date(), True, *sums))
        else:
            own += [Unit(row.moment.date(), False, row.minor, row.margin) for row in several]
    return found


def report(
    rows: Sequence[Order],
    contacts: Sequence[Contact],
    responses: Sequence[Response],
    segment_of: Mapping[tuple[object, object], str],
    *,
    is_last: bool,
) -> dict[tuple[str, object, str], dict[bool, list[Bought]]]:
    """Return what the customers of each campaign, group, segment and arm did."""
    known = units(rows, max(contact.ends for contact in contacts))
    found: dict[tuple[str, object, str], dict[bool, list[Bought]]] = defaultdict(
        lambda: {True: [], False: []}
    )
    for contact in contacts:
        who = contact.customer, contact.group
        others = [each for each in contacts if (each.customer, each.group) == who]
        own = []
        for unit in known.get(who, []):
            covering = [each for each in others if each.begins <= unit.day <= each.ends]
            newest = max((each.begins for each in covering), default=None)
            first = min((e.campaign for e in covering if e.begins == newest), default=None)
            if contact in covering and (not is_last or first == contact.campaign):
                own.append(unit)
        answers = [
            each
            for each in responses
            if (each.customer, each.group, each.campaign) == (*who, contact.campaign)
        ]
        bought = Bought(
            sum(unit.is_order for unit in own),
            sum(unit.minor for unit in own),
            sum(unit.margin for unit in own),
            bool(answers),
            contact.cost + sum(each.cost for each in answers),
        )
        segment = segment_of.get(who, "(none)")
        for name in (segment, "(all)"):
            found[contact.campaign, contact.group, name][contact.is_treated].append(bought)
    return found


def changes(
    rows: Sequence[Order],
    contacts: Sequence[Contact],
    campaign: str,
    people: Iterable[tuple[object, object]],
) -> dict[bool, list[tuple[int, int]]]:
    """Return the spend of each customer in the time of a campaign, and the change before it."""
    own = [contact for contact in contacts if contact.campaign == campaign]
    begins, ends = own[0].begins, own[0].ends
    before = begins - (ends - begins) - timedelta(1)
    known = units(rows, max(contact.ends for contact in contacts))
    targeted = {(contact.customer, contact.group) for contact in own}
    found: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for who in people:
        spends = [
            sum(unit.minor for unit in known.get(who, []) if first <= unit.day <= last)
            for first, last in ((begins, ends), (before, begins - timedelta(1)))
        ]
        found[who in targeted].append((spends[0], spends[0] - spends[1]))
    return found


def half_even(number: Fraction) -> int:
    """Return a number rounded half to even."""
    return round(number)


def mean(numbers: Sequence[int]) -> Fraction:
    """Return the mean, exactly."""
    return Fraction(sum(numbers), len(numbers))


def variance_of_mean(numbers: Sequence[int]) -> Fraction:
    """Return the variance of the mean, exactly."""
    middle = mean(numbers)
    return sum((each - middle) ** 2 for each in numbers) / (len(numbers) * (len(numbers) - 1))
