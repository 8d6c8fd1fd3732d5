"""Ids as Arrow columns: those of customers, and of their groups where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.errors import DataError, UsageError, cut, shown
from rfm_engine.kernels.arrays import arrow, refuse_invalid_text
from rfm_engine.orders.group_keys import GroupIds, customers_of, groups_of, plain_keys
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys, gathered
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind

_INTS = ("int", "uint")
_MAX_ARROW_BYTES = (1 << 31) - 1


class IdColumns(NamedTuple):
    """What keys are: ids of a kind, or with `by` those of customers within groups of that kind."""

    kind: IdKind
    by: IdKind | None

    @property
    def of_bytes(self) -> bool:
        """Whether keys are bytes, as all are within groups."""
        return self.by is not None or self.kind not in _INTS

    def customers(self, keys: Keys) -> Keys:
        """Return the customers of keys."""
        if self.by is None:
            return keys
        assert isinstance(keys, ByteKeys)
        return customers_of(keys, of_bytes=self.kind not in _INTS)

    def groups(self, keys: Keys) -> GroupIds:
        """Return the groups of keys."""
        assert isinstance(keys, ByteKeys)
        return groups_of(keys, of_bytes=self.by not in _INTS)

    def columns(self, keys: Sequence[Keys]) -> list[pa.ChunkedArray[Any]]:
        """Return the column of customers, and that of groups behind it.

        Ids of more than 2 GiB in all, the most an Arrow string array can hold, are cut.
        """
        pieces = [_sliced(each, piece) for each in keys for piece in _pieces(each)]
        customers = [ids_array(self.customers(piece), self.kind) for piece in pieces]
        found = [pa.chunked_array(customers, OUTPUT_TYPES[self.kind])]
        if self.by is not None:
            groups = [groups_array(self.groups(piece), self.by) for piece in pieces]
            found.append(pa.chunked_array(groups, OUTPUT_TYPES[self.by]))
        return found

    def name(self, key: Keys) -> str:
        """Name one customer, for messages."""
        who, *where = (column[0] for column in self.columns([key]))
        return " of ".join(cut(str(each)) for each in (who, *where))


def groups_array(groups: GroupIds, kind: IdKind) -> pa.Array[Any]:
    """Write groups as an Arrow array of their kind, null where there is none."""
    return ids_array(plain_keys(groups), kind, groups.present)


def ids_array(
    keys: Keys, kind: IdKind, present: npt.NDArray[np.bool_] | None = None
) -> pa.Array[Any]:
    """Write keys as an Arrow array of their kind, null where not present.

    Raises
    ------
    DataError
        A text id is not UTF-8.
    """
    if isinstance(keys, IntKeys):
        return arrow(keys.bits.view(np.uint64 if kind == "uint" else np.int64), valid=present)
    bits = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    n = len(keys.offsets) - 1
    if kind == "uuid" and present is None:
        data = pa.py_buffer(keys.data[keys.offsets[0] : keys.offsets[-1]])
        storage = pa.Array.from_buffers(pa.binary(16), n, [None, data])
        return pa.ExtensionArray.from_storage(pa.uuid(), storage)
    first = keys.offsets[0]
    offsets = pa.py_buffer((keys.offsets - first).astype(np.int32))
    data = pa.py_buffer(keys.data[first : keys.offsets[-1]])
    meant = pa.binary() if kind == "uuid" else OUTPUT_TYPES[kind]
    ids = pa.Array.from_buffers(meant, n, [bits, offsets, data])
    if kind == "uuid":  # Those that are not present have no bytes.
        return pa.ExtensionArray.from_storage(pa.uuid(), ids.cast(pa.binary(16)))
    if kind == "text":
        _refuse_invalid_text(ids)
    return ids


def _refuse_invalid_text(ids: pa.Array) -> None:
    try:
        refuse_invalid_text(ids)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"text ids must be valid UTF-8; got other bytes ({error}). "
            "Give the column as binary, or encode it anew."
        ) from error


def as_id(given: Any, kind: pa.DataType, column: str) -> Any:
    """Return an id, given as a value of its column or as text, as a value.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        if isinstance(given, float | bool):  # Arrow would take 1.5 for customer 1.
            raise TypeError(given)
        if isinstance(kind, pa.UuidType):
            return UUID(bytes=given) if isinstance(given, bytes) else UUID(str(given))
        if isinstance(given, str):
            return pa.scalar(given).cast(kind).as_py()
        return pa.scalar(given, kind).as_py()
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        raise UsageError(
            f"id must be one of column {column!r}, {kind}; got {shown(given)}."
        ) from None


def is_among(ids: pa.ChunkedArray[Any], wanted: Sequence[Any]) -> pa.ChunkedArray[Any]:
    """Tell which ids of a column are among some."""
    if not isinstance(ids.type, pa.UuidType):
        return pc.is_in(ids, value_set=pa.array(wanted, ids.type))
    kind = ids.type.storage_type  # Arrow looks for these by their bytes only.
    stored = pa.chunked_array([chunk.storage for chunk in ids.chunks], kind)
    return pc.is_in(stored, value_set=pa.array([each and each.bytes for each in wanted], kind))


def taken(keys: Keys, rows: npt.NDArray[np.intp]) -> Keys:
    """Copy the keys of some rows."""
    if isinstance(keys, IntKeys):
        return IntKeys(keys.bits.take(rows))
    starts = keys.offsets.take(rows)
    return gathered(keys.data, starts, keys.offsets.take(rows + 1) - starts)


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
