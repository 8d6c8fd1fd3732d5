"""The events of a date that trigger flows, or exclude customers from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.activation.flows.birthdays import is_soon
from rfm_engine.activation.flows.candidates import Places
from rfm_engine.activation.flows.columns import BIRTHDAY_DAYS
from rfm_engine.activation.flows.rows import Rows
from rfm_engine.history.history import History
from rfm_engine.history.tier_pairs import tier_pairs
from rfm_engine.kernels.arrays import arrow, values, whole
from rfm_engine.movement.event_table import event_id, people_of
from rfm_engine.movement.event_types import Given, left_out
from rfm_engine.options.groups import EventOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP
from rfm_engine.result.snapshot import Snapshot

BIRTHDAY_SOON = "birthday_soon"


def events_left_out(
    history: History, day: date, snapshot: Snapshot, options: Mapping[str, Any]
) -> dict[str, str]:
    """Return the types of events that a history cannot have at a date, and what each lacks."""
    given = Given(rows=False, tiers=tier_pairs(history.store, day))
    return left_out(snapshot, resolve(EventOptions, options), given)


def events_at(
    history: History,
    days: tuple[date | None, date],
    types: Collection[str],
    rows: Rows,
    options: Mapping[str, Any],
) -> dict[str, tuple[pa.Table, Places]]:
    """Return the events of some types between two dates, and the row of each.

    There are none without the date before. Birthdays are left out: see `birthdays_among`. Events of
    people who have no row are left out.
    """
    import pyarrow.compute as pc

    before, day = days
    wanted = sorted({*types} - {BIRTHDAY_SOON})
    if before is None or not wanted:
        return {}
    found, places = _placed(history.events(before, day, types=wanted, **options), rows)
    kind = found["type"].cast(pa.string())
    of_types = {name: np.flatnonzero(np.asarray(pc.equal(kind, name))) for name in wanted}
    return {name: (found.take(arrow(own)), places[own]) for name, own in of_types.items()}


def birthdays_among(rows: Rows, as_of: date) -> tuple[pa.Table, Places]:
    """Return events for customers whose birthday is within seven days, and the row of each.

    Their ids are those of the events of type `birthday_soon` of a history.
    """
    days = whole(rows.table[BIRTHDAY_DAYS])
    soon = [place for place, n in enumerate(days.to_pylist()) if n is not None and is_soon(n)]
    places = np.array(soon, np.int64)
    places = places[rows.is_here[places]]
    taken = arrow(places)
    ids = rows.table[CUSTOMER].take(taken).to_pylist()
    groups: Sequence[Any] = [None] * len(ids)
    if rows.groups is not None:
        groups = rows.groups.take(whole(rows.table[GROUP].take(taken))).to_pylist()
    on = [as_of + timedelta(n) for n in days.take(taken).to_pylist()]
    names = [
        event_id(BIRTHDAY_SOON, *who, day.year)
        for who, day in zip(zip(ids, groups, strict=True), on, strict=True)
    ]
    texts = pa.array([day.isoformat() for day in on], pa.string())
    return pa.table({"event_id": pa.array(names, pa.string()), "to": texts}), places


def _placed(events: pa.Table, rows: Rows) -> tuple[pa.Table, Places]:
    """Return events with the row of each, without those of people who have no row."""
    customer, *groups = people_of(events)
    found = rows.places_of(events[customer], events[groups[0]] if groups else None)
    known = np.flatnonzero(np.asarray(found.is_valid()))
    places = values(found.cast(pa.int64()).fill_null(0), np.int64)[known]
    return events.take(arrow(known)), places
