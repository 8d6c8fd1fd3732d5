"""Multiply integer amounts, which are already minor units, by their quantities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import frozen, values
from rfm_engine.orders.extent import extent
from rfm_engine.orders.money.status import LIMIT, TOO_LARGE, Minors


def integer_minor(amount: pa.Array[Any], quantity: npt.NDArray[np.int64]) -> Minors:
    """Multiply integers of any width; an empty `quantity` means ones."""
    if pa.types.is_uint64(amount.type):
        whole = np.minimum(values(amount, np.uint64), np.uint64(LIMIT)).view(np.int64)
    else:
        whole = values(amount.cast(pa.int64()), np.int64)
    return whole_minor(whole, quantity)


def whole_minor(whole: npt.NDArray[np.int64], quantity: npt.NDArray[np.int64]) -> Minors:
    """Multiply minor units; without quantities, return them unchanged and not copied."""
    status = np.zeros(len(whole), np.uint8)
    if quantity.size:
        # If a product overflows 64 bits, its exact value is above 2**63 and its double above 2**62.
        about = whole.astype(np.float64) * quantity.astype(np.float64)
        whole = whole * quantity
        is_large = (np.abs(about) > 2.0**62) | _is_large(whole)
    else:
        least, greatest = extent(frozen(whole))
        if least > -LIMIT and greatest < LIMIT:
            return Minors(whole, status)
        is_large = _is_large(whole)
    if is_large.any():
        whole = np.where(is_large, 0, whole)
        status[is_large] = TOO_LARGE
    return Minors(whole, status)


def _is_large(whole: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return (whole >= LIMIT) | (whole <= -LIMIT)
