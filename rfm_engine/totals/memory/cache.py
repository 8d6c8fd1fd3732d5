"""Load a hash table into the processor's cache before rows access it at random.

Sequential reads run at memory bandwidth, while random reads wait for each cache line. For 10 M
orders with ids of 32 characters, finding the customer takes 41 ns per row without this step, and
27 ns with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel

# Loading is worth it when there is at least one row per this many keys.
_LEAST_SHARE = 8


def bring_in(n_rows: int, n_keys: int, *arrays: npt.NDArray[Any]) -> None:
    """Read the arrays of a table with `n_keys` keys that `n_rows` rows are about to access.

    The size of each array is a multiple of 8 bytes.
    """
    if n_rows * _LEAST_SHARE >= n_keys:
        for array in arrays:
            touch(array.reshape(-1).view(np.uint64))


@kernel
def touch(words):
    """Read one word per cache line; without a result the compiler would remove the loop."""
    seen = np.uint64(0)
    for i in range(0, len(words), 8):
        seen |= words[i]
    return seen
