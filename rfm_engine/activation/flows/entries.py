"""The entries of a run as tables: the log of the history, and the output."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.activation.flows.fates import DROPPED, ENTERED
from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.split import ARMS, HOLDOUT, TREATED, buckets_of, held_out
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow, arrow_texts, values, whole
from rfm_engine.kernels.types import Mask
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.relations import free_name
from rfm_engine.result.id_order import ascending
from rfm_engine.result.snapshot import Snapshot

METADATA_KEY = b"rfm_engine_flows"
"""Key of the schema metadata of the output: a JSON object."""
FLOW, ENTERED_ON = "flow", "entered_on"
"""The columns that say which flow was entered, and when."""
_OUT = (FLOW, "arm", "reason", "channel", ENTERED_ON)
_LOG = (FLOW, "event_id", "key", ENTERED_ON, "arm", "reason")
_FIRST_KEYS = ("kind", "value", "page")


def people_of(snapshot: Snapshot) -> list[str]:
    """Return the names of the columns of the customer and of the group, if there are groups.

    Raises
    ------
    UsageError
        The customer column has the name of a column of the entries.
    """
    customer, by = snapshot.schema.field(0).name, snapshot.options["by"]
    if customer.lower() in {*_OUT, *_LOG}:
        raise UsageError(
            message(
                "{customer} must have another name than the columns of flows, {}; got {!r}. Rename "
                "the column in the orders.",
                ", ".join(dict.fromkeys([*_OUT, *_LOG])), customer,
            )
        )  # fmt: skip
    return [customer] if by is None else [customer, group_name(by, customer)]


def group_name(by: str, customer: str) -> str:
    """Return the name of the column of groups: its own, or `by_NAME` if a column has this name."""
    return free_name(by, "by", [*_OUT, *_LOG, customer])


def entries_of(
    fates: pa.Table, flows: Sequence[Flow], people: Sequence[str], key: str, as_of: date
) -> pa.Table:
    """Return the entries of the log: who entered a flow, and events that were dropped.

    Returns
    -------
    pyarrow.Table
        `flow` dictionary of string, the customer, the group if there are groups, `event_id` and
        `key` string, `entered_on` date32, `arm` (null for dropped events) and `reason` dictionaries
        of string; in the order of flows, then of customers.
    """
    import pyarrow.compute as pc

    is_entry = pc.equal(fates["fate"], ENTERED)
    is_dropped = pc.is_in(fates["fate"], value_set=arrow_texts(DROPPED))
    kept = fates.filter(pc.or_(is_entry, pc.and_(is_dropped, fates["event_id"].is_valid())))
    ids = [whole(kept[name]) for name in ("flow", CUSTOMER, "group_key", "event_id")]
    kept = kept.take(arrow(ascending(ids))).combine_chunks()
    numbers = values(whole(kept["flow"]), np.int16)
    has_arm = np.asarray(pc.equal(kept["fate"], ENTERED))
    is_out = np.zeros(len(kept), np.bool_)
    for number, flow in enumerate(flows):
        rows = np.flatnonzero((numbers == number) & has_arm)
        if len(rows):
            buckets = buckets_of(key, flow.name, kept[CUSTOMER].take(arrow(rows)))
            is_out[rows] = held_out(buckets, flow.holdout_bp)
    customer, *groups = people
    columns = {"flow": _names(numbers, [flow.name for flow in flows]), customer: kept[CUSTOMER]}
    columns |= dict.fromkeys(groups, kept["group_key"])
    arms = _names(is_out.astype(np.int16) * ARMS.index(HOLDOUT), list(ARMS), has_arm)
    reasons = [*dict.fromkeys(flow.reason for flow in flows), *DROPPED]
    own = np.array([reasons.index(flow.reason) for flow in flows], np.int16)
    dropped = pc.index_in(kept["fate"], value_set=arrow_texts(reasons)).fill_null(0)
    places = np.where(has_arm, own[numbers], np.asarray(dropped)).astype(np.int16)
    columns |= {
        "event_id": kept["event_id"], "key": kept["key"],
        "entered_on": pa.repeat(pa.scalar(as_of, pa.date32()), len(kept)),
        "arm": arms, "reason": _names(places, reasons),
    }  # fmt: skip
    return pa.table(columns)


def output_of(entries: pa.Table, flows: Sequence[Flow], people: Sequence[str]) -> pa.Table:
    """Return the output: who entered, with the channel and the treatment of the flow.

    Returns
    -------
    pyarrow.Table
        The customer, the group if there are groups, `flow`, `arm`, `reason` and `channel`, a column
        `treatment_KEY` per key of the treatments, `entered_on`.
    """
    entered = entries.filter(entries["arm"].is_valid())
    place = pa.compute.index_in(
        entered["flow"].cast(pa.string()), value_set=arrow_texts([flow.name for flow in flows])
    )
    columns = {name: entered[name] for name in (*people, "flow", "arm", "reason")}
    columns["channel"] = _texts([flow.channel for flow in flows]).take(place)
    keys = {key for flow in flows for key in flow.treatment}
    for name in [*(k for k in _FIRST_KEYS if k in keys), *sorted(keys - {*_FIRST_KEYS})]:
        texts = [flow.treatment.get(name) or None for flow in flows]
        columns[f"treatment_{name}"] = _texts(texts).take(place)
    columns["entered_on"] = entered["entered_on"]
    return pa.table(columns)


def counts_of(entries: pa.Table) -> dict[str, dict[str, int]]:
    """Return the numbers of treated and held-out customers by flow."""
    found: dict[str, dict[str, int]] = {}
    counted = entries.select(["flow", "arm"]).cast(
        pa.schema([("flow", pa.string()), ("arm", pa.string())])
    )
    for row in counted.group_by(["flow", "arm"]).aggregate([([], "count_all")]).to_pylist():
        if row["arm"] is not None:
            found.setdefault(row["flow"], dict.fromkeys((TREATED, HOLDOUT), 0))
            found[row["flow"]][row["arm"]] = row["count_all"]
    return found


def _names(places: Any, names: Sequence[str], valid: Mask | None = None) -> pa.Array:
    """Return texts as a dictionary with all of them, so that equal entries are equal bytes."""
    return pa.DictionaryArray.from_arrays(arrow(places, None, valid), arrow_texts(names))


def _texts(texts: Sequence[str | None]) -> pa.Array:
    return pa.array([*texts], pa.string())
