"""Run the queries of events over the customers of two snapshots side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, shown_value
from rfm_engine.kernels.arrays import arrow, is_bytes, is_text, whole
from rfm_engine.movement.event_types import TierPair, sql_of
from rfm_engine.movement.pairs import AFTER, BEFORE, Pairs, Pieces, sorted_pieces
from rfm_engine.movement.parameters import first_day_of
from rfm_engine.movement.rescoring import wide_snapshot
from rfm_engine.movement.tier_events import GROUP_KEY, tier_changes
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.id_values import distinct_ids, named_ids, places_among, typed_ids
from rfm_engine.query.session import Machine, Query, Session
from rfm_engine.result.snapshot import Snapshot

NO_GROUP = -1
"""The `group_id` of customers without a group, which sorts first."""
_BIRTHDAY = "birthday"
_TIME = pa.timestamp("us")
_QUERIED = pa.schema([
    ("type", pa.string()), ("happened_on", pa.date32()), ("before", pa.string()),
    ("after", pa.string()), ("n", pa.int64()), ("minor", pa.int64()), ("key", pa.string()),
])  # fmt: skip
FOUND = pa.schema([
    ("event_id", pa.string()), (CUSTOMER, pa.null()), (GROUP, pa.int32()), *_QUERIED,
])  # fmt: skip
"""The columns of events when they have been found; ids of customers have their own type."""


class Asked(NamedTuple):
    """Which events to find.

    Attributes
    ----------
    types
        The types.
    files
        The names of the SQL files that find them.
    bought
        The name of the SQL file that counts recent orders; None if no query reads their numbers.
    parameters
        The parameters of the queries.
    birthday
        The column of the snapshots with dates of birth; None if there is none.
    relations
        Further relations that the queries read.
    tiers
        Tables of membership tiers at both dates.
    since
        The first day whose orders are counted; None if those of the second snapshot are.
    """

    types: Sequence[str]
    files: Sequence[str]
    bought: str | None
    parameters: Mapping[str, Any]
    birthday: str | None
    relations: Mapping[str, pa.Table]
    tiers: Sequence[TierPair] = ()
    since: date | None = None


def found_events(
    before: Snapshot, after: Snapshot, rows: object, asked: Asked, machine: Machine
) -> tuple[pa.Table, pa.Array | None]:
    """Return the events between two snapshots with their ids, sorted, and the groups by number.

    `rows` are the orders of the second snapshot, if a query reads them.
    """
    queries = [Query(sql_of(file)) for file in asked.files]
    bought = [] if asked.bought is None else [Query(sql_of(asked.bought))]
    ids = Query(sql_of("event-ids"))
    changes = [tier_changes(pair, asked.parameters["as_of_to"], machine) for pair in asked.tiers]
    kind = after.schema.field(0).type
    groups: pa.Array | None = None
    prepared: list[tuple[Session, Query, pa.Array | None]] = []
    with ExitStack() as held:
        for one, other in zip(before.populations, after.populations, strict=True):
            pairs = Pairs(one, other)
            if groups is None and pairs.groups is not None:
                groups = _all_groups(pairs.groups, changes)
            session = held.enter_context(Session(other, rows, machine, customers=pairs.after))
            needed = [*queries, *bought]
            session.prepare(needed, {"pairs": _pieces(pairs, needed, asked), **asked.relations})
            for query in bought:
                counts = _bought(session, query, rows, asked, machine)
                people = typed_ids(counts[CUSTOMER], kind)  # as in the contacts
                session.write("bought", [counts.set_column(1, CUSTOMER, people)])
            prepared += [(session, query, pairs.groups) for query in queries]
            rows = session.rows

        def found() -> Iterator[pa.Table]:
            """Yield the events of one query after the other, so that few are in memory."""
            for each, query, known in prepared:
                table = each.run(query, asked.parameters)
                yield _numbered(table, kind, _groups_of(table, known), groups)
            for table in changes:
                yield _numbered(table, kind, table[GROUP_KEY], groups)

        session.write("found", found())
        session.write("group_names", [_group_names(groups)])
        return session.run(ids, {"types": list(asked.types)}), groups


def _bought(
    session: Session, query: Query, rows: object, asked: Asked, machine: Machine
) -> pa.Table:
    """Return the numbers of recent orders, also of those that the window leaves out.

    The session is prepared, so that the rows have been compared with the snapshot.
    """
    after = session.snapshot
    if asked.since is None or first_day_of(after) <= asked.since:
        return session.run(query, asked.parameters)
    with tempfile.TemporaryDirectory(prefix="rfm-events-", dir=machine.spill_dir) as folder:
        place = Path(folder) / "wide.parquet"
        wide = wide_snapshot(rows, after, asked.since, place, **machine._asdict())
        with Session(wide, rows, machine) as own:
            own.prepare([query], {})
            return own.run(query, asked.parameters)


def _pieces(pairs: Pairs, queries: Sequence[Query], asked: Asked) -> Pieces:
    """Return the relation `pairs` with the columns that the queries read."""
    names = {name for query in queries for name in query.sql.inputs.get("pairs") or ()}
    sides = []
    for customers, suffix in ((pairs.before, BEFORE), (pairs.after, AFTER)):
        # Without any column it would not be known who is in a snapshot.
        own = {"frequency"} | {each.removesuffix(suffix) for each in names if each.endswith(suffix)}
        sides.append(_side(customers, own, asked.birthday))
    return pairs.joined(*sides)


def _side(customers: Customers, names: Collection[str], birthday: str | None) -> Pieces:
    """Yield the customers of a snapshot, with dates of birth if they are among the names."""
    plain = sorted({*names} - {_BIRTHDAY})
    if _BIRTHDAY not in names:
        yield from sorted_pieces(customers, plain)
        return
    held = [each for each in customers.snapshot.schema.names if each == birthday]
    for piece in sorted_pieces(customers, list(dict.fromkeys([*plain, *held]))):
        days = _days(piece[held[0]]) if held else pa.nulls(len(piece), pa.date32())
        yield piece.select([GROUP, CUSTOMER, *plain]).append_column(_BIRTHDAY, days)


def _days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates of birth as dates.

    Raises
    ------
    DataError
        They are neither dates nor times nor text such as 1980-02-29 or 1980-02-29 00:00:00.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _days(column.cast(kind.value_type))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_null(kind):
        return column.cast(pa.date32())
    distinct = column.unique().drop_null()
    unknown = distinct if not is_text(kind) else [each for each in distinct if not _is_day(each)]
    if len(unknown):
        raise DataError(
            message(
                "{birthday} must be a column of dates such as 1980-02-29; got {}. Correct the "
                "attributes.",
                shown_value(unknown[0]) if is_text(kind) else f"{unknown[0]} of type {kind}",
            )
        )
    if not is_text(kind):
        return pa.chunked_array([pa.nulls(len(column), pa.date32())])
    return column.cast(_TIME).cast(pa.date32())


def _is_day(text: pa.Scalar) -> bool:
    try:
        text.cast(_TIME)
    except pa.ArrowInvalid:
        return False
    return True


def _all_groups(groups: pa.Array, changes: Sequence[pa.Table]) -> pa.Array:
    """Return all groups but the null one in ascending order, also of members who are gone."""
    others = [typed_ids(whole(table[GROUP_KEY]), groups.type) for table in changes]
    distinct = distinct_ids(pa.chunked_array([groups, *others]))
    return distinct.slice(0, len(distinct) - distinct.null_count)


def _groups_of(table: pa.Table, groups: pa.Array | None) -> pa.ChunkedArray | pa.Array | None:
    return None if groups is None else groups.take(whole(table[GROUP]))


def _numbered(
    found: pa.Table,
    kind: pa.DataType,
    keys: pa.ChunkedArray | pa.Array | None,
    groups: pa.Array | None,
) -> pa.Table:
    """Return events with the same columns always, and with the number of the group of each.

    `kind` is the type of ids of customers. `keys` are the groups of the customers; None without
    groups. `NO_GROUP` is the number of none.
    """
    if keys is None or groups is None:
        ids = arrow(np.full(len(found), NO_GROUP, np.int32))
    else:
        ids = places_among(typed_ids(keys, groups.type), groups).fill_null(NO_GROUP)
    columns = {CUSTOMER: named_ids(found[CUSTOMER], kind), GROUP: ids}
    columns |= {field.name: found[field.name].cast(field.type) for field in _QUERIED}
    return pa.table(columns)


def _group_names(groups: pa.Array | None) -> pa.Table:
    """Return how groups are written in ids: binary ones as hexadecimal digits."""
    groups = pa.nulls(0, pa.string()) if groups is None else groups
    numbers = arrow(np.arange(len(groups), dtype=np.int32))
    if is_bytes(groups.type):
        names = pa.array([each.hex() for each in groups.to_pylist()], pa.string())
    elif isinstance(groups.type, pa.UuidType):
        names = pa.array(list(map(str, groups.to_pylist())), pa.string())
    else:
        names = groups.cast(pa.string())
    return pa.table({GROUP: numbers, "name": names})
