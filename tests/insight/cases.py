"""All insight tables with the options that change their query, computed in one session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

import rfm_engine as rfm
from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.insight.labels import shipped_labels
from rfm_engine.insight.lists import list_relations
from rfm_engine.insight.tables import TABLES
from rfm_engine.query.session import Choices, Machine, Session
from tests.insight.frames import OPTIONS

# So that small data gives rows.
_LOW = {
    "min_customers": 0, "min_item": 1, "min_pair": 1, "within": "20d", "until": "2025-03-01",
    "since": "2025-02-01",
}  # fmt: skip
_SOURCE = {"attribute": "source"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, _SOURCE if table.needs_attribute else {}) for name, table in TABLES.items()},
    "bridge": ("bridge", {"attribute": "product"}),
    "affinity of last orders": ("affinity", _SOURCE | {"mode": "last"}),
    "affinity of any purchase": ("affinity", _SOURCE | {"mode": "any"}),
    "affinity of spend": ("affinity", _SOURCE | {"mode": "spend"}),
    "affinity after a burn-in": ("affinity", _SOURCE | {"burn_in": "10d"}),
    "main first product": ("first-product", {"attribute": "product", "first_rule": "main"}),
    "cohort by source": ("cohort", _SOURCE | {"period": "week"}),
    "cohort by age": ("cohort", {"age": "7d"}),
    "cohort by source and age": ("cohort", _SOURCE | {"age": "7d", "period": "quarter"}),
    "pairs of two sources": ("pairs", _SOURCE | {"top": 3}),
}
"""Tables with options, by what they are; each of the SQL files of tables is among them."""


def tables(
    snapshot: rfm.Snapshot, rows: object, *, threads: int = 2, names: Iterable[str] = CASES
) -> Mapping[str, pa.Table]:
    """Return tables by the name of their case."""
    asked = {}
    for name in names:
        table, options = CASES[name]
        low = {option: each for option, each in _LOW.items() if option in TABLES[table].options}
        checked = checked_options(low | options)
        asked[name] = asked_of(table, snapshot, checked), checked
    found = {}
    machine = Machine(threads, None, None)
    with Session(snapshot, rows, machine, Choices((), ("segment",))) as session:
        lists = list_relations(snapshot, checked_options({}))
        session.prepare([each.query for each, _ in asked.values()], lists)
        for name, (each, options) in asked.items():
            table = session.run(each.query, parameters_of(snapshot, options))
            found[name] = session.with_groups(each.table.finish(table, options).table)
    return found


LABELS = [name for name in shipped_labels() if name not in ("category", "channel")]


def labels_of(snapshot: rfm.Snapshot, rows: object, **options: Any) -> pa.Table:
    """Return the customers with all labels that the columns of the rows allow."""
    names = {} if isinstance(rows, Path) else OPTIONS
    return rfm.label(snapshot, rows=rows, labels=LABELS, **{"product": "product"} | names | options)
