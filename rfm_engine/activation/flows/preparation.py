"""Prepare the rows and events that flows need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.activation.flows import columns as known
from rfm_engine.activation.flows.birthdays import days_to_birthday
from rfm_engine.activation.flows.candidates import Finder
from rfm_engine.activation.flows.events import BIRTHDAY_SOON, birthdays_among, events_at
from rfm_engine.activation.flows.flow import OWN_CYCLE, Flow
from rfm_engine.activation.flows.inputs import Inputs, kind_wanted, needed_of
from rfm_engine.activation.flows.rows import Rows
from rfm_engine.activation.flows.stages import Touches, dates_held, held, stage_names, stages_at
from rfm_engine.activation.reach import Reach
from rfm_engine.history.history import History
from rfm_engine.kernels.types import Mask
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import places_among

_OWN_US = "own_us"


def finder_of(  # noqa: PLR0913 - the inputs of a run
    history: History,
    days: tuple[date | None, date],
    flows: Sequence[Flow],
    inputs: Inputs,
    reach: Reach,
    options: Mapping[str, Any],
) -> Finder:
    """Return what finds the candidates of flows.

    Parameters
    ----------
    days
        The date before, None if there is none, and the date.
    options
        Options of events and of running.
    """
    before, day = days
    types = {kind for flow in flows for kind in flow.events}
    names = needed_of({each.column for flow in flows for each in flow.conditions})
    names |= {known.BIRTHDAY} if BIRTHDAY_SOON in types else set()
    names |= {_OWN_US} if any(flow.cooldown.kind == OWN_CYCLE for flow in flows) else set()
    uses_stages = known.AIPL_STAGE in names
    others = inputs.touches.table[CUSTOMER] if uses_stages and inputs.touches is not None else None
    earlier = None if before is None else history.snapshot(before)
    rows = Rows(earlier, inputs.snapshot, _of_snapshot(names, inputs), others)
    _add_inputs(rows, names, flows, inputs, reach)
    _add_days(rows, names, day)
    holders: dict[int, Mask] = {}
    if inputs.touches is not None and uses_stages:
        holders = _add_stages(rows, history, day, flows, inputs.touches)
    if known.TOUCH_I_DAYS in names:
        newest = pa.nulls(len(rows), pa.int32())
        if inputs.touches is not None:
            newest = inputs.touches.newest_days(rows.table[CUSTOMER], "I", day)
        rows.add_column(known.TOUCH_I_DAYS, newest)
    placed = events_at(history, days, types, rows, options)
    if BIRTHDAY_SOON in types:
        placed[BIRTHDAY_SOON] = birthdays_among(rows, day)
    nothing = pa.schema([
        ("event_id", pa.string()), ("to", pa.string()), ("value", pa.decimal128(38, 0)),
        ("happened_on", pa.date32()),
    ]).empty_table()  # fmt: skip
    placed |= {kind: (nothing, np.zeros(0, np.int64)) for kind in types - placed.keys()}
    events = {kind: table for kind, (table, _) in placed.items()}
    return Finder(rows, events, {kind: places for kind, (_, places) in placed.items()}, holders)


def _of_snapshot(names: set[str], inputs: Inputs) -> list[str]:
    """Return the columns that the snapshots have."""
    found = []
    for name in names - {known.TOUCH_I_DAYS}:
        column = known.column_of(name)
        of = known.ATTRIBUTES if column is None else column.of
        is_extra = of in (known.LABELS, known.ATTRIBUTES)
        if of == known.SNAPSHOT or (is_extra and inputs.names_of(name) == known.SNAPSHOT):
            found.append(name)
    return found


def _add_inputs(
    rows: Rows, names: set[str], flows: Sequence[Flow], inputs: Inputs, reach: Reach
) -> None:
    """Add the columns of tiers, labels, attributes and consents."""
    if inputs.tiers is not None:
        of_tiers = [name for name in inputs.tiers.columns.column_names if name in names]
        rows.add(inputs.tiers._replace(columns=inputs.tiers.columns.select(of_tiers)))
    extra = {name: inputs.names_of(name) for name in sorted(names) if _is_extra(name)}
    labels = [name for name, of in extra.items() if of == known.LABELS]
    attributes = [name for name, of in extra.items() if of == known.ATTRIBUTES]
    if labels:
        rows.add(inputs.label_columns(labels))
    if attributes:
        kinds = {name: kind_wanted(name, _kinds_of(name, flows)) for name in attributes}
        rows.add(inputs.attribute_columns(kinds))
    for name in names:
        if name.startswith(known.CONSENT) and reach.consented is not None:
            channel = name.removeprefix(known.CONSENT)
            who = reach.consented.filter(pa.compute.field("channel") == channel)[CUSTOMER]
            rows.add_column(name, places_among(rows.table[CUSTOMER], who.unique()).is_valid())


def _is_extra(name: str) -> bool:
    column = known.column_of(name)
    return column is None or column.of in (known.LABELS, known.ATTRIBUTES)


def _kinds_of(name: str, flows: Sequence[Flow]) -> set[str]:
    """Return the kinds of the values that conditions compare a column with."""
    found = set()
    for flow in flows:
        for condition in flow.conditions:
            if condition.column != name:
                continue
            if condition.form in ("true", "not"):
                found.add(known.BOOL)
            found |= {_kind_of(value) for value in condition.values}
    return found


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return known.BOOL
    return known.NUMBER if isinstance(value, int | Decimal) else known.TEXT


def _add_days(rows: Rows, names: set[str], day: date) -> None:
    """Add the days until points expire and until the next birthday."""
    import pyarrow.compute as pc

    epoch = (day - date(1970, 1, 1)).days
    if known.EXPIRE_ON in names:
        expires = rows.table[known.EXPIRE_ON].cast(pa.date32()).cast(pa.int32())
        rows.add_column(known.POINTS_DAYS, pc.subtract(expires, pa.scalar(epoch, pa.int32())))
    if known.BIRTHDAY in names:
        rows.add_column(known.BIRTHDAY_DAYS, days_to_birthday(rows.table[known.BIRTHDAY], day))


def _add_stages(
    rows: Rows, history: History, day: date, flows: Sequence[Flow], touches: Touches
) -> dict[int, Mask]:
    """Add the stages; return by number of days who has had the same stage for as long."""
    ids = rows.table[CUSTOMER]
    now = stages_at(history, day, ids, touches)
    rows.add_column(known.AIPL_STAGE, stage_names(now))
    found = {}
    for days in {flow.held_days for flow in flows if flow.held_days}:
        dates = dates_held(history.dates, day, days)
        assert dates is not None, "the flow is inactive"
        found[days] = held(history, dates, ids, now, touches)
    return found
