"""Cut rows sorted by x into pieces of one x, and add up functions of their rows in threads.

The pieces depend on the data alone. Each has its own sums, so that the number of threads cannot
change any bit of a result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.workers import Workers

PIECE_ROWS = 1 << 16
# A kernel takes up to 100 ns per row, so that a call ends within 30 ms.
_CALL_ROWS = 1 << 18


def pieces_of(x: Integers) -> Integers:
    """Return where pieces of one x and at most `PIECE_ROWS` rows start, and the number of rows.

    Parameters
    ----------
    x
        Ascending, `int64[n]`.
    """
    first = np.flatnonzero(np.diff(x, prepend=-1))
    ends = [*first[1:].tolist(), len(x)]
    runs = [range(*run, PIECE_ROWS) for run in zip(first.tolist(), ends, strict=False)]
    return frozen(np.array([*(start for run in runs for start in run), len(x)], np.int64))


def sums_of_pieces(
    add: Callable[[Integers, Floats], object], pieces: Integers, width: int, threads: int
) -> Floats:
    """Return sums for each piece, `float64[width, n_pieces]`.

    Parameters
    ----------
    add
        Writes the sums of some pieces, given their starts with the end of the last one, `int64[n +
        1]`, to `float64[n, width]`.
    pieces
        As `pieces_of` returns them.
    threads
        Number of threads that call `add`.
    """
    sums = np.zeros((len(pieces) - 1, width))
    calls = pieces[:-1] // _CALL_ROWS
    first = np.flatnonzero(np.diff(calls, prepend=-1)).tolist()
    tasks = [*zip(first, [*first[1:], len(calls)], strict=False)]

    def run(task: tuple[int, int]) -> None:
        start, end = task
        add(pieces[start : end + 1], sums[start:end])

    with Workers(threads) as pool:
        list(pool.map(run, tasks))
    return sums.T
