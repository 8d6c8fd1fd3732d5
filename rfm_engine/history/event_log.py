"""The log of events of a history: for each date, those that no earlier date has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import UsageError
from rfm_engine.history.dates import refuse_unknown
from rfm_engine.history.sealed import file_digest
from rfm_engine.history.store import Store, Transaction, unit_of
from rfm_engine.kernels.arrays import arrow, arrow_texts, booleans, values, whole
from rfm_engine.kernels.types import Integers, Mask
from rfm_engine.movement.event_table import (
    METADATA_KEY,
    people_of,
    retractions,
    type_column,
)
from rfm_engine.movement.event_types import OF_ONE_DATE, RETRACTED, sql_of
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import as_date
from rfm_engine.output import write_groups
from rfm_engine.query.session import Machine
from rfm_engine.query.tables import ParquetFiles, run_on_tables
from rfm_engine.result.id_order import ascending
from rfm_engine.result.sorted_customers import GROUP_ROWS

EVENTS = "events.parquet"
_FOLDER = "events"


def consecutive(
    dates: Sequence[date], begin: date | str | None, end: date | str | None, place: Path
) -> tuple[date, date]:
    """Return two consecutive dates of a history.

    Parameters
    ----------
    dates
        The dates of the history, ascending.
    begin, end
        The dates that are asked for; None is the one next to the other, or the newest two.

    Raises
    ------
    UsageError
        They are not dates of the history, or other dates are between them.
    """
    if len(dates) < 2:
        raise UsageError(
            f"events must have two dates; got history {str(place)!r} with {len(dates)}. Add "
            "another with rfm history add."
        )
    pairs = list(pairwise(dates))
    if begin is None and end is None:
        return pairs[-1]
    first = None if begin is None else as_date(begin, "begin")
    last = None if end is None else as_date(end, "end")
    for one, other in pairs:
        if first in (None, one) and last in (None, other):
            return one, other
    for each in (first, last):
        if each is not None:
            refuse_unknown(each, dates, place)
    if last is None:
        raise UsageError(
            message(
                "{begin} must be a date before another of history {!r}; got {}, which is the "
                "newest date, so no date follows it. Leave {begin} out.",
                str(place), first,
            )
        )  # fmt: skip
    if first is None:
        raise UsageError(
            message(
                "{end} must be a date after another of history {!r}; got {}, which is the "
                "oldest date, so no date is before it. The next date is {}.",
                str(place), last, dates[1],
            )
        )  # fmt: skip
    raise UsageError(
        message(
            "{begin} and {end} must be two consecutive dates of history {!r}; got {}. For other "
            "dates use rfm compare.",
            str(place), " and ".join(str(each) for each in (first, last) if each is not None),
        )
    )  # fmt: skip


def log_events(
    transaction: Transaction, store: Store, found: pa.Table, day: date, *, retracted: bool
) -> tuple[str, pa.Table]:
    """Write the events of a date; return what happened to the log, and its events.

    Parameters
    ----------
    found
        The events between the date before and this date, without those of earlier logs.
    retracted
        Whether events of the log that do not follow any more are retracted.
    """
    old = logged(store, day)
    new = with_retracted(found, old, retracted=retracted)
    is_new = write_log(transaction, store, day, new)
    return ("added" if old is None else "replaced" if is_new else "unchanged"), new


def log_unit(day: date) -> str:
    """Return the name of the unit with the events of a date."""
    return unit_of(day, _FOLDER)


def logged(store: Store, day: date) -> pa.Table | None:
    """Return the log of a date; None if it has none."""
    unit = log_unit(day)
    if unit not in store.units(_FOLDER):
        return None
    table = pq.read_table(store.place(unit) / EVENTS, partitioning=None)
    return table.set_column(1, "type", type_column(table["type"]))


def without_earlier(found: pa.Table, store: Store, day: date, machine: Machine) -> pa.Table:
    """Return the events whose ids are not in the log of an earlier date."""
    import pyarrow.compute as pc

    units = [unit for unit in store.units(_FOLDER) if unit < log_unit(day)]
    if not units or not len(found):
        return found
    ids = found.select(["event_id"])
    files = {"logged": ParquetFiles([store.place(unit) / EVENTS for unit in units])}
    of_one_date = {"of_one_date": list(OF_ONE_DATE)}
    sent = run_on_tables(sql_of("event-logged"), {"new": ids}, of_one_date, machine, files)
    return found.filter(pc.invert(pc.is_in(found["event_id"], value_set=whole(sent["event_id"]))))


def with_retracted(found: pa.Table, old: pa.Table | None, *, retracted: bool) -> pa.Table:
    """Return the events with rows for ids of the log that no longer follow.

    Parameters
    ----------
    found
        The events that follow now.
    old
        The log of the same date.
    retracted
        Whether to retract events of the log. Rows of retracted events are kept in any case, unless
        the event follows again. So are events of types that were left out, because it is not known
        whether they still follow.
    """
    import pyarrow.compute as pc

    if old is None:
        return found
    left_out = json.loads(found.schema.metadata[METADATA_KEY])["left_out"]
    was_retracted, was_left_out = _is_of(old, (RETRACTED,)), _is_of(old, tuple(left_out))
    rows = old.filter(arrow(was_retracted))
    rows = rows.filter(pc.invert(pc.is_in(rows["to"], value_set=whole(found["event_id"]))))
    if retracted:
        sent = old.filter(arrow(~was_retracted & ~was_left_out))
        is_gone = pc.invert(pc.is_in(sent["event_id"], value_set=whole(found["event_id"])))
        gone = retractions(sent.filter(is_gone))
        rows = pa.concat_tables([each.cast(found.schema) for each in (rows, gone)])
        columns = [whole(rows[name]) for name in [*people_of(rows), "from", "to"]]
        rows = rows.take(arrow(ascending(columns)))
    kept = old.filter(arrow(was_left_out))
    both = pa.concat_tables([each.cast(found.schema) for each in (found, rows, kept)])
    # Each type is in one of the tables only, and in order there.
    both = both.take(arrow(np.argsort(_codes(both), kind="stable")))
    return both.replace_schema_metadata(found.schema.metadata)


def write_log(transaction: Transaction, store: Store, day: date, table: pa.Table) -> bool:
    """Write the log of a date, unless it is the same already; return whether it was written."""
    unit = log_unit(day)
    folder = transaction.folder_of(unit)
    whole_table = table.combine_chunks()
    starts = range(0, len(table), GROUP_ROWS)
    groups = (partial(whole_table.slice, start, GROUP_ROWS) for start in starts)
    write_groups(groups, table.schema, folder / EVENTS)
    if unit in store.units(_FOLDER):
        digest = transaction.published_summary(unit)["files"].get(EVENTS)
        if digest == file_digest(folder / EVENTS):
            transaction.discard()
            return False
    transaction.seal(unit, {"as_of": day.isoformat()})
    return True


def _is_of(table: pa.Table, types: Sequence[str]) -> Mask:
    """Return which events are of some types."""
    import pyarrow.compute as pc

    column: Any = whole(table["type"])
    known = pc.is_in(column.dictionary, value_set=arrow_texts(types))
    return booleans(known)[_places(column)]


def _codes(table: pa.Table) -> Integers:
    return _places(whole(table["type"]))


def _places(column: pa.DictionaryArray) -> Integers:
    return values(column.indices.cast(pa.int64()), np.int64)
