"""Tables brought into the processor's cache in order, before rows visit them in no order.

What stands in order comes at the speed of the memory, what is asked for at random waits for each
line: finding the customers of 10 M orders with ids of 32 characters took 41 ns a row, 27 like this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel

# So many visits of a table for one of its keys are worth it.
_LEAST_SHARE = 8


def bring_in(n_rows: int, n_keys: int, *arrays: npt.NDArray[Any]) -> None:
    """Read the arrays of a table of `n_keys` that so many rows are about to visit.

    They are whole words of 8 bytes.
    """
    if n_rows * _LEAST_SHARE >= n_keys:
        for array in arrays:
            touch(array.reshape(-1).view(np.uint64))


@kernel
def touch(words):
    """Read a word of every cache line; without a result the compiler would drop the loop."""
    seen = np.uint64(0)
    for i in range(0, len(words), 8):
        seen |= words[i]
    return seen
