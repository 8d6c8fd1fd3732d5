"""Decide what becomes of each candidate: who enters, who waits, which events are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.reach import Reach
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import typed_ids
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import shipped_sql
from rfm_engine.query.tables import ParquetFiles, run_on_tables

FATES = (
    "unless", "suppressed", "no_consent", "control", "cooldown", "max_times", "sent", "outranked",
    "capped", "entered",
)  # fmt: skip
"""What can become of a candidate, in the order in which it is decided."""
ENTERED = "entered"
DROPPED = ("outranked", "capped")
_RELATIONS = (
    "candidates", "flows", "opens", "consented", "suppressed", "controlled", "caps", "log",
)  # fmt: skip
_SQL = shipped_sql("rfm_engine.activation.flows.sql", "flow-fates", _RELATIONS)


class Cap(NamedTuple):
    """At most `n` messages in `days` days."""

    n: int
    days: int


class Rules(NamedTuple):
    """The flows of a run, and what applies to all of them.

    Attributes
    ----------
    as_of
        The date.
    flows
        The active flows.
    caps
        Most messages per customer.
    exempt_priority
        Flows with at most this priority ignore the caps.
    windows
        The window in days of each flow that another one can wait for.
    """

    as_of: date
    flows: Sequence[Flow]
    caps: Sequence[Cap]
    exempt_priority: int
    windows: dict[str, int]


class Known(NamedTuple):
    """What is known about customers.

    Attributes
    ----------
    reach
        Who can be contacted.
    controlled
        The customers of the global control group.
    log
        The log of earlier dates; None if there is none.
    """

    reach: Reach
    controlled: pa.Table
    log: ParquetFiles | None


def fates_of(candidates: pa.Table, rules: Rules, known: Known, machine: Machine) -> pa.Table:
    """Return the candidates with their fates; their order is not defined.

    Parameters
    ----------
    candidates
        See `candidates.Found.table`; `flow` is a place in the flows of the rules.

    Returns
    -------
    pyarrow.Table
        `flow` int16, `group_key`, `customer_id`, `event_id`, `key`, and `fate`, one of `FATES`.
    """
    who, group = (candidates.schema.field(name).type for name in (CUSTOMER, "group_key"))
    no_people = pa.schema([(CUSTOMER, who), ("channel", pa.string())]).empty_table()
    consented = known.reach.consented
    tables: dict[str, pa.Table] = {
        "candidates": candidates,
        "flows": _flow_table(rules.flows, rules.exempt_priority),
        "opens": _opens(rules.flows, rules.windows),
        "consented": no_people if consented is None else consented,
        "suppressed": known.reach.suppressed,
        "controlled": known.controlled,
        "caps": _table(
            {"n": pa.int64(), "days": pa.int32()}, [cap._asdict() for cap in rules.caps]
        ),
    }
    files = {}
    if known.log is None:
        tables["log"] = pa.schema([
            ("flow", pa.string()), ("group_key", group), (CUSTOMER, who),
            ("event_id", pa.string()), ("key", pa.string()), ("entered_on", pa.date32()),
            ("arm", pa.string()),
        ]).empty_table()  # fmt: skip
    else:
        files["log"] = known.log
    parameters = {"as_of": rules.as_of, "needs_consent": consented is not None}
    found = run_on_tables(_SQL, tables, parameters, machine, files)
    columns = {name: found[name] for name in found.column_names}
    columns[CUSTOMER] = typed_ids(found[CUSTOMER], who)
    columns["group_key"] = typed_ids(found["group_key"], group)
    return pa.table(columns)


def _flow_table(flows: Sequence[Flow], exempt_priority: int) -> pa.Table:
    kinds = {
        "flow": pa.int16(), "name": pa.string(), "priority": pa.int64(), "channel": pa.string(),
        "cooldown": pa.string(), "days": pa.int64(), "max_times": pa.int64(),
        "is_exempt": pa.bool_(),
    }  # fmt: skip
    rows = [
        {
            "flow": number, "name": flow.name, "priority": flow.priority, "channel": flow.channel,
            "cooldown": flow.cooldown.kind, "days": flow.cooldown.days,
            "max_times": flow.max_times, "is_exempt": flow.priority <= exempt_priority,
        }
        for number, flow in enumerate(flows)
    ]  # fmt: skip
    return _table(kinds, rows)


def _opens(flows: Sequence[Flow], windows: dict[str, int]) -> pa.Table:
    kinds = {"flow": pa.int16(), "name": pa.string(), "window_days": pa.int32()}
    rows = [
        {"flow": number, "name": name, "window_days": windows[name]}
        for number, flow in enumerate(flows)
        for name in flow.unless_open
    ]
    return _table(kinds, rows)


def _table(kinds: dict[str, pa.DataType], rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([*rows], pa.schema(kinds.items()))
