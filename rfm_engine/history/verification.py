"""Read every file of a history, and name what is damaged or not in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import RfmError, StateError
from rfm_engine.history.about import About, about_of
from rfm_engine.history.carried import CUSTOMERS
from rfm_engine.history.contract import agreed_of_snapshot
from rfm_engine.history.digest import block_digest, content_digest, digested_columns
from rfm_engine.history.runs import faults_of_runs
from rfm_engine.history.store import ABOUT, Store, day_of, unit_of
from rfm_engine.history.writing import rows_from
from rfm_engine.kernels.arrays import booleans, whole
from rfm_engine.query.id_values import plain_ids
from rfm_engine.result.id_order import ascending
from rfm_engine.result.snapshot import read_snapshot
from rfm_engine.result.sorted_customers import GROUP_ROWS


def faults(store: Store, about: About) -> list[str]:
    """Return one line per fault: checksums, folders without a summary, snapshots, and runs.

    `about` is what the history said when it was opened; it is used if it is damaged now.
    """
    found = [f"{name} has no summary and is ignored" for name in store.without_summary()]
    try:
        about = about_of(store)
    except StateError as error:
        found.append(f"{ABOUT}: {error}")
    before = None
    for unit in store.all_units():
        own = store.faults(unit)
        day = day_of(unit)
        if not own and day is not None:
            own = [*_of_place(store.summary(unit), day, before), *_of_snapshot(store, unit, about)]
        before = before if day is None else day
        found += own
    return [*found, *faults_of_runs(store)]


def _of_place(summary: dict[str, Any], day: str, before: str | None) -> Iterator[str]:
    """Yield why the folder of a date cannot be where it is."""
    if summary["as_of"] != day:
        yield f"{unit_of(day)} is the folder of another date, {summary['as_of']}"
    elif summary["before"] != before:
        was = "no date" if summary["before"] is None else summary["before"]
        yield (
            f"{unit_of(day)} follows {before or 'no date'}, but it was computed after {was}: "
            "a date was deleted or copied"
        )


def _of_snapshot(store: Store, unit: str, about: About) -> Iterator[str]:
    """Yield what is wrong with a snapshot whose files have the right checksums."""
    place = store.place(unit) / CUSTOMERS
    try:
        snapshot = read_snapshot(place)
    except RfmError as error:
        yield f"{unit}: {error}"
        return
    theirs, ours = agreed_of_snapshot(snapshot), about.agreed
    for name, value in theirs.items():
        if value != ours[name]:
            yield f"{unit}: {name} is {value}, but {ours[name]} in the history"
    if snapshot.n_customers:
        types: list[tuple[str, object, object]] = [
            ("type of ids", str(snapshot.schema.types[0]), about.id_type),
            ("number of decimals of amounts", snapshot.scale, about.scale),
        ]
        for name, value, wanted in types:
            if value != wanted:
                yield f"{unit}: the {name} is {value}, but {wanted} in the history"
    names = digested_columns(snapshot.schema)
    n_rows = pq.read_metadata(place).num_rows
    blocks = []
    last = None
    for start in range(0, n_rows, GROUP_ROWS):
        table = rows_from(place, start, GROUP_ROWS)
        blocks.append(block_digest(table, names))
        ids = table.select(range(about.n_ids))
        after = ids if last is None else pa.concat_tables([last, ids])
        if not _is_ascending([whole(column) for column in after.columns]):
            yield f"{unit}: customers are not in order, or not unique, from row {start + 1} on"
            return
        last = ids.slice(len(ids) - 1)
    summary = store.summary(unit)
    if content_digest(blocks, snapshot) != summary["content_digest"]:
        yield f"{unit}: the content has another digest than its summary says"


def _is_ascending(ids: list[pa.Array[Any]]) -> bool:
    """Return whether rows are in the order of their ids, each once."""
    import pyarrow.compute as pc

    n = len(ids[0])
    if not np.array_equal(ascending(ids), np.arange(n)):
        return False
    same = np.ones(max(n - 1, 0), np.bool_)
    for column in ids:
        plain = plain_ids(column)
        before, after = plain.slice(0, max(n - 1, 0)), plain.slice(1)
        both_null = pc.and_(before.is_null(), after.is_null())
        same &= booleans(pc.coalesce(pc.equal(before, after), both_null))
    return not same.any()
