"""Ids as Arrow columns: those of customers, and of their groups where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa

from rfm_engine.errors import UsageError, cut, shown
from rfm_engine.orders.group_keys import GroupIds, customers_of, groups_of
from rfm_engine.orders.keys import Keys
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind

_INTS = ("int", "uint")


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
        return customers_of(keys, of_bytes=self.kind not in _INTS)

    def groups(self, keys: Keys) -> GroupIds:
        """Return the groups of keys."""
        return groups_of(keys, of_bytes=self.by not in _INTS)

    def columns(self, keys: Sequence[Keys]) -> list[pa.ChunkedArray[Any]]:
        """Return the column of customers, and that of groups behind it.

        Ids of more than 2 GiB in all, the most an Arrow string array can hold, are cut.
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
        """Name one customer, for messages."""
        who, *where = (column[0] for column in self.columns([key]))
        return " of ".join(cut(str(each)) for each in (who, *where))


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


def as_group(given: Any, schema: pa.Schema, by: str | None) -> Any:
    """Return a group, given as a value of its column or as text, as a value; None stays None.

    Raises
    ------
    UsageError
        There are no groups (`by` is None), or it is none.
    """
    if by is None:
        raise UsageError(
            f"group must be one of those scored within; got {shown(given)}, and by was not given. "
            "Score with by."
        )
    return None if given is None else as_id(given, schema.types[1], by)


def unknown_group(given: Any, by: str) -> UsageError:
    """Return what is said of a group without customers."""
    return UsageError(f"group must be one of column {by!r}; got {shown(given)}. Look it up.")


def is_among(ids: pa.ChunkedArray[Any], wanted: Sequence[Any]) -> pa.ChunkedArray[Any]:
    """Tell which ids of a column are among some."""
    import pyarrow.compute as pc

    if not isinstance(ids.type, pa.UuidType):
        return pc.is_in(ids, value_set=pa.array(wanted, ids.type))
    kind = ids.type.storage_type  # Arrow looks for these by their bytes only.
    stored = pa.chunked_array([chunk.storage for chunk in ids.chunks], kind)
    return pc.is_in(stored, value_set=pa.array([each and each.bytes for each in wanted], kind))
