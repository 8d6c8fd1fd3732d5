"""The relations that queries of events read, and the table that they fill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, shown_cause
from rfm_engine.kernels.arrays import arrow, is_bytes, values, whole
from rfm_engine.movement.event_types import sql_of
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.connection import connection, failures, lock
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.relations import Views, created_views, opened_query
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import SqlFile
from rfm_engine.result.snapshot import Snapshot

NO_GROUP = -1
"""The `group_id` of customers without a group, which sorts first."""
_VIEWS = Views(None, None)
_EVENTS = (
    "group_id, customer_id, null::varchar as type, null::date as happened_on, "
    "null::varchar as before, null::varchar as after, null::bigint as n, null::bigint as minor, "
    "null::varchar as key"
)
FOUND = pa.schema([
    ("event_id", pa.string()), ("type", pa.string()), ("customer_id", pa.null()),
    ("group_id", pa.int32()), ("happened_on", pa.date32()), ("before", pa.string()),
    ("after", pa.string()), ("n", pa.int64()), ("minor", pa.int64()),
])  # fmt: skip
"""The columns of `EventRelations.events`; ids of customers have their own type."""


class EventRelations:
    """Two snapshots as relations in a temporary folder, which is deleted at the end.

    Parameters
    ----------
    before, after
        The two snapshots; `before` may have no customers.
    birthday
        The column with birthdays, if there is one.
    """

    def __init__(
        self, before: Snapshot, after: Snapshot, birthday: str | None, machine: Machine
    ) -> None:
        self._sides = {"before": before, "after": after}
        self._birthday = birthday
        self._machine = machine
        self._held = ExitStack()
        self.groups = _groups(before, after)

    def __enter__(self) -> Self:
        machine = self._machine
        temporary = tempfile.mkdtemp(prefix="rfm-events-", dir=machine.spill_dir)
        self._held.callback(shutil.rmtree, temporary, ignore_errors=True)
        folder = Path(temporary)
        self._prepared = folder / "relations"
        (folder / "spill").mkdir()
        for name, snapshot in self._sides.items():
            self._write(name, self._side(snapshot, sql_of("event-pairs").inputs[name] or ()))
        self._write("groups", self._group_names())
        self._opened: Any = self._held.enter_context(
            connection(
                [self._prepared], folder / "spill",
                threads=machine.threads, memory_limit=machine.memory_limit,
            )
        )  # fmt: skip
        lock(self._opened)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def pair(self) -> None:
        """Write the relation `pairs`."""
        sql = sql_of("event-pairs")
        place = self._prepared / "pairs"
        place.mkdir()
        with created_views(self._opened, self._prepared, sql, _VIEWS), failures(sql.place):
            found = opened_query(self._opened, sql, {})
            found.write_parquet(str(place / "part-00000.parquet"), compression="lz4_raw")
            found.limit(0).project(_EVENTS).create("all_found")

    def find(self, sql: SqlFile, parameters: Mapping[str, Any]) -> None:
        """Add the events that a query finds."""
        with created_views(self._opened, self._prepared, sql, _VIEWS), failures(sql.place):
            opened_query(self._opened, sql, parameters).insert_into("all_found")

    def events(self, types: Collection[str]) -> pa.Table:
        """Return all events of some types that were found, with their ids and sorted."""
        sql = sql_of("identified")
        with created_views(self._opened, self._prepared, sql, _VIEWS), failures(sql.place):
            found = self._opened.table("all_found")
            kind = self._sides["after"].schema.field(0).type
            text = "lower(hex(customer_id))" if is_bytes(kind) else "customer_id::varchar"
            found.project(f"*, {text} as customer_text").create_view("found")
            return opened_query(self._opened, sql, {"types": list(types)}).to_arrow_table()

    def _write(self, name: str, table: pa.Table) -> None:
        (self._prepared / name).mkdir(parents=True)
        place = self._prepared / name / "part-00000.parquet"
        pq.write_table(table, place, compression="lz4")

    def _side(self, snapshot: Snapshot, names: Collection[str]) -> pa.Table:
        """Return the customers of a snapshot, followed by those of all groups together."""
        sides = [self._population(each, names) for each in snapshot.populations]
        return pa.concat_tables(sides)

    def _population(self, snapshot: Snapshot, names: Collection[str]) -> pa.Table:
        customers = Customers(snapshot)
        read = {name: name for name in names}
        if self._birthday is None:
            del read["birthday"]
        else:
            read["birthday"] = self._birthday
        table = customers.table(list(dict.fromkeys(read.values())))
        columns = {GROUP: self._group_ids(table[GROUP], customers), CUSTOMER: table[CUSTOMER]}
        columns |= {name: table[source] for name, source in read.items()}
        columns["birthday"] = _days(columns.get("birthday"), len(table))
        return pa.table(columns)

    def _group_ids(self, own: pa.ChunkedArray, customers: Customers) -> pa.Array:
        """Return the position of the group of each customer in `groups`."""
        if customers.groups is None:
            return arrow(np.full(len(own), NO_GROUP, np.int32))
        import pyarrow.compute as pc

        known = pc.index_in(customers.groups, value_set=self.groups)
        places = values(known.fill_null(NO_GROUP), np.int32)
        return arrow(places[values(whole(own), np.int32)])

    def _group_names(self) -> pa.Table:
        names = texts_of(self.groups)
        return pa.table({GROUP: arrow(np.arange(len(names), dtype=np.int32)), "name": names})


def _groups(before: Snapshot, after: Snapshot) -> pa.Array:
    """Return the groups of two snapshots in ascending order, without the null group."""
    import pyarrow.compute as pc

    sides = [Customers(each).groups for each in (before, after)]
    found = pa.concat_arrays([each for each in sides if each is not None] or [pa.nulls(0)])
    distinct = found.drop_null().unique()
    return distinct.take(pc.sort_indices(distinct))


def texts_of(column: pa.Array) -> pa.Array:
    """Return values as they are written in ids of events: bytes as hexadecimal digits."""
    if is_bytes(column.type):
        return pa.array([each.hex() for each in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _days(column: pa.ChunkedArray | None, n: int) -> pa.Array | pa.ChunkedArray:
    """Return birthdays as dates.

    Raises
    ------
    DataError
        They are neither dates nor text such as 1980-02-29.
    """
    if column is None:
        return pa.nulls(n, pa.date32())
    try:
        return column.cast(pa.date32())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            message(
                "{birthday} must be a column of dates such as 1980-02-29; got {}. Correct the "
                "attributes.",
                shown_cause(error),
            )
        ) from None
