"""The types of events: the queries that find them, and what they need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from rfm_engine.errors import Message
from rfm_engine.options.messages import message
from rfm_engine.query.sql_file import SqlFile, parse_sql
from rfm_engine.result.snapshot import Snapshot

QUERIES = {
    "event-segments": ("entered_segment", "left_segment"),
    "event-orders": ("first_order", "second_order", "nth_order"),
    "event-whales": ("became_whale", "ceased_whale"),
    "event-cycle": ("due", "overdue", "lapsed"),
    "event-due-soon": ("due_soon",),
    "event-reactivated": ("reactivated",),
    "event-anniversary": ("anniversary",),
    "event-birthday-soon": ("birthday_soon",),
}
"""The types of events that a query finds, by the name of its SQL file."""
TYPES = tuple(sorted(name for types in QUERIES.values() for name in types))
"""All types of events."""
_RELATIONS = ("pairs", "found", "group_names", "orders", "touches")
# They need first orders and numbers of orders of all time.
_OF_ALL_ORDERS = ("first_order", "second_order", "nth_order", "anniversary")


@cache
def sql_of(file: str) -> SqlFile:
    """Return one of the SQL files of this package."""
    place = resources.files("rfm_engine.movement.sql") / f"{file}.sql"
    return parse_sql(file, place.read_text("utf-8"), None, _RELATIONS)


def lack_of(name: str, snapshot: Snapshot, options: Mapping[str, Any]) -> Message | None:
    """Return why a snapshot has no events of a type; None if it can have them."""
    window = snapshot.options["window"]
    if name in _OF_ALL_ORDERS and window is not None:
        return message(
            "{} must be found from all orders of a customer; got a history with {window} {}, which "
            "only has recent orders. Leave it out.",
            name, window,
        )  # fmt: skip
    if name == "reactivated" and not snapshot.scheme.asleep:
        return message(
            "reactivated must have segments that are asleep; got scheme {!r} without the key "
            "asleep. Add the key to the scheme.",
            snapshot.scheme.name,
        )
    if name == "birthday_soon" and options["birthday"] is None:
        return message("birthday_soon must have {birthday}; got none. Name the attribute.")
    return None
