"""Count the rows of a batch per bin, and write them to the buffer, sorted by bin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import BufferRows, Integers, Marks
from rfm_engine.totals.buffer.addresses import Block, RowIds, address
from rfm_engine.totals.buffer.narrow_rows import packed
from rfm_engine.totals.buffer.rows import Layout

NO_NUMBERS: Integers = frozen(np.empty(0, np.int64))
_NO_ROWS: BufferRows = np.empty((0, 0), np.int64)
_NO_BINS = np.empty(0, np.uint16)


class Numbers(NamedTuple):
    """Further columns, each `int64[n]`, or empty if the layout does not have it.

    Attributes
    ----------
    key_places
        Offsets of the customers' bytes in the buffer.
    orders
        Integer order ids, hashes of byte order ids, or numbers of orders.
    order_places
        Offsets of the order ids' bytes in the buffer.
    """

    key_places: Integers = NO_NUMBERS
    orders: Integers = NO_NUMBERS
    order_places: Integers = NO_NUMBERS


class Columns(NamedTuple):
    """All columns of a row besides the customer, read-only.

    `alone` is 1 for rows that are an order by themselves. An array of length 1 applies to all rows.
    """

    time_us: Integers
    amount_minor: Integers
    alone: Marks
    numbers: Numbers = Numbers()


_NO_COLUMNS = Columns(NO_NUMBERS, NO_NUMBERS, frozen(np.empty(0, np.uint8)))
_NO_LAYOUT = Layout(of_bytes=False, orders=None)


def count_rows(ids: RowIds, reason: Marks, counts: Integers) -> None:
    """Add the number of rows with `reason` 0 per bin to `counts`, `int64[bins]`."""
    _spread(ids, reason, counts)


def find_bins(ids: RowIds, reason: Marks, n_bins: int) -> npt.NDArray[np.uint16]:
    """Return the bin of each row, or `n_bins` if its `reason` is not 0."""
    bins = np.full(len(reason), n_bins, np.uint16)
    _spread(ids, reason, np.zeros(n_bins, np.int64), bins=bins)
    return bins


def place_rows(
    ids: RowIds,
    reason: Marks,
    columns: Columns,
    layout: Layout,
    next_place: Integers,
    rows: BufferRows,
) -> None:
    """Write the rows with `reason` 0 to `rows`, where bin `b` begins at `next_place[b]`."""
    _spread(ids, reason, next_place, columns, layout, rows=rows)


def _spread(
    ids: RowIds,
    reason: Marks,
    next_place: Integers,
    columns: Columns = _NO_COLUMNS,
    layout: Layout = _NO_LAYOUT,
    *,
    bins: npt.NDArray[np.uint16] = _NO_BINS,
    rows: BufferRows = _NO_ROWS,
) -> None:
    spread_rows(
        ids, reason, columns, layout.narrow, layout.n_key_columns, Block.room(), next_place, bins,
        rows,
    )  # fmt: skip


@kernel
def spread_rows(ids, reason, columns, narrow, n_key_columns, block, next_place, bins, rows):
    """Write each row with `reason` 0 to the next free row of its bin; `Layout` has the columns.

    Blocks stay in the cache: 7 ns per row. Hashing, packing and writing all rows in separate passes
    took 50% longer. If `rows` is empty, the rows are only counted in `next_place`; if `bins` is not
    empty, it is filled too. These are not separate kernels because each of them would compile the
    hashing again, 0.8 s.
    """
    for start in range(0, len(reason), max(len(block.bins), 1)):
        stop = min(start + len(block.bins), len(reason))
        address(ids, start, stop, block)
        if len(bins) > 0:
            take_bins(block.bins, reason[start:stop], bins[start:stop])
        if len(rows) == 0:
            count_block(block.bins, reason[start:stop], next_place)
        else:
            write_block(
                ids, reason, columns, narrow, n_key_columns, start, stop, block, next_place, rows
            )


@kernel
def take_bins(of_block, reason, bins):
    """Fill `bins` for counted rows."""
    for i in range(len(reason)):
        if reason[i] == 0:
            bins[i] = of_block[i]


@kernel
def count_block(bins, reason, counts):
    """Count the rows with `reason` 0 per bin."""
    for i in range(len(reason)):
        counts[bins[i]] += reason[i] == 0


@kernel
def write_block(ids, reason, columns, narrow, n_key_columns, start, stop, block, next_place, rows):
    """Write the rows of one block: the first columns row by row, the others column by column."""
    times, amounts = columns.time_us[start:stop], columns.amount_minor[start:stop]
    alone = columns.alone[start:stop] if len(columns.alone) > 1 else columns.alone
    texts, n_words = block.signed_seconds, 1 if len(ids.texts) > 0 else 0
    if len(ids.words) > 0 and n_words > 0:
        texts, n_words = ids.texts[start * ids.n_words : stop * ids.n_words], ids.n_words
    seconds, n_together = times, 0
    if narrow:
        pack(times, amounts, alone, block.numbers)
        seconds, n_together = block.signed_numbers, n_words
    places = block.places[: stop - start if rows.shape[1] > 2 + n_together else 0]
    put_rows(
        block.bins, reason[start:stop], next_place, block.signed_words, seconds, texts, n_together,
        places, rows,
    )  # fmt: skip
    column = 2
    if not narrow:
        double(amounts, alone, block.numbers)
        put_numbers(block.signed_numbers, places, 2, rows)
        put_texts(texts, n_words, places, 3, rows)
        column = 3
    for number in range(3):
        numbers = columns.numbers[number]
        if len(numbers) > 0:
            put_numbers(numbers[start:stop], places, column, rows)
        column += n_key_columns if number == 0 else 1


@kernel
def pack(times, amounts, alone, numbers):
    """Compute the packed column of narrow rows."""
    for i in range(len(times)):
        flag = alone[i] if len(alone) > 1 else alone[0]
        numbers[i] = packed(times[i], amounts[i], flag)


@kernel
def double(amounts, alone, numbers):
    """Compute the amount column of wide rows: twice the amount, plus the flag."""
    for i in range(len(amounts)):
        flag = alone[i] if len(alone) > 1 else alone[0]
        numbers[i] = (amounts[i] << 1) | flag


@kernel
def put_rows(bins, reason, next_place, words, seconds, texts, n_words, places, rows):
    """Assign the next free row of its bin to each counted row, and write its first columns.

    These are `words`, `seconds` and the `n_words` words of `texts`, 0, 1, 3 or 4 per row. Fills
    `places`, with -1 for rows that are not counted, unless it is empty. Writing a row at once takes
    half the time of writing column by column.
    """
    for i in range(len(reason)):
        if len(places) > 0:
            places[i] = -1
        if reason[i] == 0:
            place = np.uint64(next_place[bins[i]])
            next_place[bins[i]] += 1
            if len(places) > 0:
                places[i] = place
            rows[place, 0] = words[i]
            rows[place, 1] = seconds[i]
            first = np.uint64(i * n_words)
            if n_words > 0:
                rows[place, 2] = texts[first]
            if n_words > 1:
                rows[place, 3] = texts[first + np.uint64(1)]
                rows[place, 4] = texts[first + np.uint64(2)]
            if n_words > 3:
                rows[place, 5] = texts[first + np.uint64(3)]


@kernel
def put_numbers(numbers, places, column, rows):
    """Write one column."""
    for i in range(len(places)):
        if places[i] >= 0:
            rows[np.uint64(places[i]), column] = numbers[i]


@kernel
def put_texts(texts, n_words, places, column, rows):
    """Write the words of ids that have one length, in columns from `column` on."""
    for number in range(n_words):
        for i in range(len(places)):
            if places[i] >= 0:
                rows[np.uint64(places[i]), column + number] = texts[np.uint64(i * n_words + number)]
