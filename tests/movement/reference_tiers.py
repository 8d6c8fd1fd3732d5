"""Membership tiers in plain Python: sums of orders, and months as numbers instead of dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple


class Order(NamedTuple):
    customer: object
    group: object
    day: date
    minor: int


class Rule(NamedTuple):
    """A tier: its threshold in minor units or orders, and its memory."""

    threshold: int
    valid: int
    grace: int
    soft: bool


class Member(NamedTuple):
    tier: int
    qualified: int
    last_month: int
    in_grace: bool
    rolling: int
    to_next: int | None
    to_keep: int


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def rolling_of(
    orders: Sequence[Order], first: date, last: date, *, by_count: bool, is_lifetime: bool
) -> int | None:
    """Return what a customer spent or ordered from `first` to `last`; None if not there.

    Refunds before the first order are in the first window that has an order.
    """

    def total(start: date, end: date) -> int | None:
        own = [order.minor for order in orders if start <= order.day <= end]
        bought = [minor for minor in own if minor >= 0]
        return None if not bought else len(bought) if by_count else sum(own)

    if not is_lifetime:
        return total(first, last)
    whole, earlier = total(date.min, last), total(date.min, _before(first))
    return None if whole is None else whole - (earlier or 0)


def _before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def next_member(rules: Sequence[Rule], month: int, rolling: int, member: Member | None) -> Member:
    """Return the state of a customer in a month from that of the month before."""
    qualified = max(n for n, rule in enumerate(rules) if rule.threshold <= max(rolling, 0))
    tier, last, in_grace = qualified, month + rules[qualified].valid, False
    if member is not None and qualified < member.tier:
        grace = rules[member.tier].grace
        if month <= member.last_month + grace:
            tier, last = member.tier, member.last_month
            in_grace = month > last
        elif rules[member.tier].soft:
            tier = max(qualified, member.tier - 1)
            last = month + rules[tier].valid
    higher = rules[tier + 1].threshold if tier + 1 < len(rules) else None
    return Member(
        tier, qualified, last, in_grace, rolling,
        None if higher is None else max(0, higher - rolling),
        max(0, rules[tier].threshold - rolling),
    )  # fmt: skip
