"""Events of membership tiers: a higher tier, a lower one, or the beginning of a grace period."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, arrow_texts, values, whole
from rfm_engine.movement.event_types import TierPair, sql_of
from rfm_engine.movement.tiers import COLUMNS, METADATA_KEY
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import plain_ids
from rfm_engine.query.session import Machine
from rfm_engine.query.tables import run_on_tables

GROUP_KEY = "group_key"


def tier_changes(pair: TierPair, as_of: date, machine: Machine) -> pa.Table:
    """Return the events of a program, with the group under the name `GROUP_KEY`."""
    relations = {"before": _members(pair.before), "after": _members(pair.after)}
    return run_on_tables(sql_of("event-tiers"), relations, {"as_of_to": as_of}, machine)


def _members(table: pa.Table) -> pa.Table:
    """Return the relation of members: the place of the tier of each, and what was measured."""
    import pyarrow.compute as pc

    about = json.loads(table.schema.metadata[METADATA_KEY])
    names: Sequence[str] = about["names"]
    n_ids = table.num_columns - len(COLUMNS)
    group = arrow(np.zeros(len(table), np.int8)) if n_ids == 1 else plain_ids(table.column(1))
    tier = table["tier"].cast(pa.string())
    # The low word of a decimal of 18 digits is the number of its smallest units.
    measured = arrow(values(whole(table["rolling"]), np.int64)[::2].copy())
    nulls = pa.nulls(len(table), pa.int64())
    is_money = about["measure"] == "monetary"
    return pa.table({
        GROUP_KEY: group, CUSTOMER: plain_ids(table.column(0)), "tier": tier,
        "place": pc.index_in(tier, value_set=arrow_texts(names)), "in_grace": table["in_grace"],
        "n": nulls if is_money else measured, "minor": measured if is_money else nulls,
    })  # fmt: skip
