"""Which orders count by their net amounts, and what their customers' records then are.

An order counts when its net amount is above 0, or when it is 0 and no row is a refund: those are
orders of zero amounts, which are not here when `zero` drops them. The days of an order that counts
are those of its purchases; the money of a day is that of all its rows.
"""

from __future__ import annotations

from collections.abc import Callable

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
from rfm_engine.totals.tables.keys import slot_shift
from rfm_engine.totals.tables.measures import COUNT, COUNT_BITS
from rfm_engine.totals.tables.pairs import Pairs

_COUNTS = np.int64((1 << COUNT_BITS) - 1)


def held_net_orders(
    load_keys: Callable[[], Keys],
    records: Records,
    entries: NetEntries,
    n_customers: int,
    rule: NetRule,
    key: HashKey,
) -> HeldRecords:
    """Return customers whose first, last and number of orders are those of orders that count.

    `records` hold the orders of rows without an order id, and stay as they are.
    """
    found = records.copy()
    n_orders = np.zeros(len(found), np.int64)
    if entries.marks is None:
        count_orders(
            frozen(entries.rows), frozen(entries.high), frozen(entries.low), frozen(entries.first),
            frozen(entries.last), found, n_orders,
        )  # fmt: skip
        return HeldRecords(load_keys, found, n_orders, n_customers)
    days = _days(entries, entries.marks, found, n_orders, key)
    repeats = repeats_of(days, len(found))
    if rule.counts_days:
        found[:, COUNT] &= ~_COUNTS
        n_orders = repeats.n_days.astype(np.int64)
    return HeldRecords(load_keys, found, n_orders, n_customers, repeats if rule.repeats else None)


def _days(
    entries: NetEntries,
    marks: npt.NDArray[np.int32],
    records: Records,
    n_orders: npt.NDArray[np.int64],
    key: HashKey,
) -> DayEntries:
    """Count the orders of entries by day, and return the days of customers with their money."""
    n = len(entries.rows)
    heads = np.empty(n, np.uint32)
    totals_high, totals_low = np.zeros(n, np.int64), np.zeros(n, np.int64)
    slots = np.zeros(1 << n.bit_length() + 1, np.uint32)
    columns = frozen(entries.rows), frozen(entries.values), frozen(entries.high)
    columns_and_low = *columns, frozen(entries.low), frozen(marks)
    sum_orders(
        *columns_and_low, key.mask, key.multiplier, slot_shift(len(slots)), slots, heads,
        totals_high, totals_low,
    )  # fmt: skip
    values = np.empty(n, np.int64)
    count_days(
        frozen(entries.rows), frozen(marks), frozen(entries.first), frozen(entries.last), heads,
        totals_high, totals_low, records, n_orders, values,
    )  # fmt: skip
    pairs = Pairs(key, sums=True)
    pairs.add(entries.rows, values, entries.high >> 1, entries.low.astype(np.int64))
    return DayEntries(*pairs.entries(), *pairs.sums())


@kernel
def count_orders(codes, high, low, first, last, records, n_orders):
    """Count each customer's orders that count, and enter their first and last purchase."""
    for i in range(len(codes)):
        if counts(high[i], np.int64(low[i])):
            code = codes[i]
            records[code, 0] = max(records[code, 0], first[i])
            records[code, 1] = max(records[code, 1], last[i])
            n_orders[code] += 1


@kernel
def sum_orders(
    codes, values, high, low, marks, mask, multiplier, shift, slots, heads, totals_high, totals_low
):
    """Add up the days of each order at the first of its entries, `heads`.

    `slots` is `uint32[power of 2]` of places plus one, all 0. Rows without an order id are orders
    of their own: their entries of a day are left as they are.
    """
    last_slot = np.uint64(len(slots) - 1)
    for i in range(len(codes)):
        heads[i] = i
        if marks[i] & 1 != 0:
            continue
        slot = slot_of(codes[i], values[i], mask, multiplier, shift)
        place = np.uint64(i)
        while True:
            entry = np.uint64(slots[slot])
            if entry == 0:
                slots[slot] = i + 1
                break
            place = entry - np.uint64(1)
            if values[place] == values[i] and codes[place] == codes[i]:
                heads[i] = place
                break
            slot = (slot + np.uint64(1)) & last_slot
            place = np.uint64(i)
        total = totals_low[place] + np.int64(low[i])
        upper = (totals_high[place] >> 1) + (high[i] >> 1) + (total >> 32)
        totals_high[place] = upper << 1 | (totals_high[place] | high[i]) & 1
        totals_low[place] = total & 0xFFFFFFFF


@kernel
def count_days(
    codes, marks, first, last, heads, totals_high, totals_low, records, n_orders, values
):
    """Do as `count_orders`, and fill `values` with twice the day of each entry.

    1 is added unless it is a day with a purchase of an order that counts. Purchases without an
    order id always count, and are in the records already.
    """
    for i in range(len(codes)):
        code = codes[i]
        alone = marks[i] & 1 != 0
        head = heads[i]
        counted = not alone and counts(totals_high[head], totals_low[head])
        bought = first[i] != 0 and (alone or counted)
        values[i] = (np.int64(marks[i]) >> 1) << 1 | np.int64(not bought)
        if counted and bought:
            records[code, 0] = max(records[code, 0], first[i])
            records[code, 1] = max(records[code, 1], last[i])
        n_orders[code] += np.int64(counted and head == i)


@kernel
def counts(high, low):
    """Tell whether an order counts whose net amount is `(high >> 1) * 2^32 + low`.

    `high` is odd if one of its rows is a refund.
    """
    upper = high >> 1
    return upper > 0 or (upper == 0 and (low > 0 or high & 1 == 0))


@kernel
def slot_of(code, value, mask, multiplier, shift):
    """Return where to look first for an order of a customer."""
    x = np.uint64(value) ^ mask
    x ^= x >> np.uint64(32)
    x *= np.uint64(0xD6E8FEB86659FD93)
    x ^= (x >> np.uint64(29)) + np.uint64(code)
    x *= multiplier
    x ^= x >> np.uint64(32)
    return (x * np.uint64(0xD6E8FEB86659FD93)) >> shift
