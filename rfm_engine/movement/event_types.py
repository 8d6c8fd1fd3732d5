"""The types of events: the queries that find them, and what they need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import Message, UsageError, did_you_mean, shown
from rfm_engine.options.messages import as_given, message
from rfm_engine.query.sql_file import SqlFile, shipped_sql
from rfm_engine.result.snapshot import Snapshot

AIPL, RETRACTED = "aipl_moved", "retracted"
QUERIES = {
    "event-segments": ("entered_segment", "left_segment"),
    "event-orders": ("first_order", "second_order", "nth_order"),
    "event-whales": ("became_whale", "ceased_whale"),
    "event-cycle": ("due", "overdue", "lapsed"),
    "event-due-soon": ("due_soon",),
    "event-reactivated": ("reactivated",),
    "event-anniversary": ("anniversary",),
    "event-birthday-soon": ("birthday_soon",),
    "event-aipl": (AIPL,),
}
"""The types of events that a query finds, by the name of its SQL file."""
OF_TIERS = ("tier_up", "tier_down", "tier_grace")
FOUND_TYPES = (*(name for types in QUERIES.values() for name in types), *OF_TIERS)
"""The types of events that can be found."""
TYPES = tuple(sorted([*FOUND_TYPES, RETRACTED]))
"""All types of events."""
OF_ONE_DATE = (
    "entered_segment", "left_segment", "became_whale", "ceased_whale", "reactivated", AIPL,
    *OF_TIERS, RETRACTED,
)  # fmt: skip
"""Types whose ids contain the date, so that they cannot follow again at another date."""
_RELATIONS = (
    "pairs", "found", "group_names", "orders", "bought", "touches", "before", "after", "new",
    "logged",
)  # fmt: skip
# They need first orders and numbers of orders of all time.
_OF_ALL_ORDERS = ("first_order", "second_order", "nth_order", "anniversary")


def sql_of(file: str) -> SqlFile:
    """Return one of the SQL files of this package."""
    return shipped_sql("rfm_engine.movement.sql", file, _RELATIONS)


def files_of(types: Collection[str]) -> list[str]:
    """Return the SQL files that find events of some types."""
    return [file for file, own in QUERIES.items() if {*own} & {*types}]


def bought_of(types: Collection[str], snapshot: Snapshot, options: Mapping[str, Any]) -> str | None:
    """Return the SQL file that counts recent orders; None if no type needs them."""
    if AIPL not in types:
        return None
    return "bought-window" if _counts_recent(snapshot, options) else "bought"


class TierPair(NamedTuple):
    """The tables of one program of tiers at the date before and at the later date."""

    before: pa.Table
    after: pa.Table


class TierPairs(NamedTuple):
    """The tiers of all programs at a date and at the date of tiers before.

    Attributes
    ----------
    pairs
        Their tables; none if those of one program are old, whose events would be missing.
    are_old
        Whether a snapshot has been replaced since tiers were computed from it.
    """

    pairs: Sequence[TierPair] = ()
    are_old: bool = False


NO_TIERS = TierPairs()
"""No program has tiers."""


class Given(NamedTuple):
    """Whether rows are given, the tables of tiers, and whether the events are those of a log."""

    rows: bool
    tiers: TierPairs
    log: bool = False


class Lack(NamedTuple):
    """Why there are no events of a type.

    Attributes
    ----------
    of
        What is missing, or must not be there: `window`, `asleep`, `birthday`, `touches`, `rows`,
        `tiers` or `old_tiers`.
    error
        The error if the type was asked for.
    """

    of: str
    error: Message


def named_types(given: object) -> tuple[str, ...]:
    """Return the types that are asked for; none if all are.

    Raises
    ------
    UsageError
        They are not names of types, or one is named twice.
    """
    several = (given,) if isinstance(given, str) else () if given is None else given
    if not isinstance(several, Sequence) or not all(isinstance(each, str) for each in several):
        raise UsageError(
            message("{types} must name types such as 'second_order'; got {}.", shown(given))
        )
    if len({*several}) < len(several) or "" in several:
        raise UsageError(
            message(
                "{types} must name each type once; got {}. Remove the other names.",
                as_given("types", list(several)),
            )
        )
    for name in several:
        if name not in TYPES:
            raise UsageError(
                message(
                    "{types} must be among {}; got {}. {}",
                    ", ".join(TYPES), shown(name), did_you_mean(name, TYPES, "Correct it."),
                )
            )  # fmt: skip
    return tuple(several)


def lack_of(name: str, snapshot: Snapshot, options: Mapping[str, Any], given: Given) -> Lack | None:
    """Return why a snapshot has no events of a type; None if it can have them."""
    window = snapshot.options["window"]
    if name == RETRACTED and not given.log:
        return Lack(
            "log",
            message(
                "type retracted must be asked of the log of the newest date, because only a log "
                "has such rows; got it for two dates. Leave {begin} and {end} out."
            ),
        )
    if name in _OF_ALL_ORDERS and window is not None:
        return Lack(
            "window",
            message(
                "{} must be found from all orders of a customer; got a history with {window} {}, "
                "which only has recent orders. Leave it out.",
                name, window,
            ),
        )  # fmt: skip
    if name == "reactivated" and not snapshot.scheme.asleep:
        return Lack(
            "asleep",
            message(
                "reactivated must have segments that are asleep; got scheme {!r} without the key "
                "asleep. Add the key to the scheme.",
                snapshot.scheme.name,
            ),
        )
    if name == "birthday_soon" and options["birthday"] is None:
        return Lack(
            "birthday",
            message("birthday_soon must have {birthday}; got none. Name the attribute."),
        )
    if name == AIPL and options["touches"] is None:
        return Lack(
            "touches",
            message("aipl_moved must have {touches}; got none. Name the file of contacts."),
        )
    if name == AIPL and not given.rows and not _counts_recent(snapshot, options):
        return Lack(
            "rows",
            message(
                "aipl_moved must have {rows}, because a snapshot does not say how many orders are "
                "recent; got none. Give the orders of the later date, or keep a history with "
                "{window} {}d.",
                options["order_days"],
            ),
        )
    if name in OF_TIERS and given.tiers.are_old:
        return Lack(
            "old_tiers",
            message(
                "{} must have membership tiers that are as new as the snapshot of {}; got older "
                "ones. Run rfm tiers first.",
                name, snapshot.as_of,
            ),
        )  # fmt: skip
    if name in OF_TIERS and not given.tiers.pairs:
        return Lack(
            "tiers",
            message(
                "{} must have membership tiers of the later date and of a date before; got none in "
                "the history. Run rfm tiers first.",
                name,
            ),
        )
    return None


def left_out(snapshot: Snapshot, options: Mapping[str, Any], given: Given) -> dict[str, str]:
    """Return the types that a snapshot cannot have, and for each the `of` of its lack."""
    lacks = {name: lack_of(name, snapshot, options, given) for name in FOUND_TYPES}
    return {name: lack.of for name, lack in lacks.items() if lack is not None}


def _counts_recent(snapshot: Snapshot, options: Mapping[str, Any]) -> bool:
    """Return whether frequencies are the numbers of orders in the last `order_days`."""
    window: str | None = snapshot.options["window"]
    is_by_orders: bool = snapshot.options["frequency"] == "orders"
    return is_by_orders and window == f"{options['order_days']}d"
