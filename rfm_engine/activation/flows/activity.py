"""Which flows are active at a date, and what the others lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from rfm_engine.activation.flows import columns as known
from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.flows.inputs import Inputs, needed_of
from rfm_engine.activation.flows.stages import dates_held, knows_orders
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.fact_columns import FACT_COLUMNS

_FLAGS = {known.TIERS: "--tiers", known.TOUCHES: "--touches", known.CONTACTS: "--contacts"}
_BIRTHDAY_SOON = "birthday_soon"
_EVENTS = {
    "window": "because the history has a window",
    "asleep": "because its scheme does not say which segments are asleep",
    "touches": "without --touches",
    "rows": "because a snapshot does not say how many orders are recent",
    "tiers": "without tiers of this date and one before",
    "old_tiers": "because the tiers are older than the snapshot",
}


def lack_of(
    flow: Flow, inputs: Inputs, left_out: Mapping[str, str], dates: Sequence[date], day: date
) -> str | None:
    """Return why a flow is inactive; None if it is active.

    Parameters
    ----------
    left_out
        Types of events that the history cannot have, and for each what it lacks.
    dates
        The dates of the history.
    """
    scheme = inputs.snapshot.scheme.name
    if flow.scheme is not None and load_scheme(flow.scheme).name != scheme:
        return f"it is for the scheme {flow.scheme}, and the history has {scheme}"
    for kind in flow.events:
        if kind == _BIRTHDAY_SOON:
            if inputs.names_of(known.BIRTHDAY) is None:
                return _no_column(known.BIRTHDAY)
        elif kind in left_out:
            return f"there are no events of type {kind} {_EVENTS[left_out[kind]]}"
    for name in sorted(needed_of({each.column for each in flow.conditions})):
        lack = _lack_of_column(name, flow, inputs)
        if lack is not None:
            return lack
    if flow.held_days and dates_held(dates, day, flow.held_days) is None:
        return f"no date of the history is {flow.held_days} days old"
    return None


def _lack_of_column(name: str, flow: Flow, inputs: Inputs) -> str | None:
    column = known.column_of(name, flow.columns)
    assert column is not None, "the linter refuses it"
    if column.of in (known.LABELS, known.ATTRIBUTES):
        if inputs.names_of(name) is None:
            return _no_column(name)
        return None
    if column.of == known.SNAPSHOT:
        plain = name.removeprefix(known.PREVIOUS)
        is_there = plain in (*inputs.snapshot.schema.names, *FACT_COLUMNS, known.TOUCH_I_DAYS)
        return None if is_there else f"there is no column {name!r} in the history"
    given = {
        known.TIERS: inputs.tiers, known.TOUCHES: inputs.touches,
        known.CONTACTS: inputs.has_contacts or None,
    }  # fmt: skip
    if given[column.of] is None:
        return f"there is no column {name!r} without {_FLAGS[column.of]}"
    assert inputs.touches is not None or column.of != known.TOUCHES
    if inputs.touches is not None and column.of == known.TOUCHES:
        days = inputs.touches.order_days
        if not knows_orders(inputs.snapshot, days):
            return f"{name!r} needs a history without a window, or with {days}d"
    return None


def _no_column(name: str) -> str:
    return f"there is no column {name!r} in the history, --labels-from or --attributes"
