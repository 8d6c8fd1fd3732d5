"""Ids of customers, and of their groups if there are any, as Arrow columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from operator import index
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa

from rfm_engine.errors import UsageError, cut, shown
from rfm_engine.kernels.arrays import is_text
from rfm_engine.options.messages import message, named
from rfm_engine.orders.group_keys import GroupIds, customers_of, groups_of
from rfm_engine.orders.keys import Keys
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind

_INTS = ("int", "uint")
_BYTES = bytes | bytearray | memoryview
_DIGITS = re.compile("-?[0-9]+")


class IdColumns(NamedTuple):
    """The meaning of keys: ids of a kind, or with `by` of customers within groups of that kind."""

    kind: IdKind
    by: IdKind | None

    @property
    def of_bytes(self) -> bool:
        """Whether keys are bytes; within groups, all keys are bytes."""
        return self.by is not None or self.kind not in _INTS

    def customers(self, keys: Keys) -> Keys:
        """Return the customer ids in the keys."""
        if self.by is None:
            return keys
        return customers_of(keys, of_bytes=self.kind not in _INTS)

    def groups(self, keys: Keys) -> GroupIds:
        """Return the groups in the keys."""
        return groups_of(keys, of_bytes=self.by not in _INTS)

    def columns(self, keys: Sequence[Keys]) -> list[pa.ChunkedArray[Any]]:
        """Return the customer column, and the group column if there are groups.

        Ids of more than 2 GiB in total are split into several chunks, because that is the limit of
        an Arrow string array.
        """
        pieces: list[Keys] = [piece for each in keys for piece in each.pieces()]
        kind = OUTPUT_TYPES[self.kind]
        customers = [self.customers(piece).to_arrow(kind) for piece in pieces]
        found = [pa.chunked_array(customers, kind)]
        if self.by is not None:
            of_groups = OUTPUT_TYPES[self.by]
            groups = [self.groups(piece).to_arrow(of_groups) for piece in pieces]
            found.append(pa.chunked_array(groups, of_groups))
        return found

    def name(self, key: Keys) -> str:
        """Return the name of one customer for messages."""
        who, *where = (column[0] for column in self.columns([key]))
        return " of ".join(cut(str(each)) for each in (who, *where))


def as_id(given: Any, kind: pa.DataType, column: str) -> Any:
    """Convert an id, given as a value or as text, to a value of its column.

    Raises
    ------
    UsageError
        The conversion is not possible.
    """
    return _value_of(named("id"), given, kind, column)


def _value_of(what: str, given: Any, kind: pa.DataType, column: str) -> Any:
    """Convert a value or text to a value of a column; `what` is its name in the error."""
    value = given.as_py() if isinstance(given, pa.Scalar) else given
    try:
        return _as_uuid(value) if isinstance(kind, pa.UuidType) else _as_plain(value, kind)
    except (OverflowError, TypeError, ValueError):
        raise UsageError(
            message(
                "{} must be a value of column {!r}, {}; got {}. Correct it.",
                what,
                column,
                "uuid" if isinstance(kind, pa.UuidType) else kind,
                shown(given),
            )
        ) from None


def _as_uuid(given: object) -> UUID:
    return UUID(bytes=bytes(given)) if isinstance(given, _BYTES) else UUID(str(given))


def _as_plain(given: object, kind: pa.DataType) -> int | str | bytes:
    """Convert an id that is not a UUID.

    Not with `pa.scalar`, because it imports pandas if it is installed, and converts 1.5 to 1.
    """
    if pa.types.is_integer(kind):
        return _as_integer(given, kind)
    if not isinstance(given, str | _BYTES):
        raise TypeError(given)
    content = given.encode() if isinstance(given, str) else bytes(given)
    return content.decode() if is_text(kind) else content


def _as_integer(given: Any, kind: pa.DataType) -> int:
    if isinstance(given, str):
        if not _DIGITS.fullmatch(given):
            raise ValueError(given)
        whole = int(given)
    elif isinstance(given, bool):
        raise TypeError(given)
    else:
        whole = int(given) if isinstance(given, Decimal) else index(given)
        if whole != given:
            raise ValueError(given)
    least = -(1 << (kind.bit_width - 1)) if pa.types.is_signed_integer(kind) else 0
    if not least <= whole < least + (1 << kind.bit_width):
        raise OverflowError(given)
    return whole


def as_group(given: Any, schema: pa.Schema, by: str | None) -> Any:
    """Convert a group, given as a value or as text, to a value of its column; None stays None.

    Raises
    ------
    UsageError
        There are no groups (`by` is None), or the conversion is not possible.
    """
    if by is None:
        raise UsageError(
            f"group must be used only with scores within groups; got {shown(given)}, but by was "
            "not given. Leave group out."
        )
    return None if given is None else _value_of("group", given, schema.types[1], by)


def unknown_group(given: Any, by: str) -> UsageError:
    """Return the error for a group that has no customers."""
    return UsageError(f"group must exist in column {by!r}; got {shown(given)}. Look it up.")


def is_among(ids: pa.ChunkedArray[Any], wanted: Sequence[Any]) -> pa.ChunkedArray[Any]:
    """Return which ids of a column are in `wanted`."""
    import pyarrow.compute as pc

    if not isinstance(ids.type, pa.UuidType):
        return pc.is_in(ids, value_set=pa.array(wanted, ids.type))
    kind = ids.type.storage_type  # Arrow can search for UUIDs only by their bytes.
    stored = pa.chunked_array([chunk.storage for chunk in ids.chunks], kind)
    return pc.is_in(stored, value_set=pa.array([each and each.bytes for each in wanted], kind))
