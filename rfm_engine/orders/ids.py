"""Read columns of customer, order and group ids."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import plain_type
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.text import OF_64_BITS, parsed_ids


def ids_of(
    batch: Batch,
    name: str,
    reading: Reading,
    needed: npt.NDArray[np.bool_] | None = None,
    *,
    text: bool,
) -> pa.Array:
    """Return the ids of customers or orders: plain, or a dictionary array that is worth keeping.

    If text is read as integers, other text is null where an id is not `needed`.
    """
    if text and reading.options["ids"] == "int":
        return parsed_ids(batch.text(name), f"id column {name!r}", batch.where, needed)
    return plain_ids_of(batch, name)


def order_ids_of(
    batch: Batch,
    name: str,
    amount_minor: npt.NDArray[np.int64],
    reading: Reading,
    *,
    text: bool,
) -> pa.Array:
    """Return the ids of orders.

    Only purchases need one: shops number refunds otherwise, for example `C536379`.
    """
    if not text or reading.options["ids"] != "int":
        return plain_ids_of(batch, name)
    needed = batch.reason == COUNTED
    if reading.options["refunds"] != "net-order":
        needed &= amount_minor >= 0
    return ids_of(batch, name, reading, needed, text=text)


def plain_ids_of(batch: Batch, name: str) -> pa.Array:
    """Return a column of ids; decimal ids, which have no fraction digits, become int64."""
    ids = batch.ids(name)
    if not pa.types.is_decimal(plain_type(ids.type)):
        return ids
    column = batch.text(name)
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        row = next(i for i, number in enumerate(column.to_pylist()) if not _fits_int64(number))
        raise DataError(
            f"id column {name!r} must contain integers {OF_64_BITS}; got {column[row]} in "
            f"{batch.where(row)}. Cast the ids to text."
        ) from None


def _fits_int64(number: Decimal | None) -> bool:
    return number is None or -(2**63) <= number < 2**63
