"""Small histories and random flows, with the rows of their customers in plain Python."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

import rfm_engine as rfm

DAYS = ["1997-06-14", "1997-06-30", "1997-07-31", "1997-08-31"]
KEY = "a-key-for-the-tests"
CHANNELS = ("email", "call")
_COLUMNS = ("segment", "recency_days", "frequency", "is_whale", "own_us", "timing")


def small_history(cdnow: pa.Table, place: Path, *, by: str | None) -> rfm.History:
    """Score 200 customers of CDNOW at some dates; with groups their ids are integers."""
    ids = [int(each) for each in cdnow["customer_id"].to_pylist()]
    few = cdnow.filter(pa.array([each <= 200 for each in ids]))
    if by is not None:
        kept = [each for each in ids if each <= 200]
        few = few.set_column(0, "customer_id", pa.array(kept, pa.int64()))
        shops = [None if n % 7 == 0 else f"shop {n % 2}" for n in few["quantity"].to_pylist()]
        few = few.append_column(by, pa.array(shops, pa.string()))
    history = rfm.History.create(place, **({} if by is None else {"by": by}))
    history.build(few, as_of=DAYS)
    (place / "split.key").write_text(KEY)
    return history


def rows_at(history: rfm.History, number: int) -> dict[tuple, dict[str, Any]]:
    """Return the row of each customer and group at a date, with those of the date before."""
    by = history.options.get("by")
    found: dict[tuple, dict[str, Any]] = {}
    for prefix, day in (("prev_", DAYS[number - 1] if number else None), ("", DAYS[number])):
        if day is None:
            continue
        for row in history.snapshot(day).customers.to_pylist():
            who = (row["customer_id"], row[by] if by else None)
            own = found.setdefault(who, dict.fromkeys(_COLUMNS))
            own |= {prefix + name: row[name] for name in _COLUMNS}
    return found


def events_at(history: rfm.History, number: int) -> dict[str, list[dict[str, Any]]]:
    """Return the events of a date by type."""
    if not number:
        return {}
    by = history.options.get("by")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in history.events(DAYS[number - 1], DAYS[number]).to_pylist():
        keys = {"nth_order": str(int(row["value"] or 0)), "entered_segment": row["to"]}
        who = (row["customer_id"], row[by] if by else None)
        event = {"who": who, "event_id": row["event_id"], "key": keys.get(row["type"])}
        found.setdefault(row["type"], []).append(event)
    return found


CONDITIONS = [
    ("recency_days", "between", 31, 120), ("recency_days", "<=", 60), ("frequency", "==", 1),
    ("frequency", ">=", 2), ("is_whale", "is", True), ("is_whale", "is", False),
    ("segment", "in", "Champions", "Hibernating"), ("segment", "!=", "Champions"),
    ("timing", "==", "overdue"), ("prev_segment", "==", "Champions"), ("prev_frequency", ">", 1),
]  # fmt: skip
_EVENTS = ["overdue", "due", "second_order", "nth_order", "entered_segment", "became_whale"]


def text_of(condition: tuple) -> str:
    """Write a condition as in a file."""
    column, form, *values = condition
    written = [f'"{each}"' if isinstance(each, str) else str(each) for each in values]
    if form == "is":
        return column if values[0] else f"not {column}"
    if form == "between":
        return f"{column} between {written[0]} and {written[1]}"
    return (
        f"{column} in [{', '.join(written)}]" if form == "in" else f"{column} {form} {written[0]}"
    )


@st.composite
def flows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw flows that the linter accepts."""
    names = [f"flow-{number}" for number in range(draw(st.integers(1, 5)))]
    found = []
    for name in names:
        trigger = draw(st.sampled_from(["state", *(f"event:{kind}" for kind in _EVENTS)]))
        columns = st.lists(st.sampled_from(CONDITIONS), max_size=2, unique_by=lambda each: each[0])
        cooldowns = ["30d", "45d", "once", "own-cycle"]
        if trigger != "state":
            cooldowns.append("0d")
        if trigger in ("event:nth_order", "event:entered_segment"):
            cooldowns.append("once-per-key")
        where = draw(columns)
        # The linter refuses a flow that excludes all its customers.
        unless = [each for each in draw(columns) if each not in where]
        found.append({
            "name": name, "trigger": trigger, "where": where, "unless": unless,
            "unless_open": draw(st.lists(st.sampled_from(names), max_size=1)),
            "unless_event": draw(st.lists(st.sampled_from(_EVENTS), max_size=1)),
            "cooldown": draw(st.sampled_from(cooldowns)),
            "max_times": draw(st.integers(0, 2)), "priority": draw(st.sampled_from([5, 20, 30])),
            "holdout_bp": draw(st.sampled_from([0, 1000, 5000])),
            "channel": draw(st.sampled_from(CHANNELS)), "window_days": draw(st.integers(1, 30)),
        })  # fmt: skip
    return found


def toml_of(several: list[dict[str, Any]]) -> str:
    """Write flows as a TOML file."""
    lines = []
    for flow in several:
        lines += ["[[flow]]", 'title = "a flow"', 'treatment = { kind = "content" }']
        for key, value in flow.items():
            if key in ("where", "unless"):
                texts = ", ".join(f"'''{text_of(each)}'''" for each in value)
                lines.append(f"{key} = [{texts}]")
            elif isinstance(value, list):
                lines.append(f"{key} = {value!r}".replace("'", '"'))
            else:
                lines.append(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}")
    return "\n".join(lines) + "\n"


def as_dates(days: list[str]) -> list[date]:
    return [date.fromisoformat(day) for day in days]
