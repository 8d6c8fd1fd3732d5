"""Compute the facts of the customers of a snapshot that lacks their columns."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import frozen, values, whole
from rfm_engine.options.messages import message
from rfm_engine.orders.time.zones import Zone
from rfm_engine.orders.workers import Workers
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.fact_columns import FACT_COLUMNS, FactColumns
from rfm_engine.segments.scheme import AXES
from rfm_engine.totals.groups import Grouping

_MEASURES = ("first_order", "last_order", "recency_days", "frequency", "monetary")
_INPUTS = (*_MEASURES, *(f"{axis}_score" for axis in AXES))


def fact_inputs(snapshot: Snapshot) -> list[str]:
    """Return the names of the columns of a snapshot that facts are computed from."""
    attribute = snapshot.whale_attribute
    return [*_INPUTS, *([] if attribute is None else [attribute])]


def facts_of(
    table: pa.Table, group_ids: pa.ChunkedArray, snapshot: Snapshot, names: Collection[str]
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Return facts by name, computed as `rfm score --facts` does.

    If the scheme of the snapshot uses facts, they are the same as those of its conditions.

    Parameters
    ----------
    table
        All customers of the snapshot, with their ids and the columns of `fact_inputs`.
    group_ids
        The number of the group of each customer.
    names
        The facts to return, among `FACT_COLUMNS`.

    Raises
    ------
    UsageError
        The customers were scored from totals of customers, which have no first order.
    """
    if snapshot.options["customer_level"]:
        raise UsageError(
            message(
                "customers must have a first order for {}; got a snapshot of totals of customers "
                "({customer_level}). Score the orders.",
                next(iter(names)),
            )
        )
    groups = values(whole(group_ids), np.int32).astype(np.uint32)
    own = [snapshot.options["customer"], *_MEASURES]
    scores = [values(whole(table[f"{axis}_score"]), np.int8) for axis in AXES]
    bins = Bins(*map(len, snapshot.customers_by_score))
    first = snapshot.scheme.first_score
    r, f, m = (score.astype(np.int32) - first for score in scores)
    cells = (r * bins.f + f) * bins.m + m
    chunk = chunk_of_table(table.select(own))
    everyone = np.arange(len(table), dtype=np.uint32)
    n_groups = int(groups.max(initial=0)) + 1
    grouping = None
    if snapshot.options["by"] is not None:
        grouping = Grouping([everyone], frozen(groups), n_groups, has_none=False)
    with Workers(1) as pool:
        facts = snapshot.facts_of(chunk, table, grouping, pool)
    columns = FactColumns(facts, bins, Zone(snapshot.options["timezone"]))
    first_order, last_order = (
        pa.chunked_array([whole(table[name])]) for name in ("first_order", "last_order")
    )
    found = columns.of(chunk, cells, facts.marks[0], (first_order, last_order))
    columns_by_name = zip(FACT_COLUMNS, found, strict=True)
    return {name: column for name, column in columns_by_name if name in names}
