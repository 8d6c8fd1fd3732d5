"""First and last purchase, orders and net amount: four integers a customer.

`records` is `int64[n, 4]`: how long before a far day the first purchase was, how long after a far
day the last one, orders and carry, net amount. So a record of zeros is neutral, and memory fresh
from the system holds nothing else. The net amount is kept modulo 2^64, and each wrap is carried
into the bits of the third field above `COUNT_BITS`: a sum that leaves int64 on the way and comes
back is exact, and whether it is too large is asked once, at the end, so that the answer cannot
depend on the order of the rows.

Where totals of customers are added instead of orders, nobody knows when the first purchase was:
the first field is then `UNKNOWN_FIRST`, which any known one replaces. It has
this value too while orders with ids are kept elsewhere, with their net amounts. It is `TOO_MANY`
for good once the orders have left their bits.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import BufferRows, Codes, Records
from rfm_engine.totals.buffer.narrow_rows import Fields, amount_of, time_of
from rfm_engine.totals.buffer.rows import Layout, Pieces
from rfm_engine.totals.memory.cache import bring_in
from rfm_engine.totals.memory.pages import Growing

COUNT_BITS = 40
FIRST, LAST, COUNT, SUM = range(4)
FAR_US = np.int64(1 << 62)
"""Microseconds from 1970 to the far days; times in the years 1 to 9999 stay below 2^58."""
UNKNOWN_FIRST = 1
TOO_MANY = 0x7FFFFFFFFFFFFFFF
ONE_CARRY = np.int64(1 << COUNT_BITS)
"""What a net amount that leaves 64 bits adds to the third field, or takes from it."""


class Measures:
    """The records of a table's customers, by code."""

    def __init__(self) -> None:
        self._cells: Growing[np.int64] = Growing(np.int64)
        self.n = 0
        self.n_seen = 0

    @property
    def records(self) -> Records:
        """The records, `int64[n, 4]`, a view."""
        return self._cells.array[: 4 * self.n].reshape(-1, 4)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return 32 * self.n

    def reach(self, n: int) -> None:
        """Have a record for codes up to `n`."""
        if n > self.n:
            self._cells.reach(4 * n)
            # Zero already, but a page that is read before it is written faults twice, and the
            # second time interrupts all threads: a fifth of the time of two threads.
            self._cells.array[4 * self.n : 4 * n] = 0
            self.n = n

    def add(self, codes: Codes, rows: BufferRows, pieces: Pieces, layout: Layout) -> None:
        """Add waiting rows to the records of `codes`."""
        bring_in(pieces.n_rows, self.n, self.records)
        places = codes, rows, pieces, Fields.of(narrow=layout.narrow)
        if layout.orders == "number":
            n_fresh = accumulate_totals(*places, layout.order_column, self.records)
        elif layout.net is not None:
            n_fresh = accumulate_own_orders(*places, self.records)
        else:
            n_fresh = accumulate(*places, self.records)
        self.n_seen += int(n_fresh)

    def absorb(self, codes: Codes, others: Records) -> None:
        """Add other records, `int64[n, 4]`, to those of `codes`."""
        self.n_seen += int(combine(codes, others, self.records))


@kernel
def accumulate(codes, rows, pieces, fields, records):
    """Add each row to its customer's record; refunds touch the amount only.

    Returns how many of the records were neutral before. There is no branch in it but the loops:
    with branches for refunds, earliest and latest it took half as long again.
    """
    n_seen = 0
    place = 0
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            code = codes[place]
            place += 1
            amount = amount_of(rows, i, fields)
            time = time_of(rows, i, fields)
            refund = amount >> 63  # all bits set, or none
            first = (FAR_US - time) & ~refund
            last = (FAR_US + time) & ~refund
            before = records[code, 3]
            counted = rows[i, fields.amount_column] & 1 & ~refund
            n_seen += (records[code, 0] | records[code, 2] | before) == 0
            records[code, 0] = max(records[code, 0], first)
            records[code, 1] = max(records[code, 1], last)
            records[code, 2] += counted + carry_of(before, amount)
            records[code, 3] = before + amount
    return n_seen


@kernel
def accumulate_totals(codes, rows, pieces, fields, orders_column, records):
    """Add each row, the total of some orders, to its customer's record; return as `accumulate`.

    The time of a row without orders is no purchase.
    """
    n_seen = 0
    place = 0
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            code = codes[place]
            place += 1
            amount = amount_of(rows, i, fields)
            time = time_of(rows, i, fields)
            n_orders = rows[i, orders_column]
            room = ONE_CARRY - (records[code, 2] & (ONE_CARRY - 1))
            first = UNKNOWN_FIRST if n_orders < room else TOO_MANY
            last = FAR_US + time if n_orders > 0 else 0
            before = records[code, 3]
            n_seen += (records[code, 0] | records[code, 2] | before) == 0
            records[code, 0] = max(records[code, 0], first)
            records[code, 1] = max(records[code, 1], last)
            records[code, 2] += n_orders + carry_of(before, amount)
            records[code, 3] = before + amount
    return n_seen


@kernel
def accumulate_own_orders(codes, rows, pieces, fields, records):
    """Add each row to its customer's record; only rows that are orders by themselves are purchases.

    Returns as `accumulate`. The first field is never 0 then: net amounts of 0 do not hide a
    customer.
    """
    n_seen = 0
    place = 0
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            code = codes[place]
            place += 1
            amount = amount_of(rows, i, fields)
            time = time_of(rows, i, fields)
            refund = amount >> 63
            own = -(rows[i, fields.amount_column] & 1) & ~refund  # all bits set, or none
            before = records[code, 3]
            n_seen += records[code, 0] == 0
            records[code, 0] = max(records[code, 0], max((FAR_US - time) & own, UNKNOWN_FIRST))
            records[code, 1] = max(records[code, 1], (FAR_US + time) & own)
            records[code, 2] += (own & 1) + carry_of(before, amount)
            records[code, 3] = before + amount
    return n_seen


@kernel
def carry_of(before, amount):
    """Return what the third field gets when an amount is added to the fourth, without a branch."""
    after = before + amount
    sign = amount >> 63
    wrapped = ((before ^ after) & (amount ^ after)) >> 63
    return ((ONE_CARRY ^ sign) - sign) & wrapped


@kernel
def combine(codes, others, records):
    """Add record `i` of `others` to that of `codes[i]`; return how many were neutral before."""
    n_seen = 0
    for i in range(len(codes)):
        code = codes[i]
        amount = others[i, 3]
        before = records[code, 3]
        n_seen += (records[code, 0] | records[code, 2] | before) == 0
        counts = ONE_CARRY - 1
        if (records[code, 2] & counts) + (others[i, 2] & counts) > counts:
            records[code, 0] = TOO_MANY
        records[code, 0] = max(records[code, 0], others[i, 0])
        records[code, 1] = max(records[code, 1], others[i, 1])
        records[code, 2] += others[i, 2] + carry_of(before, amount)
        records[code, 3] = before + amount
    return n_seen
