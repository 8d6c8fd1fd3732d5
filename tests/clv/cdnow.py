"""The customers of CDNOW until 1997-09-30, read without the library."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.triples import Triples
from tests.conftest import file_of

AS_OF = date(1997, 9, 30)


class Customer(NamedTuple):
    """Repeat days, days until the last one and until the date of analysis, cents of repeat days."""

    x: int
    t_x: int
    T: int
    cents: int


def triples_of(customers: Iterable[tuple[int, ...]]) -> Triples:
    """Return distinct histories of customers, given as x, t_x, T and more."""
    keys = [x << 40 | end << 20 | last for x, last, end, *_ in customers]
    return Triples.of([np.array(keys, np.int64)])


@cache
def master() -> list[Customer]:
    """Return all 23,570 customers."""
    lines = file_of("lifetimes", "CDNOW_master.txt").read_text().splitlines()[1:]
    return _customers((who, day, paid) for who, day, _, paid in map(str.split, lines))


@cache
def sample() -> list[Customer]:
    """Return 2,357 customers, with their amounts from the rows."""
    lines = file_of("lifetimes", "CDNOW_sample.txt").read_text().splitlines()
    return _customers((who, day, paid) for _, who, day, _, paid in map(str.split, lines))


@cache
def published() -> list[tuple[int, int, int, Decimal]]:
    """Return x, t_x, T in days, and rounded mean amounts of 2,357 customers, as published."""
    place = file_of("lifetimes", "cdnow_customers_summary_with_transactions.csv")
    rows = [*csv.reader(place.read_text().splitlines())][1:]
    return [
        (int(x), round(7 * float(t_x)), round(7 * float(end)), Decimal(mean))
        for _, x, t_x, end, mean in rows
    ]


def _customers(rows: Iterable[tuple[str, str, str]]) -> list[Customer]:
    by_customer: dict[str, dict[date, Decimal]] = {}
    for who, text, paid in rows:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        if day <= AS_OF:
            days = by_customer.setdefault(who, {})
            days[day] = days.get(day, Decimal(0)) + Decimal(paid)
    found = []
    for days in by_customer.values():
        first = min(days)
        cents = int(100 * (sum(days.values()) - days[first]))
        last = (max(days) - first).days
        found.append(Customer(len(days) - 1, last, (AS_OF - first).days, cents))
    return found
