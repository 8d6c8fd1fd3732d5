"""Add up consecutive lines of one order before grouping.

Adding up neighbouring lines is cheap, and every row that disappears does not have to be written,
found and added. 66 M lines of 30 M orders took 113 ns of processor time per line without this step,
and 95 ns with it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import IntKeys
from rfm_engine.orders.normalize import OrderRows

_SAMPLE = 1 << 12
# Copying the rows pays off if at least one row in eight disappears.
_LEAST_SHARE = 8
# Sums stay below 2^62, so that a flag fits in the same word.
_LIMIT = np.int64(1 << 60)
_ALL_PRESENT = frozen(np.ones(1, np.uint8))


class Lines(NamedTuple):
    """Customers, orders, times, amounts; `present` is 0 if a row is an order by itself."""

    bits: npt.NDArray[np.uint64]
    orders: npt.NDArray[np.uint64]
    time_us: npt.NDArray[np.int64]
    amount_minor: npt.NDArray[np.int64]
    present: npt.NDArray[np.uint8]


def joined(rows: OrderRows) -> OrderRows:
    """Return the counted rows; consecutive lines of one order with the same time become one row.

    The result does not change, because such lines are one order with one time, and their amounts
    are added up in any case. Refunds remain separate rows. Rows are returned unchanged if their ids
    are byte strings, or if there are few such lines among the first rows.
    """
    keys, orders = rows.keys, rows.order_keys
    if keys.of_bytes or orders is None or orders.of_bytes:
        return rows
    if not _worthwhile(keys, orders):
        return rows
    n = len(rows.reason)
    present = _ALL_PRESENT
    if rows.order_present is not None:
        present = frozen(rows.order_present.view(np.uint8))
    lines = Lines(keys.bits, orders.bits, rows.time_us, rows.amount_minor, present)
    found = Lines(*[np.empty(n, column.dtype) for column in lines])
    kept = join_lines(lines, rows.reason, found)
    return rows._replace(
        keys=IntKeys(frozen(found.bits[:kept])),
        order_keys=IntKeys(frozen(found.orders[:kept])),
        time_us=frozen(found.time_us[:kept]),
        amount_minor=frozen(found.amount_minor[:kept]),
        order_present=None if rows.order_present is None else found.present[:kept].view(np.bool_),
        reason=frozen(np.zeros(kept, np.uint8)),
    )


def _worthwhile(keys: IntKeys, orders: IntKeys) -> bool:
    ids, numbers = keys.bits[:_SAMPLE], orders.bits[:_SAMPLE]
    repeated = (ids[1:] == ids[:-1]) & (numbers[1:] == numbers[:-1])
    return int(np.count_nonzero(repeated)) * _LEAST_SHARE > len(ids)


@kernel
def join_lines(lines, reason, found):
    """Write each counted row to `found` or add it to the previous row; return the number of rows.

    If `present` has length 1, it applies to all rows.
    """
    bits, orders, time_us, amount_minor, present = lines
    place = np.uint64(0)
    started = np.uint64(0)
    last_bits = np.uint64(0)
    last_order = np.uint64(0)
    last_time = np.int64(0)
    # Nothing is added to a negative amount: neither to a refund, nor to this initial value.
    last_amount = np.int64(-1)
    last_present = np.uint8(0)
    for i in range(len(bits)):
        if reason[i] != 0:
            continue
        amount = amount_minor[i]
        with_order = present[i] if len(present) > 1 else present[0]
        # No branch, because a processor cannot predict whether a line belongs to the previous one.
        same = (
            (bits[i] == last_bits)
            & (orders[i] == last_order)
            & (time_us[i] == last_time)
            & (amount >= 0)
            & (amount < _LIMIT)
            & (last_amount >= 0)
            & (last_amount < _LIMIT)
            & ((with_order & last_present) != 0)
        )
        last_amount = last_amount + amount if same else amount
        place += started & np.uint64(not same)
        started = np.uint64(1)
        last_bits = bits[i]
        last_order = orders[i]
        last_time = time_us[i]
        last_present = with_order
        found.bits[place] = last_bits
        found.orders[place] = last_order
        found.time_us[place] = last_time
        found.amount_minor[place] = last_amount
        found.present[place] = last_present
    return np.int64(place + started)
