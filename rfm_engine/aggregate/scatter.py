"""Rows of a batch written where they wait, sorted by bin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.routing import Route
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, Keys

NO_NUMBERS = frozen(np.empty(0, np.uint64))


def scatter(
    route: Route,
    time_us: npt.NDArray[np.int64],
    amount_minor: npt.NDArray[np.int64],
    alone: npt.NDArray[np.uint8],
    orders: npt.NDArray[np.uint64],
    column: int,
    rows: npt.NDArray[np.int64],
) -> None:
    """Write the counted rows to `rows`, `int64[n, width]`: word, time, amount and flag, order.

    `alone` is `uint8[n]`, 1 where a row is an order by itself, or of length 1 and meant for all.
    `orders` go to `column`; they may be `NO_NUMBERS`.
    """
    place_rows(
        route.words.view(np.int64), time_us, amount_minor, alone, orders.view(np.int64), column,
        route.bins, route.bounds[:-1].copy(), rows,
    )  # fmt: skip


def scatter_texts(
    route: Route,
    keys: ByteKeys,
    column: int,
    rows: npt.NDArray[np.int64],
    texts: npt.NDArray[np.uint8],
    first_byte: int,
) -> None:
    """Write the bytes of each counted row to `texts`, sorted by bin too, and their place.

    `texts` is written from `first_byte` on; four bytes of length stand before each.
    """
    places = np.zeros(len(route.bounds), np.int64)
    measure_texts(keys.offsets, route.bins, places)
    places += first_byte
    place_texts(
        keys.offsets, keys.data, route.bins, route.bounds[:-1].copy(), places, column, rows, texts
    )


def text_room(keys: Keys | None) -> int:
    """Bytes that `scatter_texts` takes at most."""
    if not isinstance(keys, ByteKeys):
        return 0
    return int(keys.offsets[-1] - keys.offsets[0]) + 4 * (len(keys.offsets) - 1)


@kernel
def place_rows(words, time_us, amount_minor, alone, orders, column, bins, next_place, rows):
    """Write each row of a bin to the next place of that bin."""
    n_bins = len(next_place)
    for i in range(len(words)):
        b = np.uint64(bins[i])
        if b < n_bins:
            place = next_place[b]
            next_place[b] = place + 1
            rows[place, 0] = words[i]
            rows[place, 1] = time_us[i]
            flag = alone[i] if len(alone) > 1 else alone[0]
            rows[place, 2] = (amount_minor[i] << 1) | flag
            # While the row is in the cache: a pass of its own took 6 ns a row.
            if len(orders) > 0:
                rows[place, column] = orders[i]


@kernel
def measure_texts(offsets, bins, places):
    """Fill `places`, `int64[bins + 1]` of zeros, with where the texts of each bin begin."""
    n_bins = len(places) - 1
    for i in range(len(bins)):
        b = np.uint64(bins[i])
        if b < n_bins:
            places[b + np.uint64(1)] += offsets[i + 1] - offsets[i] + 4
    for after in range(1, len(places)):
        places[after] += places[after - 1]


@kernel
def place_texts(offsets, data, bins, next_place, places, column, rows, texts):
    """Write each text to the next place of its bin, and that place to `column` of its row."""
    n_bins = len(next_place)
    for i in range(len(bins)):
        b = np.uint64(bins[i])
        if b < n_bins:
            start = np.uint64(offsets[i])
            length = np.uint64(offsets[i + 1]) - start
            at = np.uint64(places[b])
            places[b] += length + np.uint64(4)
            rows[next_place[b], column] = at
            next_place[b] += 1
            for j in range(4):
                texts[at + np.uint64(j)] = (length >> np.uint64(8 * j)) & np.uint64(255)
            at += np.uint64(4)
            for j in range(length):
                texts[at + np.uint64(j)] = data[start + np.uint64(j)]
