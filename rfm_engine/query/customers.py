"""The relation `customers`: the customers of a snapshot with exact integers.

Columns of the user may have any name, for example that of a column that is computed. In the
relation they keep their names only if these are free; DuckDB ignores the case of names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, valid_mask, values, whole
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone
from rfm_engine.query.facts import fact_inputs, facts_of
from rfm_engine.query.id_values import distinct_ids, places_among
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.fact_columns import FACT_COLUMNS

GROUP = "group_id"
# Columns of the relation that are computed from a column of the snapshot.
_MADE_OF = {"minor": "monetary", "first_day": "first_order", "last_day": "last_order"}
CHOSEN, SPLIT = "chosen", "split"
_COMPUTED = (GROUP, CUSTOMER, *_MADE_OF, CHOSEN, SPLIT)


class Customers:
    """The customers of a snapshot by column; columns are read on first use.

    Attributes
    ----------
    snapshot
        The snapshot.

    Parameters
    ----------
    groups
        What `groups` is, if it also has groups of other snapshots.
    """

    def __init__(self, snapshot: Snapshot, groups: pa.Array | None = None) -> None:
        self.snapshot = snapshot
        self._by: str | None = snapshot.options["by"]
        self._given_groups = groups

    @cached_property
    def groups(self) -> pa.Array | None:
        """The distinct groups in ascending order, null last; `group_id` is a position in them.

        None without groups.
        """
        if self._by is None or self._given_groups is not None:
            return self._given_groups
        return distinct_ids(self.snapshot.columns([self._by])[self._by])

    @cached_property
    def names(self) -> list[str]:
        """All columns of the relation besides `group_id` and `customer_id`.

        Columns of the user whose names are taken are left out.
        """
        names = [name for name in self.snapshot.schema.names if name not in self._left_out]
        taken = {*FACT_COLUMNS} - {*self._held_facts}
        names = [name for name in names if name.lower() not in taken]
        found: dict[str, str] = {}
        for name in names:
            if name.lower() not in _COMPUTED:
                found.setdefault(name.lower(), name)
        return [*found.values(), *_MADE_OF]

    @property
    def _left_out(self) -> set[str | None]:
        return {self.snapshot.options["customer"], self._by, "monetary"}

    @property
    def _held_facts(self) -> list[str]:
        """The facts that are columns of the snapshot; without facts they are of the user."""
        names = self.snapshot.schema.names if self.snapshot.options["facts"] else ()
        return [name for name in FACT_COLUMNS if name in names]

    def group_ids(self, groups: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the position of each group in `groups`; null for a group without customers."""
        assert self.groups is not None
        return places_among(groups, self.groups)

    def table(self, names: Collection[str]) -> pa.Table:
        """Return the relation with some of its columns.

        The first ones are always `group_id` (0 without groups) and `customer_id`. Facts that the
        snapshot lacks are computed.

        Raises
        ------
        UsageError
            The snapshot has no such column.
        """
        return self._made(self.snapshot.columns(self._read(names)), names)

    def blocks(self, names: Collection[str]) -> Iterator[pa.Table]:
        """Yield the relation with some of its columns in pieces, in the order of the snapshot.

        There is only one piece if facts must be computed, because they need all customers.
        """
        if self._missing_facts(names):
            yield self.table(names)
            return
        for block in self.snapshot.blocks(self._read(names)):
            yield self._made(block, names)

    def _missing_facts(self, names: Collection[str]) -> list[str]:
        return [name for name in FACT_COLUMNS if name in names and name not in self._held_facts]

    def _plain(self, names: Collection[str]) -> list[str]:
        facts = self._missing_facts(names)
        return [name for name in names if name not in (GROUP, CUSTOMER, *facts)]

    def _read(self, names: Collection[str]) -> list[str]:
        """Return the columns of the snapshot that columns of the relation are made of."""
        read = [self.snapshot.options["customer"], *([] if self._by is None else [self._by])]
        read += fact_inputs(self.snapshot) if self._missing_facts(names) else ()
        read += [_MADE_OF.get(name, name) for name in self._plain(names)]
        return list(dict.fromkeys(read))

    def _made(self, source: pa.Table, names: Collection[str]) -> pa.Table:
        """Return the relation from columns of the snapshot."""
        group_ids = (
            pa.chunked_array([arrow(np.zeros(len(source), np.int32))])
            if self._by is None
            else self.group_ids(source[self._by])
        )
        columns = {GROUP: group_ids, CUSTOMER: source[self.snapshot.options["customer"]]}
        columns |= {name: self._column(name, source) for name in self._plain(names)}
        if facts := self._missing_facts(names):
            columns |= facts_of(source, group_ids, self.snapshot, facts)
        return pa.table(columns)

    def columns(self, names: Collection[str]) -> pa.Table:
        """Return the columns of the snapshot with some names, or else those of the relation.

        Raises
        ------
        UsageError
            There is neither.
        """
        held = [name for name in names if name in self.snapshot.schema.names]
        others = [name for name in names if name not in held]
        tables = [self.snapshot.columns(held)] if held else []
        tables += [self.table(others).select(others)] if others else []
        return pa.table({name: table[name] for table in tables for name in table.column_names})

    def _column(self, name: str, source: pa.Table) -> pa.Array | pa.ChunkedArray:
        column = source[_MADE_OF.get(name, name)]
        if name not in _MADE_OF:
            return column
        array = whole(column)
        if name == "minor":
            # The low word of a decimal of 18 digits is the number of minor units.
            return arrow(values(array, np.int64)[::2].copy())
        moments = values(array, np.int64)
        days = local_days(moments, Zone(self.snapshot.options["timezone"])).astype(np.int32)
        return arrow(days, pa.date32(), valid_mask(array))
