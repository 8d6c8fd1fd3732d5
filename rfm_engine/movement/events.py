"""Events: what changed for each customer between two snapshots."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Unpack

import pyarrow as pa

from rfm_engine.errors import Message, UsageError, did_you_mean, path_text, shown
from rfm_engine.insight.checks import refuse_uncounted
from rfm_engine.insight.lists import list_relations
from rfm_engine.movement.agreement import refuse_contradiction
from rfm_engine.movement.event_queries import FOUND, Asked, found_events
from rfm_engine.movement.event_table import event_table, refuse_name
from rfm_engine.movement.event_types import (
    AIPL,
    FOUND_TYPES,
    NO_TIERS,
    OF_TIERS,
    Given,
    TierPairs,
    bought_of,
    files_of,
    lack_of,
    left_out,
    named_types,
    sql_of,
)
from rfm_engine.movement.order_tables import first_of_order_days
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import EventOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.sources.entry import files_of as inputs_of
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.rows import only_input
from rfm_engine.query.session import Machine
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.scoring.timing import words

_FIRST_NTH = 3
_SOON = timedelta(7)


@documented(EventOptions)
def events(
    before: Snapshot | None,
    after: Snapshot,
    *,
    rows: object = None,
    tiers: TierPairs = NO_TIERS,
    **options: Unpack[EventOptions],
) -> pa.Table:
    """Find what changed for each customer between two consecutive dates of a history.

    Parameters
    ----------
    before
        The snapshot at the date before; None if `after` is the first one. Then there are no events,
        because nothing is known of the time before.
    after
        The snapshot at the later date.
    rows
        The orders of the later snapshot, in any form that `rfm_engine.score` takes; only events of
        the type `aipl_moved` need them.
    tiers
        Tables of membership tiers at both dates.
    {options}

    Returns
    -------
    pyarrow.Table
        `event_id` (text of 32 hexadecimal digits), `type`, the customer, the group if there are
        groups, `happened_on`, `from`, `to`, `value` (decimal), `as_of_from` and `as_of_to`, in the
        order of type, customer, group, `from`, `to`, `value` and `event_id`. The metadata have the
        types that were left out with the reasons, and warnings.

    Raises
    ------
    UsageError
        DuckDB is not installed, an option is wrong, or the history cannot have events of a type
        that is named.
    DataError
        Birthdays are not dates.
    """
    require_duckdb("rfm events")
    refuse_name(after.schema.names[0])
    checked = resolve(EventOptions, given("events", EventOptions, options))
    types, without = types_of(after, checked, Given(rows is not None, tiers))
    numbers = _numbers(checked["nth"])
    refuse_uncounted(checked, ("order_days", "touch_days"))
    _refuse_missing(rows, checked["touches"])
    _check_birthday(after, checked["birthday"])
    about: dict[str, Any] = {
        "as_of_from": None if before is None else before.as_of,
        "as_of_to": after.as_of,
        "types": types,
        "left_out": without,
        "warnings": [],
    }
    if before is None:
        return event_table(FOUND.empty_table(), about, after, None)
    refuse_contradiction(before, after)
    about["warnings"] = _warnings(before, after, types)
    bought = bought_of(types, after, checked)
    is_of_rows = bought is not None and sql_of(bought).reads_rows
    asked = Asked(
        types,
        files_of(types),
        bought,
        _parameters(before, after, numbers, checked),
        checked["birthday"],
        _relations(after, types, checked),
        tiers.pairs if {*OF_TIERS} & {*types} else (),
        first_of_order_days(before, after, checked) if is_of_rows else None,
    )
    found, groups = found_events(before, after, rows, asked, Machine.of(checked))
    return event_table(found, about, after, groups)


def types_of(
    after: Snapshot, options: Mapping[str, Any], given: Given
) -> tuple[list[str], dict[str, str]]:
    """Return the types to find, and what the ones that are left out lack.

    Raises
    ------
    UsageError
        A type does not exist, or was named and cannot be found.
    """
    named = named_types(options["types"])
    if not named:
        without = left_out(after, options, given)
        return [name for name in FOUND_TYPES if name not in without], without
    for name in named:
        lack = lack_of(name, after, options, given)
        if lack is not None:
            raise UsageError(lack.error)
    return list(named), {}


def _numbers(nth: object) -> list[int]:
    """Return the numbers of orders that are events."""
    given: Any = nth
    numbers = list(given) if isinstance(given, Sequence) and type(given) is not str else [given]
    for n in numbers:
        if type(n) is not int or not _FIRST_NTH <= n < 1 << 63:
            raise UsageError(
                message(
                    "{nth} must be whole numbers from {}; got {}. Give numbers such as {}.",
                    _FIRST_NTH, shown(n), Message("[5, 10]", "5,10"),
                )
            )  # fmt: skip
    return [1, 2, *dict.fromkeys(numbers)]


def _refuse_missing(rows: object, touches: str | os.PathLike[str] | None) -> None:
    """Refuse inputs that do not exist, even if no query reads them.

    Raises
    ------
    UsageError
        A file or folder does not exist.
    """
    if rows is not None:
        inputs_of(only_input(rows))
    if touches is not None:
        inputs_of(path_text(named("touches"), touches))


def _check_birthday(after: Snapshot, birthday: str | None) -> None:
    if birthday is not None and birthday not in after.schema.names:
        raise UsageError(
            message(
                "{birthday} must be a column of the snapshots; got {}. {}",
                shown(birthday),
                did_you_mean(birthday, after.schema.names) or message("Score with {attributes}."),
            )
        )


def _relations(
    after: Snapshot, types: Sequence[str], options: Mapping[str, Any]
) -> dict[str, pa.Table]:
    if AIPL not in types:
        return {}
    given = {"customer_list": None, "registered": None, "touches": options["touches"]}
    return {"touches": list_relations(after, given)["touches"]}


def _parameters(
    before: Snapshot, after: Snapshot, numbers: list[int], options: Mapping[str, Any]
) -> dict[str, Any]:
    timing = words()
    return {
        "as_of_from": before.as_of,
        "as_of_to": after.as_of,
        "scheme": after.scheme.name,
        "numbers": numbers,
        "limits": list(timing.limits),
        "timings": list(timing.timings[1:]),
        "on_time": timing.timings[0],
        "asleep": list(after.scheme.asleep),
        "has_window": after.options["window"] is not None,
        "order_days": options["order_days"],
        "touch_days": options["touch_days"],
    }


def _warnings(before: Snapshot, after: Snapshot, types: Sequence[str]) -> list[dict[str, str]]:
    assert before.as_of is not None
    assert after.as_of is not None
    between = after.as_of - before.as_of
    if between <= _SOON:
        return []
    return [
        {
            "code": "far_apart",
            "type": name,
            "text": f"{name} must have snapshots at most {_SOON.days} days apart to find most "
            f"customers; got {between.days} days. Add a snapshot every week or every night.",
        }
        for name in ("due_soon", "birthday_soon")
        if name in types
    ]
