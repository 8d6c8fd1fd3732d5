"""Ids of customers, and of their groups if there are any, as Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa

from rfm_engine.errors import UsageError, cut, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.group_keys import GroupIds, customers_of, groups_of
from rfm_engine.orders.keys import Keys
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind

_INTS = ("int", "uint")


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
    try:
        # Arrow would convert 1.5 to customer 1, and None to null.
        if given is None or isinstance(given, float | bool):
            raise TypeError(given)
        if isinstance(kind, pa.UuidType):
            return UUID(bytes=given) if isinstance(given, bytes) else UUID(str(given))
        if isinstance(given, str):
            return pa.scalar(given).cast(kind).as_py()
        return pa.scalar(given, kind).as_py()
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        raise UsageError(
            message(
                "{id} must be a value of column {!r}, {}; got {}.",
                column,
                "uuid" if isinstance(kind, pa.UuidType) else kind,
                shown(given),
            )
        ) from None


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
            "not given. Score with by."
        )
    return None if given is None else as_id(given, schema.types[1], by)


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
