"""Read buffered rows for `rfm_engine.totals.tables.net_orders`, one block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Codes
from rfm_engine.totals.buffer.narrow_rows import amount_of, time_of
from rfm_engine.totals.buffer.rows import Pieces
from rfm_engine.totals.tables.measures import FAR_US

# The arrays for a block take 5 MB, no matter how many rows are buffered.
_MOST_ROWS = 1 << 17


class ReadRows(NamedTuple):
    """Rows as `read_orders` writes them; `alone` is 1 for an order by itself, without an id."""

    times: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.int64]
    values: npt.NDArray[np.int64]
    alone: npt.NDArray[np.uint8]

    @classmethod
    def room(cls, n: int) -> ReadRows:
        """Allocate arrays for `n` rows."""
        times, amounts, values = (np.empty(n, np.int64) for _ in range(3))
        return cls(times, amounts, values, np.empty(n, np.uint8))


class NetColumns(NamedTuple):
    """The columns of `NetEntries` for kernels; `marks` is empty if days do not matter."""

    codes: Codes
    values: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    low: npt.NDArray[np.uint32]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    marks: npt.NDArray[np.int32]


def blocks(codes: Codes, pieces: Pieces) -> Iterator[tuple[Codes, Pieces]]:
    """Split rows, and the codes of their customers, into blocks of at most `_MOST_ROWS`."""
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
def read_orders(rows, pieces, fields, order_column, read):
    """Copy time, amount, order and flag of each row to `read`, in the order of the pieces.

    If `order_column` is negative, the value is the number of the row. Otherwise it is the order id,
    or 0 without one.
    """
    place = 0
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            flag = rows[i, fields.amount_column] & 1
            read.times[place] = time_of(rows, i, fields)
            read.amounts[place] = amount_of(rows, i, fields)
            order = rows[i, order_column] if order_column >= 0 else np.int64(i)
            read.values[place] = 0 if (flag != 0) & (order_column >= 0) else order
            read.alone[place] = flag
            place += 1


@kernel
def append_rows(codes, read, day_marks, by_day, start, room, n, entries):
    """Append rows from `start` on until there are `room` entries; return the next row, and `n`.

    A row of the same order as the previous entry is added to that entry, because lines of one order
    often follow each other. Rows without an order id are skipped unless `by_day`.
    """
    high, low = entries.high, entries.low
    first, last = entries.first, entries.last
    for i in range(start, len(codes)):
        if n == room:
            return i, n
        if read.alone[i] != 0 and not by_day:
            continue
        amount = read.amounts[i]
        refund = amount < 0
        upper = amount >> 32 << 1 | np.int64(refund)
        lower = amount & 0xFFFFFFFF
        before = 0 if refund else FAR_US - read.times[i]
        after = 0 if refund else FAR_US + read.times[i]
        mark = np.int64(day_marks[i]) if by_day else np.int64(0)
        place = n - 1
        if (
            n > 0
            and entries.codes[place] == codes[i]
            and entries.values[place] == read.values[i]
            and (not by_day or entries.marks[place] == mark)
        ):
            high[place], low[place] = net_sum(high[place], np.int64(low[place]), upper, lower)
            first[place] = max(first[place], before)
            last[place] = max(last[place], after)
            continue
        entries.codes[n] = codes[i]
        entries.values[n] = read.values[i]
        high[n] = upper
        low[n] = lower
        first[n] = before
        last[n] = after
        if by_day:
            entries.marks[n] = mark
        n += 1
    return len(codes), n


@kernel
def net_sum(high, low, more_high, more_low):
    """Add two net amounts `(high >> 1) * 2^32 + low`; `high` is odd if a refund is included."""
    total = low + more_low
    upper = (high >> 1) + (more_high >> 1) + (total >> 32)
    return upper << 1 | (high | more_high) & 1, total & 0xFFFFFFFF
