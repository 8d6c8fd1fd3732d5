"""The rows that conditions of flows are about: customers at a date, with the date before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, values, whole
from rfm_engine.kernels.types import Mask
from rfm_engine.movement.pairs import AFTER, BEFORE, Pairs, sorted_pieces
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.id_values import distinct_ids, places_among
from rfm_engine.result.snapshot import Snapshot

PREVIOUS = "prev_"
_PRESENCE = "frequency"


class Extra(NamedTuple):
    """Further columns of customers, with one row per customer, or per customer and group.

    Attributes
    ----------
    ids
        The customers, in the type of the snapshot.
    groups
        Their groups; None if the columns are the same in all groups.
    columns
        The columns.
    """

    ids: pa.ChunkedArray
    groups: pa.ChunkedArray | None
    columns: pa.Table


class Rows:
    """One row per customer and group at a date, in the order of customers.

    Customers who are only in the snapshot before have rows too, because they can have events.
    People who are in neither snapshot, but only in the contacts, come last.

    Attributes
    ----------
    table
        `group_id`, `customer_id`, the columns of the snapshot, and those of the snapshot before
        with the prefix `prev_`.
    groups
        The groups, `group_id` is a position in them; None without groups.
    is_here
        Which rows are in the snapshot, or only in the contacts.
    """

    def __init__(
        self,
        before: Snapshot | None,
        after: Snapshot,
        names: Collection[str],
        others: pa.ChunkedArray | None = None,
    ) -> None:
        own = sorted({name for name in names if not name.startswith(PREVIOUS)} | {_PRESENCE})
        previous = sorted(name.removeprefix(PREVIOUS) for name in names if name not in own)
        table, self.groups = _joined(before, after, previous, own)
        here = np.asarray(table[_PRESENCE].is_valid())
        if others is not None:
            more = _not_among(others, table[CUSTOMER])
            added = pa.table({GROUP: arrow(np.zeros(len(more), np.int32)), CUSTOMER: more})
            table = pa.concat_tables([table, added], promote_options="default")
            here = np.concatenate([here, np.ones(len(more), np.bool_)])
        self.table = table
        self.is_here: Mask = here

    def __len__(self) -> int:
        return len(self.table)

    def add(self, extra: Extra) -> None:
        """Add further columns; they are null for customers who are not in them."""
        places = self.places_in(extra.ids, extra.groups)
        for name in extra.columns.column_names:
            self.add_column(name, extra.columns[name].take(places))

    def add_column(self, name: str, column: pa.Array | pa.ChunkedArray) -> None:
        """Add a column, or replace the one of this name."""
        if name in self.table.column_names:
            self.table = self.table.drop_columns([name])
        self.table = self.table.append_column(name, column)

    def places_in(self, ids: pa.ChunkedArray, groups: pa.ChunkedArray | None) -> pa.ChunkedArray:
        """Return for each row its place among others, null if it is not there."""
        if groups is None or self.groups is None:
            return places_among(self.table[CUSTOMER], whole(ids))
        mine, theirs = self._keys(ids, groups)
        return places_among(mine, theirs)

    def places_of(self, ids: pa.ChunkedArray, groups: pa.ChunkedArray | None) -> pa.Array:
        """Return for each of other rows its place among these rows, null if it is not there."""
        if groups is None or self.groups is None:
            return whole(pa.chunked_array([places_among(whole(ids), whole(self.table[CUSTOMER]))]))
        mine, theirs = self._keys(ids, groups)
        return places_among(theirs, mine)

    def _keys(self, ids: pa.ChunkedArray, groups: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
        """Return integers that are equal if customer and group are: of these rows, of others."""
        assert self.groups is not None
        known = distinct_ids(self.table[CUSTOMER])
        n = len(self.groups)

        def keys(who: pa.ChunkedArray, group_ids: pa.Array | pa.ChunkedArray) -> pa.Array:
            places = places_among(whole(who), known)
            found = _plain(places) * n + _plain(group_ids)
            is_known = np.asarray(places.is_valid()) & np.asarray(group_ids.is_valid())
            return arrow(found, None, is_known)

        mine = keys(self.table[CUSTOMER], self.table[GROUP])
        return mine, keys(ids, places_among(whole(groups), self.groups))


def _plain(column: pa.Array | pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    array = whole(column) if isinstance(column, pa.ChunkedArray) else column
    return values(array.cast(pa.int64()).fill_null(0), np.int64)


def _joined(
    before: Snapshot | None, after: Snapshot, previous: Collection[str], own: Collection[str]
) -> tuple[pa.Table, pa.Array | None]:
    if before is None:
        customers = Customers(after)
        table = pa.concat_tables(sorted_pieces(customers, own))
        kinds: Mapping[str, pa.DataType] = {
            field.name: field.type for field in Customers(after).table(previous).schema
        }
        for name in previous:
            table = table.append_column(PREVIOUS + name, pa.nulls(len(table), kinds[name]))
        return table, customers.groups
    pairs = Pairs(before, after)
    table = pa.concat_tables(pairs.blocks(previous, own), promote_options="permissive")
    names = [_renamed(name) for name in table.column_names]
    return table.rename_columns(names), pairs.groups


def _renamed(name: str) -> str:
    if name.endswith(AFTER):
        return name.removesuffix(AFTER)
    return PREVIOUS + name.removesuffix(BEFORE) if name.endswith(BEFORE) else name


def _not_among(ids: pa.ChunkedArray, known: pa.ChunkedArray) -> pa.Array:
    """Return the distinct ids that are not among others, in ascending order."""
    distinct = distinct_ids(ids)
    return distinct.filter(places_among(distinct, whole(known)).is_null())
