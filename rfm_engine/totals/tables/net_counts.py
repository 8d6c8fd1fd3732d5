"""Decide by net amounts which orders count, and compute the records of their customers.

An order counts if its net amount is above 0, or if it is 0 and no row is a refund. The latter are
orders with zero amounts, which do not arrive here if the option `zero` drops them. The days of an
order that counts are the days of its purchases. The money of a day is that of all its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Records
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import Keys
from rfm_engine.totals.buffer.rows import NetRule
from rfm_engine.totals.records import HeldRecords
from rfm_engine.totals.tables.contents import NetEntries
from rfm_engine.totals.tables.day_totals import DayEntries, repeats_of
from rfm_engine.totals.tables.measures import COUNT, COUNT_BITS
from rfm_engine.totals.tables.net_rows import NetColumns, net_sum
from rfm_engine.totals.tables.pairs import Pairs
from rfm_engine.totals.tables.slots import Slots, find_pair, slot_of

_COUNTS = np.int64((1 << COUNT_BITS) - 1)


def held_net_orders(
    load_keys: Callable[[], Keys],
    records: Records,
    entries: NetEntries,
    n_customers: int,
    rule: NetRule,
    key: HashKey,
) -> HeldRecords:
    """Return customers; first, last and number of orders only include orders that count.

    `records` contain the orders of rows without an order id, and are not changed.
    """
    found = records.copy()
    n_orders = np.zeros(len(found), np.int64)
    marks = np.empty(0, np.int32) if entries.marks is None else entries.marks
    columns = NetColumns(*map(frozen, (*entries.columns, marks)))
    if entries.marks is None:
        count_orders(columns, found, n_orders)
        return HeldRecords(load_keys, found, n_orders, n_customers)
    days = _days(columns, found, n_orders, key)
    repeats = repeats_of(days, len(found))
    if rule.counts_days:
        found[:, COUNT] &= ~_COUNTS
        n_orders = repeats.n_days.astype(np.int64)
    return HeldRecords(load_keys, found, n_orders, n_customers, repeats if rule.repeats else None)


def days_that_count(entries: NetEntries, n_customers: int, key: HashKey) -> DayEntries:
    """Return the days of customers with their money, given orders whose entries are per day.

    A day without a purchase of an order that counts is like a day of refunds.
    """
    assert entries.marks is not None
    records, n_orders = np.zeros((n_customers, 4), np.int64), np.zeros(n_customers, np.int64)
    columns = NetColumns(*map(frozen, (*entries.columns, entries.marks)))
    return _days(columns, records, n_orders, key)


class OrderTotals(NamedTuple):
    """Per entry, the first entry of the same order; at first entries, the order's net amount."""

    heads: npt.NDArray[np.uint32]
    high: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]


def _days(
    entries: NetColumns, records: Records, n_orders: npt.NDArray[np.int64], key: HashKey
) -> DayEntries:
    """Count orders whose entries are per day, and return the days of customers with their money."""
    n = len(entries.codes)
    totals = OrderTotals(np.empty(n, np.uint32), np.zeros(n, np.int64), np.zeros(n, np.int64))
    sum_orders(entries, Slots.of(n, key), totals)
    values = np.empty(n, np.int64)
    count_days(entries, totals, records, n_orders, values)
    pairs = Pairs(key, sums=True)
    pairs.add(entries.codes, values, entries.high >> 1, entries.low.astype(np.int64))
    return DayEntries(*pairs.entries(), *pairs.sums())


@kernel
def count_orders(entries, records, n_orders):
    """Count the orders that count, per customer, and record their first and last purchase."""
    for i in range(len(entries.codes)):
        if counts(entries.high[i], np.int64(entries.low[i])):
            code = entries.codes[i]
            records[code, 0] = max(records[code, 0], entries.first[i])
            records[code, 1] = max(records[code, 1], entries.last[i])
            n_orders[code] += 1


@kernel
def sum_orders(entries, slots, totals):
    """Add up the days of each order at its first entry, `totals.heads`.

    Rows without an order id are separate orders, so that their entries of a day are skipped.
    """
    codes, values = entries.codes, entries.values
    heads, high, low = totals.heads, totals.high, totals.low
    known = False
    for i in range(len(codes)):
        heads[i] = i
        if entries.marks[i] & 1 != 0:
            continue
        code, value = codes[i], values[i]
        slot = find_pair(slots, slot_of(slots, value, code), codes, values, code, value, known)
        if slots.places[slot] == 0:
            slots.places[slot] = i + 1
        place = np.int64(slots.places[slot]) - 1
        heads[i] = place
        high[place], low[place] = net_sum(
            high[place], low[place], entries.high[i], np.int64(entries.low[i])
        )


@kernel
def count_days(entries, totals, records, n_orders, values):
    """Do the same as `count_orders`, and fill `values` with twice the day of each entry.

    1 is added unless the day has a purchase of an order that counts. Purchases without an order id
    always count, and are already in the records.
    """
    first, last = entries.first, entries.last
    for i in range(len(entries.codes)):
        code = entries.codes[i]
        mark = np.int64(entries.marks[i])
        alone = mark & 1 != 0
        head = totals.heads[i]
        counted = not alone and counts(totals.high[head], totals.low[head])
        bought = first[i] != 0 and (alone or counted)
        values[i] = mark >> 1 << 1 | np.int64(not bought)
        if counted and bought:
            records[code, 0] = max(records[code, 0], first[i])
            records[code, 1] = max(records[code, 1], last[i])
        n_orders[code] += np.int64(counted and head == i)


@kernel
def counts(high, low):
    """Return whether an order with the net amount `(high >> 1) * 2^32 + low` counts.

    `high` is odd if one of its rows is a refund.
    """
    upper = high >> 1
    return upper > 0 or (upper == 0 and (low > 0 or high & 1 == 0))
