"""From a partition's records to the customers that have an order, as Arrow columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.aggregate.measures import COUNT_BITS, FIRST, LAST, SUM
from rfm_engine.aggregate.partition import Partition
from rfm_engine.errors import DataError
from rfm_engine.orders.arrays import arrow, frozen
from rfm_engine.orders.clock import local_days
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind, Kinds
from rfm_engine.orders.zones import Zone

MAX_DIGITS = 18
_MAX_ARROW_BYTES = (1 << 31) - 1
_INSTANT = pa.timestamp("us", "UTC")


class CustomerChunk(NamedTuple):
    """Customers with an order: ids as an Arrow array, measures as arrays of the same length."""

    ids: pa.Array
    first_us: npt.NDArray[np.int64]
    last_us: npt.NDArray[np.int64]
    recency_days: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int64]
    monetary_minor: npt.NDArray[np.int64]

    def columns(self, scale: int) -> list[pa.Array]:
        """Return the columns that `CustomerTotals.finish` documents."""
        return [
            self.ids,
            arrow(self.first_us, _INSTANT),
            arrow(self.last_us, _INSTANT),
            arrow(self.recency_days),
            arrow(self.frequency),
            decimals(self.monetary_minor, scale),
        ]


def chunks_of(
    partition: Partition, as_of_day: int, zone: Zone, kinds: Kinds
) -> tuple[list[CustomerChunk], int]:
    """Return a partition's customers with an order, and how many have none.

    A chunk holds less than 2 GiB of id bytes, the most an Arrow string array can.

    Raises
    ------
    DataError
        A net sum has more than 18 digits, or a text id is not UTF-8; the customer is named.
    """
    records = partition.measures.records
    frequency, carry = _unpacked(partition.n_orders())
    sums = np.ascontiguousarray(records[:, SUM])
    keys = partition.customers.keys()
    limit = 10**MAX_DIGITS
    too_large = (carry != 0) | (sums >= limit) | (sums <= -limit)
    if too_large.any():
        row = int(too_large.argmax())
        customer = ids_array(_taken(keys, np.array([row])), kinds.customer)[0]
        raise DataError(
            f"monetary must have at most {MAX_DIGITS} digits; customer {customer} has more at "
            f"scale {kinds.scale}. Give a smaller amount scale."
        )
    with_order = frequency > 0
    n_without = int(len(frequency) - np.count_nonzero(with_order))
    if n_without:
        chosen = np.flatnonzero(with_order)
        keys, records = _taken(keys, chosen), records[chosen]
        frequency, sums = frequency[chosen], sums[chosen]
    first_us, last_us = records[:, FIRST].copy(), records[:, LAST].copy()
    days = local_days(frozen(last_us), zone)
    recency_days = (as_of_day - days).astype(np.int32)
    return [
        CustomerChunk(
            ids_array(_sliced(keys, piece), kinds.customer),
            first_us[piece], last_us[piece], recency_days[piece], frequency[piece], sums[piece],
        )
        for piece in _pieces(keys)
    ], n_without  # fmt: skip


def decimals(minor: npt.NDArray[np.int64], scale: int) -> pa.Array:
    """Write integers of minor units as decimal128(18, scale)."""
    words = np.empty((len(minor), 2), np.int64)
    words[:, 0] = minor
    words[:, 1] = minor >> 63
    kind = pa.decimal128(MAX_DIGITS, scale)
    return pa.Array.from_buffers(kind, len(minor), [None, pa.py_buffer(words)])


def ids_array(keys: Keys, kind: IdKind) -> pa.Array:
    """Write keys as an Arrow array of their kind."""
    if isinstance(keys, IntKeys):
        return arrow(keys.bits.view(np.uint64 if kind == "uint" else np.int64))
    n = len(keys.offsets) - 1
    if kind == "uuid":
        data = pa.py_buffer(keys.data[keys.offsets[0] : keys.offsets[-1]])
        storage = pa.Array.from_buffers(pa.binary(16), n, [None, data])
        return pa.ExtensionArray.from_storage(pa.uuid(), storage)
    first = keys.offsets[0]
    offsets = pa.py_buffer((keys.offsets - first).astype(np.int32))
    data = pa.py_buffer(keys.data[first : keys.offsets[-1]])
    ids = pa.Array.from_buffers(OUTPUT_TYPES[kind], n, [None, offsets, data])
    if kind == "text":
        _refuse_invalid_text(ids)
    return ids


def _refuse_invalid_text(ids: pa.Array) -> None:
    try:
        ids.validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"text ids must be valid UTF-8; got other bytes ({error}). "
            "Give the column as binary, or encode it anew."
        ) from error


def _unpacked(
    packed: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return packed & ((1 << COUNT_BITS) - 1), packed >> COUNT_BITS


def _taken(keys: Keys, rows: npt.NDArray[np.intp]) -> Keys:
    if isinstance(keys, IntKeys):
        return IntKeys(keys.bits[rows])
    sizes = np.diff(keys.offsets)[rows]
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    # Byte j of the result comes from its key's start plus its distance from that key's new start.
    shifts = keys.offsets[:-1][rows] - offsets[:-1]
    places = np.arange(offsets[-1]) + np.repeat(shifts, sizes)
    return ByteKeys(offsets, keys.data[places])


def _sliced(keys: Keys, piece: slice) -> Keys:
    if isinstance(keys, IntKeys):
        return IntKeys(keys.bits[piece])
    return ByteKeys(keys.offsets[piece.start : piece.stop + 1], keys.data)


def _pieces(keys: Keys) -> list[slice]:
    if isinstance(keys, IntKeys):
        return [slice(0, len(keys.bits))] if len(keys.bits) else []
    n = len(keys.offsets) - 1
    pieces = []
    start = 0
    while start < n:
        end = int(np.searchsorted(keys.offsets, keys.offsets[start] + _MAX_ARROW_BYTES, "right"))
        pieces.append(slice(start, min(end - 1, n)))
        start = pieces[-1].stop
    return pieces
