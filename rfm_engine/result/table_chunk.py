"""Convert customers of a snapshot to a chunk for scoring: measures are columns of the table."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import valid_mask, values
from rfm_engine.kernels.types import Instants, Mask, Places
from rfm_engine.orders.group_keys import GroupIds, within_groups
from rfm_engine.orders.keys import Keys, keys_of
from rfm_engine.orders.kinds import kind_of_ids
from rfm_engine.totals.chunks import CustomerChunk, Part
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.tables.day_totals import Repeats


class _TableRows:
    """Ids and times of the customers of a table."""

    def __init__(self, table: pa.Table, *, within: bool) -> None:
        self._table = table
        self._within = within

    def keys(self) -> Keys:
        customers = keys_of(_column(self._table, 0))
        if not self._within:
            return cast("Keys", customers)
        column = _column(self._table, 1)
        return within_groups(customers, GroupIds(keys_of(column), valid_mask(column)))

    def first_us(self, rows: Places | None) -> tuple[Instants, Mask | None]:
        column = _column(self._table, "first_order")
        found, known = values(column, np.int64), valid_mask(column)
        if rows is None:
            return found, known
        return found[rows], None if known is None else known[rows]

    def last_us(self, rows: Places | None) -> Instants:
        found = values(_column(self._table, "last_order"), np.int64)
        return found if rows is None else found[rows]


def chunk_of_table(
    table: pa.Table, *, within: bool = False, repeats: bool = False
) -> CustomerChunk:
    """Return a table that has the columns of a result as a chunk of customers.

    `within` says whether the second column has their groups, and `repeats` whether columns named as
    the fields of `Repeats` contain repeat purchases. An id column may have such a name too.
    """
    held = _TableRows(table, within=within)
    kind = kind_of_ids(table.schema.types[0])
    by = kind_of_ids(table.schema.types[1]) if within else None
    # 128-bit decimals have the low word first, and 18 digits fit in it.
    minor = values(_column(table, "monetary"), np.int64)[::2].copy()
    return CustomerChunk(
        [Part(lambda: held, None, table.num_rows)],
        IdColumns(kind, by),
        values(_column(table, "recency_days"), np.int32),
        values(_column(table, "frequency"), np.int64),
        minor,
        _repeats(table) if repeats else None,
    )


def _repeats(table: pa.Table) -> Repeats:
    *days, high, low = (_column(table, name) for name in Repeats._fields)
    first, last, n_days = (values(column, np.int32) for column in days)
    return Repeats(first, last, n_days, values(high, np.int64), values(low, np.int64))


def _column(table: pa.Table, name: str | int) -> pa.Array[Any]:
    """Return a column as one contiguous array."""
    return (
        pa.concat_arrays(table.column(name).chunks)
        if table.num_rows
        else pa.nulls(0, table.schema.field(name).type)
    )
