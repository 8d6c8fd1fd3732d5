"""Waiting rows read for `rfm_engine.totals.tables.net_orders`, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Codes
from rfm_engine.totals.buffer.rows import Pieces

# What is made of a block takes 5 MB, whatever the number of rows that wait.
_MOST_ROWS = 1 << 17


def blocks(codes: Codes, pieces: Pieces) -> Iterator[tuple[Codes, Pieces]]:
    """Cut rows, and the codes of their customers, into blocks of at most `_MOST_ROWS`."""
    if pieces.n_rows <= _MOST_ROWS:
        yield codes, pieces
        return
    sizes = pieces.ends - pieces.starts
    before = np.cumsum(sizes) - sizes
    for first in range(0, pieces.n_rows, _MOST_ROWS):
        last = min(first + _MOST_ROWS, pieces.n_rows)
        begin, end = np.clip(first - before, 0, sizes), np.clip(last - before, 0, sizes)
        some = end > begin
        starts, ends = (pieces.starts + begin)[some], (pieces.starts + end)[some]
        yield codes[first:last], Pieces(starts, ends, last - first)


@kernel
def read_orders(
    rows, starts, ends, amount_column, amount_shift, time_shift, time_mask, time_unit,
    order_column, times, amounts, values, alone
):  # fmt: skip
    """Copy time, amount, order and flag of each row, in the order of the pieces.

    For a negative `order_column` the value is the number of the row; it is 0 without an order id
    otherwise.
    """
    place = 0
    for piece in range(len(starts)):
        for i in range(starts[piece], ends[piece]):
            flag = rows[i, amount_column] & 1
            times[place] = ((rows[i, 1] >> time_shift) & time_mask) * time_unit
            amounts[place] = rows[i, amount_column] >> amount_shift
            order = rows[i, order_column] if order_column >= 0 else np.int64(i)
            values[place] = 0 if (flag != 0) & (order_column >= 0) else order
            alone[place] = flag
            place += 1


@kernel
def append_rows(
    codes, times, amounts, values, alone, day_marks, by_day, far, start, room, n,
    codes_out, values_out, high, low, first, last, marks
):  # fmt: skip
    """Append rows from `start` on until `room` entries are there; return the next row, and `n`.

    A row of the same order as the entry before is added to it, because lines of one order often
    follow one another. Rows without an order id are left out unless `by_day`.
    """
    for i in range(start, len(codes)):
        if n == room:
            return i, n
        if alone[i] != 0 and not by_day:
            continue
        amount = amounts[i]
        refund = amount < 0
        upper = amount >> 32
        lower = amount & 0xFFFFFFFF
        before = 0 if refund else far - times[i]
        after = 0 if refund else far + times[i]
        mark = np.int64(day_marks[i]) if by_day else np.int64(0)
        place = n - 1
        if (
            n > 0
            and codes_out[place] == codes[i]
            and values_out[place] == values[i]
            and (not by_day or marks[place] == mark)
        ):
            total = np.int64(low[place]) + lower
            high[place] = (((high[place] >> 1) + upper + (total >> 32)) << 1) | (
                (high[place] & 1) | np.int64(refund)
            )
            low[place] = total & 0xFFFFFFFF
            first[place] = max(first[place], before)
            last[place] = max(last[place], after)
            continue
        codes_out[n] = codes[i]
        values_out[n] = values[i]
        high[n] = upper << 1 | np.int64(refund)
        low[n] = lower
        first[n] = before
        last[n] = after
        if by_day:
            marks[n] = mark
        n += 1
    return len(codes), n
