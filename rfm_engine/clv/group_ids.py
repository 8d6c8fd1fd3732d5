"""The ids of groups, as in the column of groups, and how they are written in JSON."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

Group = int | str | bytes | UUID | None
"""The id of a group; None for rows without a group."""
NO_GROUP: Final = object()
"""What is returned for JSON that is no id."""
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1


def group_json(group: Group) -> Any:
    """Return an id for JSON.

    Integers, text and None are themselves. Others are objects: `{"hex": "00ff"}` for binary ids,
    and `{"uuid": "550e8400-e29b-41d4-a716-446655440000"}`.
    """
    if isinstance(group, bytes):
        return {"hex": group.hex()}
    if isinstance(group, UUID):
        return {"uuid": str(group)}
    return group


def group_of(written: Any) -> Any:
    """Return the id that `group_json` wrote; `NO_GROUP` if it wrote no such thing."""
    if written is None or isinstance(written, str):
        return written
    if type(written) is int:
        return written if _LEAST <= written <= _MOST else NO_GROUP
    if not isinstance(written, dict) or len(written) != 1:
        return NO_GROUP
    [(kind, text)] = written.items()
    if kind not in ("hex", "uuid") or not isinstance(text, str):
        return NO_GROUP
    try:
        return bytes.fromhex(text) if kind == "hex" else UUID(text)
    except ValueError:
        return NO_GROUP
