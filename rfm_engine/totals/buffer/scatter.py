"""Rows of a batch counted by bin, and written where they wait, sorted by bin."""

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
    """Columns of numbers, `int64[n]` or empty where rows have no such column.

    The places of the customers' bytes; the order ids, or their hashes and the places of their
    bytes, or numbers of orders.
    """

    key_places: Integers = NO_NUMBERS
    orders: Integers = NO_NUMBERS
    order_places: Integers = NO_NUMBERS


class Columns(NamedTuple):
    """What rows have besides the customer, read-only.

    `alone` is 1 where a row is an order by itself, or of length 1 and meant for all.
    """

    time_us: Integers
    amount_minor: Integers
    alone: Marks
    numbers: Numbers = Numbers()


_NO_COLUMNS = Columns(NO_NUMBERS, NO_NUMBERS, frozen(np.empty(0, np.uint8)))
_NO_LAYOUT = Layout(of_bytes=False, orders=None)


def count_rows(ids: RowIds, reason: Marks, counts: Integers) -> None:
    """Add to `counts`, `int64[bins]`, the rows of each bin whose `reason` is 0."""
    _spread(ids, reason, counts)


def find_bins(ids: RowIds, reason: Marks, n_bins: int) -> npt.NDArray[np.uint16]:
    """Return the bin of each row, `n_bins` where its `reason` is not 0."""
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
    """Write the rows whose `reason` is 0 to `rows`; `next_place` is the first place of each bin."""
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
    """Write each row whose `reason` is 0 to the next place of its bin; see `Layout` for columns.

    From the columns of a batch to rows by blocks that stay in the cache: in passes of their own
    through all rows hashing, packing and writing took 9.2 ns a row, and like this 6. Where there
    are no rows they are only counted in `next_place`, and their `bins` are filled, where there are
    any: in a loop of its own that took as long to be compiled.
    """
    key_column = 2 if narrow else 3
    for start in range(0, len(reason), max(len(block.bins), 1)):
        stop = min(start + len(block.bins), len(reason))
        address(ids, start, stop, block)
        take_places(block.bins, reason[start:stop], next_place, block.places)
        places = block.places[: stop - start]
        if len(bins) > 0:
            take_bins(block.bins, places, bins[start:stop])
        if len(rows) == 0:
            continue
        put_numbers(block.signed_words, places, 0, rows)
        times, amounts = columns.time_us[start:stop], columns.amount_minor[start:stop]
        alone = columns.alone[start:stop] if len(columns.alone) > 1 else columns.alone
        if narrow:
            put_packed(times, amounts, alone, places, rows)
        else:
            put_wide(times, amounts, alone, places, rows)
        if len(ids.texts) > 0 and len(ids.words) == 0:
            put_numbers(block.signed_seconds, places, key_column, rows)
        elif len(ids.texts) > 0:
            put_texts(ids.texts, start, ids.n_words, places, key_column, rows)
        column = key_column
        for number in range(3):
            numbers = columns.numbers[number]
            if len(numbers) > 0:
                put_numbers(numbers[start:stop], places, column, rows)
            column += n_key_columns if number == 0 else 1


@kernel
def take_places(bins, reason, next_place, places):
    """Take the next place of its bin for each row that is counted, and -1 for the others."""
    for i in range(len(reason)):
        places[i] = -1
        if reason[i] == 0:
            places[i] = next_place[bins[i]]
            next_place[bins[i]] += 1


@kernel
def take_bins(of_block, places, bins):
    """Fill `bins` where rows are counted."""
    for i in range(len(places)):
        if places[i] >= 0:
            bins[i] = of_block[i]


@kernel
def put_numbers(numbers, places, column, rows):
    """Write a column of numbers."""
    for i in range(len(places)):
        if places[i] >= 0:
            rows[np.uint64(places[i]), column] = numbers[i]


@kernel
def put_packed(times, amounts, alone, places, rows):
    """Write the column of narrow rows."""
    for i in range(len(places)):
        if places[i] >= 0:
            flag = alone[i] if len(alone) > 1 else alone[0]
            rows[np.uint64(places[i]), 1] = packed(times[i], amounts[i], flag)


@kernel
def put_wide(times, amounts, alone, places, rows):
    """Write the two columns of wide rows."""
    for i in range(len(places)):
        if places[i] >= 0:
            flag = alone[i] if len(alone) > 1 else alone[0]
            rows[np.uint64(places[i]), 1] = times[i]
            rows[np.uint64(places[i]), 2] = (amounts[i] << 1) | flag


@kernel
def put_texts(texts, first, n_words, places, column, rows):
    """Write the words of ids of one length, those of rows from the first on."""
    for number in range(n_words):
        for i in range(len(places)):
            if places[i] >= 0:
                word = texts[np.uint64((first + i) * n_words + number)]
                rows[np.uint64(places[i]), column + number] = word
