"""The status of a converted amount: one small code per row.

Cached machine code of kernels contains these numbers, so their meaning must never change.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# A greater number is a worse status.
OK, ROUNDED, NONFINITE, UNREADABLE, TOO_LARGE = range(5)
# Used only in `orders.money`: a fast kernel leaves the row to slower exact arithmetic.
HARD = 5

LIMIT = 10**18
POWERS_OF_TEN: npt.NDArray[np.int64] = 10 ** np.arange(19, dtype=np.int64)
POWERS_OF_TEN.flags.writeable = False


class Minors(NamedTuple):
    """Amounts as integers of the smallest unit, and their status; 0 if there is no amount."""

    values: npt.NDArray[np.int64]
    status: npt.NDArray[np.uint8]


def no_minors(n_rows: int) -> Minors:
    """Allocate `n_rows` amounts, to be filled by a kernel."""
    return Minors(np.empty(n_rows, np.int64), np.empty(n_rows, np.uint8))
