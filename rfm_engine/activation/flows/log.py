"""The log of flows in a history: who entered which flow when, in which arm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import pyarrow as pa

from rfm_engine.errors import StateError
from rfm_engine.history.history import History
from rfm_engine.history.sealed import file_digest
from rfm_engine.history.store import Store, day_of, unit_of
from rfm_engine.output import write_groups
from rfm_engine.query.tables import ParquetFiles
from rfm_engine.result.sorted_customers import GROUP_ROWS

FOLDER, LOG = "flows", "log.parquet"
COLUMNS = ("flow", "event_id", "key", "entered_on", "arm", "reason")
"""The columns besides those of the customer and the group, which come after the first one."""
_READ = ("flow", "event_id", "key", "entered_on", "arm")


def refuse_earlier(store: Store, day: date) -> None:
    """Refuse a date before the newest one of the log, whose entries depend on it.

    Raises
    ------
    StateError
        The log has a later date.
    """
    newest = max(_units(store), default=None)
    if newest is not None and newest > unit_of(day, FOLDER):
        raise StateError(
            f"flows must be run for the newest date of their log or a later one; got {day}, and "
            f"{_day(newest)} in history {str(store.folder)!r}. Leave the date out."
        )


def entries_before(history: History, day: date, people: Sequence[str]) -> ParquetFiles | None:
    """Return the log of dates before a date as a relation; None if there are none.

    `people` are the columns of the customer and of the group.
    """
    store = history.store
    units = [unit for unit in _units(store) if unit < unit_of(day, FOLDER)]
    if not units:
        return None
    for unit in units:
        refuse_damaged(store, unit)
    customer, *groups = people
    group = groups[0] if groups else None
    names = {"customer_id": customer, "group_key": group} | {name: name for name in _READ}
    return ParquetFiles([store.place(unit) / LOG for unit in units], names)


def write_log(history: History, day: date, table: pa.Table, about: dict[str, str]) -> str:
    """Write the log of a date; return `added`, or `unchanged` if it is there with equal bytes.

    Raises
    ------
    StateError
        There is another log of this date, or another process is writing to the history.
    """
    unit = unit_of(day, FOLDER)
    with history.store.writing() as transaction:
        place = transaction.folder_of(unit) / LOG
        plain = table.combine_chunks()
        starts = range(0, len(plain), GROUP_ROWS)
        groups = (partial(plain.slice, start, GROUP_ROWS) for start in starts)
        write_groups(groups, plain.schema, place)
        if unit in history.store.units(FOLDER):
            transaction.discard()
            refuse_damaged(history.store, unit)
            digest = transaction.published_summary(unit)["files"].get(LOG)
            if digest != file_digest(place):
                raise StateError(
                    f"flows of {day} must be those of the log in history "
                    f"{str(history.path)!r}; got others, because flows, options or inputs have "
                    f"changed since. If nothing was sent, delete the folder {unit} in it and run "
                    "the flows again."
                )
            return "unchanged"
        transaction.seal(unit, about)
    return "added"


def refuse_damaged(store: Store, unit: str) -> None:
    """Refuse the log of a date that is damaged.

    Raises
    ------
    StateError
        It is.
    """
    faults = store.faults(unit)
    if faults:
        raise StateError(
            f"history {str(store.folder)!r} must have undamaged logs of flows; got: {faults[0]}. "
            "Restore it from a backup."
        )


def _units(store: Store) -> list[str]:
    return store.units(FOLDER)


def _day(unit: str) -> str | None:
    return day_of(unit.removeprefix(f"{FOLDER}/"))
