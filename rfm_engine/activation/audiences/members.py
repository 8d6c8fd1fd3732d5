"""The customers of an audience, and the names of their segments as other companies may see them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.audiences.platform import (
    CONTACT_FIELDS,
    CUSTOMER,
    GENERIC,
    SEGMENT,
    Platform,
)
from rfm_engine.activation.people import chosen
from rfm_engine.activation.reach import SQL
from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.kernels.arrays import whole
from rfm_engine.options.messages import message
from rfm_engine.query.conditions import Condition
from rfm_engine.query.id_values import plain_ids
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import shipped_sql
from rfm_engine.query.tables import run_on_tables
from rfm_engine.result.snapshot import Snapshot

_RISK = "risk"


class Members(NamedTuple):
    """The customers of an audience.

    Attributes
    ----------
    table
        `customer_id` (UUIDs as bytes) and `own_0`, `own_1` and so on, one row per customer.
    kind
        The type of ids in the snapshot.
    fields
        The columns of the snapshot that `own_0` and so on have.
    renamed
        The names of segments that were replaced, by their names in the snapshot.
    """

    table: pa.Table
    kind: pa.DataType
    fields: Sequence[str]
    renamed: dict[str, str]

    def own(self, field: str) -> str:
        """Return the name that a column of the snapshot has in `table`."""
        return f"own_{self.fields.index(field)}"


def members_of(
    snapshot: Snapshot, who: Sequence[Condition], platform: Platform, machine: Machine
) -> Members:
    """Return the customers who meet all conditions, with the columns that a platform takes.

    Raises
    ------
    UsageError
        A condition or a column of the list names no column of the snapshot.
    """
    fields = _fields(snapshot, platform)
    customer = snapshot.schema.names[0]
    found = chosen(snapshot, who, [customer, *fields])
    columns = [_plain(column) for column in found.columns]
    renamed: dict[str, str] = {}
    if SEGMENT in fields:
        place = 1 + fields.index(SEGMENT)
        segments = [each.name for each in snapshot.scheme.segments]
        is_tag = any("tag" in each.steps for each in platform.columns)
        names = (_without_commas(segments) if is_tag else {}) | neutral_names(segments)
        there = set(columns[place].unique().to_pylist())
        renamed = {name: new for name, new in names.items() if name in there}
        columns[place] = _renamed(columns[place], renamed)
    ids = plain_ids(columns[0])
    if snapshot.options["by"] is not None:
        segments = columns[1] if fields else pa.nulls(len(found), pa.string())
        table = pa.table({CUSTOMER: ids, SEGMENT: segments})
        sql = shipped_sql(SQL, "audience-members", ("chosen",))
        grouped = run_on_tables(sql, {"chosen": table}, {}, machine)
        columns = grouped.columns if fields else grouped.columns[:1]
        ids = columns[0]
    named = {CUSTOMER: ids} | {f"own_{n}": each for n, each in enumerate(columns[1:])}
    return Members(pa.table(named), snapshot.schema.field(0).type, fields, renamed)


def neutral_names(names: Sequence[str]) -> dict[str, str]:
    """Return other names for segments with the word risk.

    Platforms reject or flag lists whose names suggest financial trouble or poor health. A new name
    has the number of the segment, or a later one if another segment has that name.

    >>> neutral_names(["Champions", "At Risk"])
    {'At Risk': 'Segment 2'}
    """
    taken = {_spaced(name).casefold() for name in names}
    found = {}
    for number, name in enumerate(names, 1):
        if _RISK not in name.lower():
            continue
        # Steps of the number of segments: two segments never get the same name.
        free = (f"Segment {each}" for each in count(number, len(names)))
        found[name] = next(new for new in free if new.casefold() not in taken)
    return found


def _without_commas(names: Sequence[str]) -> dict[str, str]:
    """Return other names for segments with a comma, which would separate two tags."""
    return {name: _spaced(name) for name in names if "," in name}


def _spaced(name: str) -> str:
    return " ".join(name.replace(",", " ").split())


def _fields(snapshot: Snapshot, platform: Platform) -> list[str]:
    """Return the columns of the snapshot that the list has."""
    fields = list(dict.fromkeys(
        each.field for each in platform.columns if each.field not in (*CONTACT_FIELDS, CUSTOMER)
    ))  # fmt: skip
    for name in fields:
        if name not in snapshot.schema.names:
            raise UsageError(
                message(
                    "{columns} must name columns of the snapshot or of the contacts; got {}. {}",
                    shown(name),
                    did_you_mean(name, [*snapshot.schema.names, *CONTACT_FIELDS], "Correct it."),
                )
            )
    if snapshot.options["by"] is not None and platform.name == GENERIC and {*fields} - {SEGMENT}:
        raise UsageError(
            message(
                "{columns} must be customer_id, segment and columns of the contacts if customers "
                "have groups; got {}. A customer may have a row per group; leave it out.",
                ", ".join(sorted({*fields} - {SEGMENT})),
            )
        )
    return fields


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def _renamed(segments: pa.ChunkedArray, names: dict[str, str]) -> pa.ChunkedArray:
    shared = whole(segments).dictionary_encode()
    words = [names.get(name, name) for name in shared.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(words, pa.string()).take(shared.indices)])
