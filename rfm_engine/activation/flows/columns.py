"""The columns that conditions of flows can name: their kinds, their values, and their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rfm_engine.insight.label_files import MIXED, UNKNOWN, Label, load_label
from rfm_engine.insight.labels import shipped_labels
from rfm_engine.scoring.timing import words
from rfm_engine.segments.fact_columns import WEAK_AXES

NUMBER, TEXT, BOOL, DATE = "number", "text", "true or false", "date"
SNAPSHOT, LABELS, ATTRIBUTES = "snapshot", "labels_from", "attributes"
TIERS, TOUCHES, CONTACTS = "tiers", "touches", "contacts"
PREVIOUS, CONSENT = "prev_", "consent_"
AIPL_STAGE, TOUCH_I_DAYS = "aipl_stage", "touch_i_days"
NEXT_PCT, POINTS_DAYS, BIRTHDAY_DAYS = "spend_to_next_pct", "points_days", "birthday_days"
BIRTHDAY, EXPIRE_ON = "birthday", "points_expire_on"
COMPUTED_FROM = {POINTS_DAYS: EXPIRE_ON, BIRTHDAY_DAYS: BIRTHDAY}
"""Columns of days that are computed from a column of dates."""
AIPL_STAGES = ("none", "A", "I", "P", "L")


class Column(NamedTuple):
    """A column of the row of a customer.

    Attributes
    ----------
    kind
        `number`, `text`, `true or false` or `date`; None if it is not known.
    of
        The input that has it, an option of `flows.run`, or `snapshot`.
    values
        The possible texts; empty if all are possible.
    least
        The smallest number; None if there is none.
    is_whole
        Whether its numbers are whole.
    """

    kind: str | None
    of: str
    values: Sequence[str] = ()
    least: int | None = None
    is_whole: bool = False


@cache
def _of_snapshots() -> dict[str, Column]:
    known = words()
    stages = [stage.name for stage in known.stages]
    days = Column(NUMBER, SNAPSHOT, least=0, is_whole=True)
    number, moment = Column(NUMBER, SNAPSHOT), Column(DATE, SNAPSHOT)
    text = Column(TEXT, SNAPSHOT)
    return {
        "first_order": moment, "last_order": moment, "recency_days": days,
        "frequency": days, "monetary": number, "r_score": days, "f_score": days, "m_score": days,
        "rfm_value": number, "rfm_score": text, "segment": text,
        "is_whale": Column(BOOL, SNAPSHOT), "spend_rank": days, "spend_pctl": days, "gap_us": days,
        "own_us": days, "due_date": moment, "timing": Column(TEXT, SNAPSHOT, known.timings),
        "lifecycle_stage": Column(TEXT, SNAPSHOT, stages),
        "weak_axis": Column(TEXT, SNAPSHOT, WEAK_AXES), "previous_segment": text,
        "segment_since": moment, "changes": days,
    }  # fmt: skip


@cache
def _of_labels() -> dict[str, Column]:
    found = {"treatment": Column(TEXT, LABELS)}
    for name in shipped_labels():
        label = load_label(name)
        found[f"{label.column}_label"] = Column(TEXT, LABELS, _levels(label))
        for part in ("value", "part", "whole"):
            found[f"{label.column}_{part}"] = Column(NUMBER, LABELS)
        found[f"segment/{label.column}"] = Column(TEXT, LABELS)
    return found


def _levels(label: Label) -> Sequence[str]:
    """Return the levels of a label; none for favourites, whose levels are those of the rows."""
    return [*label.levels, UNKNOWN, MIXED] if label.levels else ()


_OTHERS = {
    "tier": Column(TEXT, TIERS), "qualified_tier": Column(TEXT, TIERS),
    "valid_until": Column(DATE, TIERS), "in_grace": Column(BOOL, TIERS),
    "rolling": Column(NUMBER, TIERS), "spend_to_next": Column(NUMBER, TIERS, least=0),
    "spend_to_keep": Column(NUMBER, TIERS, least=0),
    NEXT_PCT: Column(NUMBER, TIERS, least=0, is_whole=True),
    AIPL_STAGE: Column(TEXT, TOUCHES, AIPL_STAGES),
    TOUCH_I_DAYS: Column(NUMBER, SNAPSHOT, least=0, is_whole=True),
    "points": Column(NUMBER, ATTRIBUTES), EXPIRE_ON: Column(DATE, ATTRIBUTES),
    POINTS_DAYS: Column(NUMBER, ATTRIBUTES, is_whole=True), BIRTHDAY: Column(DATE, ATTRIBUTES),
    BIRTHDAY_DAYS: Column(NUMBER, ATTRIBUTES, least=0, is_whole=True),
    "bought_bridge": Column(BOOL, ATTRIBUTES),
}  # fmt: skip


@cache
def known_columns() -> dict[str, Column]:
    """Return the columns by name, except for `prev_` and `consent_` columns."""
    return _of_snapshots() | _of_labels() | _OTHERS


def column_of(name: str, own: Sequence[str] = ()) -> Column | None:
    """Return what is known about a column; None if there is no such column.

    `own` are the columns that the flow declares.
    """
    if name in own:
        return Column(None, ATTRIBUTES)
    if name.startswith(CONSENT) and name != CONSENT:
        return Column(BOOL, CONTACTS)
    if name.startswith(PREVIOUS):
        return _of_snapshots().get(name.removeprefix(PREVIOUS))
    return known_columns().get(name)


def names_of_columns() -> list[str]:
    """Return the names of all known columns, for suggestions."""
    previous = [PREVIOUS + name for name in _of_snapshots()]
    return [*known_columns(), *previous, CONSENT + "email"]
