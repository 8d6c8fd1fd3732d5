"""Implement SEMANTICS naively, one row at a time, with dicts, fractions and sorted lists.

The tests call this reference the naive twin. It shares no code and no method with the engine, and
imports only the standard library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from . import reference_money as money
from . import reference_orders as orders
from . import reference_segments as segments
from . import reference_time as times

REASONS = (
    "filtered", "null_customer", "null_time", "bad_time", "null_amount", "nonfinite_amount",
    "after_as_of", "before_window", "refund_dropped", "zero_dropped", "duplicate",
)  # fmt: skip
Key = int | str | bytes
SCHEME_CUTS = {"classic": (None, None, None), "recency-bands": ((30, 59, 180), None, None)}


class RefundError(ValueError):
    """There is a refund although `refunds` is `error`."""


class Row(NamedTuple):
    customer: Key | None
    time_us: int | None
    amount: money.Amount | None
    order: Key | None = None
    quantity: int | None = 1
    kept: bool = True
    currency: str | None = None


class Reading(NamedTuple):
    """A row that has no fault so far."""

    customer: Key
    instant_us: int
    day: date
    minor: int
    rounded: bool
    order: object
    is_rated: bool = True


@dataclass
class Customer:
    first_us: int | None
    last_us: int
    recency_days: int
    frequency: int
    monetary_minor: int
    r_score: int = 0
    f_score: int = 0
    m_score: int = 0
    rfm_score: str = ""
    segment: str = ""


@dataclass
class Expected:
    as_of: date | None
    read: int
    counted: int
    dropped: dict[str, int]
    amounts_rounded: int
    customers_without_orders: int
    customers: dict[Key, Customer]
    cuts: dict[str, list[Fraction]] = field(default_factory=dict)
    segments: dict[str, tuple[int, int, int]] = field(default_factory=dict)


def score(
    rows: Iterable[Row],
    *,
    as_of: date | str,
    window: str | None = None,
    timezone: str = "UTC",
    zoned: bool = False,
    scale: int = 2,
    refunds: str = "net",
    zero: str = "count",
    frequency: str = "orders",
    has_order: bool = False,
    rates: money.Rates | None = None,
    bins: Sequence[int] = (5, 5, 5),
    cuts: Sequence[Sequence[int | Decimal | str] | None] = (None, None, None),
    scheme: str = "classic",
) -> Expected:
    """Score and segment `rows`; `cuts` replace the quantiles of an axis, money in major units."""
    expected = totals(
        rows,
        as_of=as_of,
        window=window,
        timezone=timezone,
        zoned=zoned,
        scale=scale,
        refunds=refunds,
        zero=zero,
        frequency=frequency,
        has_order=has_order,
        rates=rates,
    )
    return scored(expected, scale=scale, bins=bins, cuts=cuts, scheme=scheme)


def scored(
    expected: Expected,
    *,
    scale: int = 2,
    bins: Sequence[int] = (5, 5, 5),
    cuts: Sequence[Sequence[int | Decimal | str] | None] = (None, None, None),
    scheme: str = "classic",
) -> Expected:
    given = [own or shipped for own, shipped in zip(cuts, SCHEME_CUTS[scheme], strict=True)]
    _score_axes(expected, scale, bins, given)
    _name_segments(expected, scheme)
    return expected


def totals(
    rows: Iterable[Row],
    *,
    as_of: date | str,
    window: str | None = None,
    timezone: str = "UTC",
    zoned: bool = False,
    scale: int = 2,
    refunds: str = "net",
    zero: str = "count",
    frequency: str = "orders",
    has_order: bool = False,
    rates: money.Rates | None = None,
) -> Expected:
    rows = list(rows)
    readings = [read(index, row, timezone, zoned, scale, rates) for index, row in enumerate(rows)]
    if as_of == "newest":
        days = [reading.day for reading in readings if isinstance(reading, Reading)]
        as_of = max(days, default=None)
    else:
        as_of = date.fromisoformat(str(as_of))
    dropped = Counter(dict.fromkeys(REASONS, 0))
    counted = []
    for reading in readings:
        reason = reading if isinstance(reading, str) else _outside(reading, as_of, window)
        reason = reason or _policy(reading, refunds, zero)
        if reason is None and reading.minor < 0 and refunds == "error":
            raise RefundError(reading)
        if reason is None and not reading.is_rated:
            raise money.NoRateError(reading)
        if reason:
            dropped[reason] += 1
        else:
            counted.append(reading)
    by_customer: dict[Key, list[Reading]] = {}
    for reading in counted:
        by_customer.setdefault(reading.customer, []).append(reading)
    bought = {key: orders.purchases(mine, refunds, zero) for key, mine in by_customer.items()}
    nets = {key: orders.net_amount(mine) for key, mine in by_customer.items()}
    customers = {
        key: _customer(mine, nets[key], as_of, frequency, has_order=has_order)
        for key, mine in bought.items()
        if mine
    }
    return Expected(
        as_of=as_of,
        read=len(rows),
        counted=len(counted),
        dropped=dict(dropped),
        amounts_rounded=sum(reading.rounded for reading in counted),
        customers_without_orders=len(by_customer) - len(customers),
        customers=customers,
    )


def read(
    index: int, row: Row, timezone: str, zoned: bool, scale: int, rates: money.Rates | None
) -> Reading | str:
    """Return the reading of a row, or the first reason to drop it that depends only on the row."""
    if not row.kept:
        return "filtered"
    if row.customer is None:
        return "null_customer"
    if row.time_us is None:
        return "null_time"
    moment = times.read_time(row.time_us, timezone, zoned=zoned)
    if moment is None:
        return "bad_time"
    if row.amount is None or row.quantity is None:
        return "null_amount"
    if not money.is_finite(row.amount):
        return "nonfinite_amount"
    rate = None if rates is None else money.rate_on(rates, row.currency, moment[1])
    minor, rounded = money.minor_units(row.amount, scale, row.quantity, rate)
    order = ("row", index) if row.order is None else row.order
    return Reading(row.customer, *moment, minor, rounded, order, rates is None or rate is not None)


def _outside(reading: Reading, as_of: date | None, window: str | None) -> str | None:
    if as_of is not None and reading.day > as_of:
        return "after_as_of"
    if as_of is not None and times.before_window(reading.day, as_of, window):
        return "before_window"
    return None


def _policy(reading: Reading, refunds: str, zero: str) -> str | None:
    if reading.minor < 0 and refunds == "drop":
        return "refund_dropped"
    if reading.minor == 0 and zero == "drop":
        return "zero_dropped"
    return None


def _customer(
    bought: list[Reading], net: int, as_of: date, frequency: str, *, has_order: bool
) -> Customer:
    first = min(bought, key=lambda reading: reading.instant_us)
    last = max(bought, key=lambda reading: reading.instant_us)
    if frequency == "days":
        n_orders = len({reading.day for reading in bought})
    elif has_order:
        n_orders = len({reading.order for reading in bought})
    else:
        n_orders = len(bought)
    return Customer(
        first_us=first.instant_us,
        last_us=last.instant_us,
        recency_days=(as_of - last.day).days,
        frequency=n_orders,
        monetary_minor=net,
    )


def quantile_cuts(values: Iterable[int], bins: int) -> list[int]:
    """Return the i/k quantiles (inverted CDF): the least value with ceil(i*n/k) values <= it."""
    ordered = sorted(values)
    n = len(ordered)
    return [ordered[-(-i * n // bins) - 1] for i in range(1, bins)] if ordered else []


def bin_of(value: int, cuts: Sequence[Fraction | int]) -> int:
    return 1 + sum(value > cut for cut in cuts)


def _score_axes(
    expected: Expected,
    scale: int,
    bins: Sequence[int],
    given: Sequence[Sequence[int | Decimal | str] | None],
) -> None:
    customers = list(expected.customers.values())
    axes = zip("rfm", ("recency_days", "frequency", "monetary_minor"), bins, given, strict=True)
    for axis, measure, k, cuts in axes:
        if cuts is None:
            found = quantile_cuts((getattr(c, measure) for c in customers), k)
        else:
            unit = 10**scale if axis == "m" else 1
            found = [Fraction(Decimal(cut)) * unit for cut in cuts]
            k = len(found) + 1
        expected.cuts[axis] = found
        for customer in customers:
            place = bin_of(getattr(customer, measure), found)
            setattr(customer, f"{axis}_score", k + 1 - place if axis == "r" else place)
    wide = any(len(found) >= 9 for found in expected.cuts.values())
    for customer in customers:
        digits = (customer.r_score, customer.f_score, customer.m_score)
        customer.rfm_score = ("-" if wide else "").join(map(str, digits))


def _name_segments(expected: Expected, scheme: str) -> None:
    counts = dict.fromkeys(segments.NAMES[scheme], (0, 0, 0))
    for customer in expected.customers.values():
        customer.segment = segments.segment(
            scheme, customer.recency_days, customer.r_score, customer.f_score
        )
        n, orders, minor = counts[customer.segment]
        counts[customer.segment] = (
            n + 1,
            orders + customer.frequency,
            minor + customer.monetary_minor,
        )
    expected.segments = counts
