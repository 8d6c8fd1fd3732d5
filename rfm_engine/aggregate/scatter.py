"""Rows of a batch written where they wait, sorted by bin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.routing import Route
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen


def scatter(
    route: Route,
    time_us: npt.NDArray[np.int64],
    amount_minor: npt.NDArray[np.int64],
    alone: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> None:
    """Write the counted rows to `rows`, `int64[n, width]`: word, time, amount and flag, place.

    `alone` is `uint8[n]`, 1 where a row is an order by itself, or of length 1 and meant for all.
    `places`, `int64[n]`, says where the customer's bytes are; it is empty where ids are integers.
    """
    place_rows(
        frozen(route.words.view(np.int64)), time_us, amount_minor, alone, places, route.bins,
        route.bounds[:-1].copy(), rows,
    )  # fmt: skip


def scatter_numbers(
    route: Route, numbers: npt.NDArray[np.uint64], column: int, rows: npt.NDArray[np.int64]
) -> None:
    """Write a number of each counted row to a column."""
    place_numbers(
        frozen(numbers.view(np.int64)), route.bins, route.bounds[:-1].copy(), column, rows
    )


@kernel
def place_rows(words, time_us, amount_minor, alone, places, bins, next_place, rows):
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
            if len(places) > 0:
                rows[place, 3] = places[i]


@kernel
def place_numbers(numbers, bins, next_place, column, rows):
    """Write each number to `column` of the place that `place_rows` chose."""
    n_bins = len(next_place)
    for i in range(len(numbers)):
        b = np.uint64(bins[i])
        if b < n_bins:
            rows[next_place[b], column] = numbers[i]
            next_place[b] += 1
