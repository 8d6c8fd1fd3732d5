"""What became of an amount: one small code a row.

Kernels carry these numbers in cached machine code, so they never change their meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# The worse, the greater.
OK, ROUNDED, NONFINITE, UNREADABLE, TOO_LARGE = range(5)
# Inside this room only: the kernel leaves the row to exact Python arithmetic.
HARD = 5

LIMIT = 10**18
POWERS_OF_TEN: npt.NDArray[np.int64] = 10 ** np.arange(19, dtype=np.int64)
POWERS_OF_TEN.flags.writeable = False


class Minors(NamedTuple):
    """Amounts as integers of the smallest unit, and the status of each; 0 where there is none."""

    values: npt.NDArray[np.int64]
    status: npt.NDArray[np.uint8]


def no_minors(n_rows: int) -> Minors:
    """Return room for `n_rows` amounts, to be filled by a kernel."""
    return Minors(np.empty(n_rows, np.int64), np.empty(n_rows, np.uint8))
