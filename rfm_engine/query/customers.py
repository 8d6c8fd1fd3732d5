"""The relation `customers`: the customers of a snapshot with exact integers."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, valid_mask, values
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone
from rfm_engine.result.snapshot import Snapshot

GROUP = "group_id"
# Columns of the relation that are computed from a column of the snapshot.
_MADE_OF = {"minor": "monetary", "first_day": "first_order", "last_day": "last_order"}


class Customers:
    """The customers of a snapshot by column; columns are read on first use.

    Attributes
    ----------
    snapshot
        The snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._by: str | None = snapshot.options["by"]

    @cached_property
    def groups(self) -> pa.Array | None:
        """The distinct groups in ascending order, null last; `group_id` is a position in them.

        None without groups.
        """
        import pyarrow.compute as pc

        if self._by is None:
            return None
        distinct = self.snapshot.columns([self._by])[self._by].unique()
        return distinct.take(pc.sort_indices(distinct))

    @property
    def names(self) -> list[str]:
        """All columns of the relation besides `group_id` and `customer_id`."""
        known = {self.snapshot.options["customer"], self._by, "monetary"}
        return [*(name for name in self.snapshot.schema.names if name not in known), *_MADE_OF]

    def group_ids(self, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the position of each group in `groups`; null for a group without customers."""
        import pyarrow.compute as pc

        assert self.groups is not None
        return pc.index_in(groups, value_set=self.groups)

    def table(self, names: Collection[str]) -> pa.Table:
        """Return the relation with some of its columns.

        The first ones are always `group_id` (0 without groups) and `customer_id`.

        Raises
        ------
        UsageError
            The snapshot has no such column.
        """
        options = self.snapshot.options
        id_column: str = options["customer"]
        read = [id_column, *([] if self._by is None else [self._by])]
        wanted = [_MADE_OF.get(name, name) for name in names if name not in (GROUP, CUSTOMER)]
        if "is_whale" not in self.snapshot.schema.names:
            wanted = ["monetary" if name == "is_whale" else name for name in wanted]
        source = self.snapshot.columns(list(dict.fromkeys([*read, *wanted])))
        group_ids = (
            arrow(np.zeros(len(source), np.int32))
            if self._by is None
            else self.group_ids(source[self._by])
        )
        columns = {GROUP: group_ids, CUSTOMER: source[id_column]}
        for name in names:
            if name == "is_whale" and name not in source.column_names:
                minor = self._column("minor", source)
                columns[name] = _whales(minor.to_numpy(), group_ids)
            elif name not in columns:
                columns[name] = self._column(name, source)
        return pa.table(columns)

    def _column(self, name: str, source: pa.Table) -> pa.Array | pa.ChunkedArray:
        column = source[_MADE_OF.get(name, name)]
        if name not in _MADE_OF:
            return column
        whole = pa.concat_arrays(column.chunks) if len(column) else pa.array([], column.type)
        if name == "minor":
            # The low word of a decimal of 18 digits is the number of minor units.
            return arrow(values(whole, np.int64)[::2].copy())
        moments = values(whole, np.int64)
        days = local_days(moments, Zone(self.snapshot.options["timezone"])).astype(np.int32)
        return arrow(days, pa.date32(), valid_mask(whole))


def _whales(minor: Integers, group_ids: pa.Array) -> pa.Array:
    """Return which customers are among the best 20% of their group."""
    ids = group_ids.to_numpy()
    found = np.zeros(len(minor), bool)
    for g in np.unique(ids):
        at = ids == g
        k = -(-20 * int(at.sum()) // 100)
        least = np.sort(minor[at])[::-1][k - 1]
        found[at] = (minor[at] >= least) & (minor[at] > 0)
    return pa.array(found)
