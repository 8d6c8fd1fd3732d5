"""Events: what changed for each customer between two snapshots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Unpack

import numpy as np
import pyarrow as pa

from rfm_engine.errors import Message, UsageError, did_you_mean, shown
from rfm_engine.kernels.arrays import arrow_texts, values, whole
from rfm_engine.movement.agreement import refuse_contradiction
from rfm_engine.movement.event_relations import FOUND, NO_GROUP, Asked, found_events
from rfm_engine.movement.event_types import QUERIES, TYPES, lack_of
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import EventOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.relations import free_name
from rfm_engine.query.session import Machine
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.scoring.timing import words
from rfm_engine.totals.chunks import decimals

METADATA_KEY = b"rfm_engine_events"
"""Key of the schema metadata of events: a JSON object."""
_NAMES = (
    "event_id", "type", "happened_on", "from", "to", "value", "as_of_from", "as_of_to",
)  # fmt: skip
# Customer and group come after these.
_N_FIRST = 2
_VALUE_DIGITS = 38
_FIRST_NTH = 3
_SOON = timedelta(7)


@documented(EventOptions)
def events(
    before: Snapshot | None,
    after: Snapshot,
    *,
    rows: object = None,
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
    {options}

    Returns
    -------
    pyarrow.Table
        `event_id` (text of 32 hexadecimal digits), `type`, the customer, the group if there are
        groups, `happened_on`, `from`, `to`, `value` (decimal), `as_of_from` and `as_of_to`, in the
        order of type, customer, group and value. The metadata have the types that were left out
        with the reasons, and warnings.

    Raises
    ------
    UsageError
        DuckDB is not installed, an option is wrong, or the history cannot have events of a type
        that is named.
    DataError
        Birthdays are not dates.
    """
    require_duckdb("rfm events")
    checked = resolve(EventOptions, given("events", EventOptions, options))
    types, left_out = _types(after, checked)
    numbers = _numbers(checked["nth"])
    _check_birthday(after, checked["birthday"])
    about: dict[str, Any] = {
        "as_of_from": None if before is None else before.as_of,
        "as_of_to": after.as_of,
        "types": types,
        "left_out": left_out,
        "warnings": [],
    }
    if before is None:
        return _table(FOUND.empty_table(), about, after, None)
    refuse_contradiction(before, after)
    about["warnings"] = _warnings(before, after, types)
    asked = Asked(
        types,
        [file for file, own in QUERIES.items() if {*own} & {*types}],
        _parameters(before, after, numbers),
        checked["birthday"],
        {},
    )
    found, groups = found_events(before, after, rows, asked, Machine.of(checked))
    return _table(found, about, after, groups)


def _types(after: Snapshot, options: Mapping[str, Any]) -> tuple[list[str], dict[str, Message]]:
    """Return the types to find, and why the other ones are left out.

    Raises
    ------
    UsageError
        A type does not exist, or was named and cannot be found.
    """
    named = column_names(options["types"], "types")
    for name in named:
        if name not in TYPES:
            raise UsageError(
                message(
                    "{types} must be among {}; got {}. {}",
                    ", ".join(TYPES), shown(name), did_you_mean(name, TYPES, "Correct it."),
                )
            )  # fmt: skip
    lacks = {name: lack_of(name, after, options) for name in named or TYPES}
    left_out = {name: lack for name, lack in lacks.items() if lack is not None}
    if named and left_out:
        raise UsageError(next(iter(left_out.values())))
    return [name for name in lacks if name not in left_out], left_out


def _numbers(nth: object) -> list[int]:
    """Return the numbers of orders that are events."""
    given: Any = nth
    numbers = list(given) if isinstance(given, Sequence) and type(given) is not str else [given]
    for n in numbers:
        if type(n) is not int or not _FIRST_NTH <= n < 1 << 63:
            raise UsageError(
                message(
                    "{nth} must be whole numbers from {}; got {}. Give numbers such as 5,10.",
                    _FIRST_NTH, shown(n),
                )
            )  # fmt: skip
    return [1, 2, *dict.fromkeys(numbers)]


def _check_birthday(after: Snapshot, birthday: str | None) -> None:
    if birthday is not None and birthday not in after.schema.names:
        raise UsageError(
            message(
                "{birthday} must be a column of the snapshots; got {}. {}",
                shown(birthday),
                did_you_mean(birthday, after.schema.names, "Score with {attributes}."),
            )
        )


def _parameters(before: Snapshot, after: Snapshot, numbers: list[int]) -> dict[str, Any]:
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
    }


def _warnings(before: Snapshot, after: Snapshot, types: Sequence[str]) -> list[dict[str, str]]:
    assert before.as_of is not None
    assert after.as_of is not None
    between = after.as_of - before.as_of
    if "due_soon" not in types or between <= _SOON:
        return []
    text = (
        f"due_soon must have snapshots at most {_SOON.days} days apart to find most customers; got "
        f"{between.days} days. Add a snapshot every week or every night."
    )
    return [{"code": "far_apart", "text": text}]


def _table(
    found: pa.Table, about: dict[str, Any], after: Snapshot, groups: pa.Array | None
) -> pa.Table:
    """Return events with the columns of the specification."""
    import pyarrow.compute as pc

    customer, by = after.schema.field(0), after.options["by"]
    types = pc.index_in(whole(found["type"]), value_set=arrow_texts(TYPES)).cast(pa.int8())
    ids = found["customer_id"].cast(customer.type)
    people = {free_name(customer.name, "customer", _NAMES): ids}
    if by is not None:
        groups = pa.nulls(0, after.schema.field(1).type) if groups is None else groups
        places = found["group_id"]
        has_none = pc.equal(places, NO_GROUP)
        places = pc.if_else(has_none, pa.scalar(None, places.type), places)
        people[free_name(by, "by", [*_NAMES, *people])] = groups.take(places)
    kind = pa.decimal128(_VALUE_DIGITS, after.scale)
    minor = whole(found["minor"])
    amounts = decimals(values(minor.fill_null(0), np.int64), after.scale).cast(kind)
    amounts = pc.if_else(minor.is_valid(), amounts, pa.scalar(None, kind))
    days = [pa.repeat(pa.scalar(about[name], pa.date32()), len(found)) for name in _NAMES[-2:]]
    own = [
        found["event_id"], pa.DictionaryArray.from_arrays(types, arrow_texts(TYPES)),
        *people.values(),
        found["happened_on"], found["before"], found["after"],
        pc.coalesce(found["n"].cast(kind), amounts), *days,
    ]  # fmt: skip
    names = [*_NAMES[:_N_FIRST], *people, *_NAMES[_N_FIRST:]]
    table = pa.table(dict(zip(names, own, strict=True)))
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(about, default=str)})
