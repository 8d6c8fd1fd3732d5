"""Rows of a batch written where they wait, sorted by bin."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.routing import Route
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen

Numbers: TypeAlias = npt.NDArray[np.int64]

NO_NUMBERS: Numbers = frozen(np.empty(0, np.int64))


def scatter(
    route: Route,
    time_us: Numbers,
    amount_minor: Numbers,
    alone: npt.NDArray[np.uint8],
    rows: Numbers,
    *columns: Numbers,
) -> None:
    """Write the counted rows to `rows`, `int64[n, width]`: word, time, amount and flag, columns.

    `alone` is `uint8[n]`, 1 where a row is an order by itself, or of length 1 and meant for all.
    There are up to three columns of numbers more, read-only `int64[n]`.
    """
    fourth, fifth, sixth = [*columns, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS][:3]
    place_rows(
        frozen(route.words.view(np.int64)), time_us, amount_minor, alone, fourth, fifth, sixth,
        route.bins, route.bounds[:-1].copy(), rows,
    )  # fmt: skip


@kernel
def place_rows(
    words, time_us, amount_minor, alone, fourth, fifth, sixth, bins, next_place, rows
):  # fmt: skip
    """Write each row of a bin to the next place of that bin.

    All columns in one pass, while the row is in the cache: 2 ns a column and row instead of 6.
    """
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
            if len(fourth) > 0:
                rows[place, 3] = fourth[i]
            if len(fifth) > 0:
                rows[place, 4] = fifth[i]
            if len(sixth) > 0:
                rows[place, 5] = sixth[i]
