"""Sections about changes: movement, retention, cohorts, history."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.history import NARROW, history_chart
from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.findings import falls_of, third_of
from rfm_engine.reporting.page.parts import (
    Column,
    View,
    card,
    details,
    drawn,
    figure,
    named,
    table,
    tabs,
)

_MOST_MOVES = 10
# Cohorts of more periods do not fit into half of the page.
_FEW_PERIODS = 12
Row = Mapping[str, Any]


def movement(view: View) -> ET.Element | None:
    """Return who moved between two dates, and why."""
    found = view.document["movement"]
    if found is None:
        return None
    language = view.language
    dates = {"start": language.date(found["from"]), "end": language.date(found["to"])}
    moved = {None: "unknown", True: "moved", False: "same"}[found["cuts_moved"]]
    subtitle = f"{view.text('subtitle.movement', **dates)} {view.text(f'cuts_moved.{moved}')}"
    panels = [
        (view.text("tab.matrix"), _noted(_scrolled(view, "movement"), _how_to_read(view, found))),
        (view.text("tab.flows"), _noted(_scrolled(view, "flows"), view.text("flows.note"))),
    ]
    return card(
        view, "movement", tabs(view, "movement", panels),
        of_class("div", "pair", _moves(view, found), _falls(view)), _effects(view, found),
        subtitle=subtitle,
    )  # fmt: skip


def _noted(chart: ET.Element | None, note: str | None) -> ET.Element | None:
    """Return a chart with a note below it."""
    if chart is None or note is None:
        return chart
    return element("div", None, chart, of_class("p", "note", note))


def _scrolled(view: View, name: str, kind: str = "wide") -> ET.Element | None:
    """Return a wide chart, which is scrolled on a narrow page as a table is."""
    chart = figure(view, name, kind=kind)
    if chart is None:
        return None
    label = view.charts[name].title
    region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": label}
    return element("div", region, chart)


def _how_to_read(view: View, found: Row) -> str | None:
    """Return how to read a row, on the example of the largest cell of those who stayed or moved."""
    known = [
        each for each in found["matrix"]
        if each["customers"] and each["from"] is not None and each["to"] is not None
    ]  # fmt: skip
    if not known:
        return None
    most = max(known, key=lambda each: each["customers"])
    then = [each["customers"] for each in found["matrix"] if each["from"] == most["from"]]
    if None in then:
        return None
    language = view.language
    return view.text(
        "how_to_read", n=language.number(most["customers"]), then=language.number(sum(then)),
        share=language.share(most["customers"], sum(then)), start=most["from"], end=most["to"],
        date=language.date(found["from"]),
    )  # fmt: skip


def _moves(view: View, found: Row) -> ET.Element | None:
    moves = [
        each for each in found["matrix"]
        if each["customers"] and each["from"] != each["to"] and each["from"] is not None
    ]  # fmt: skip
    moves.sort(key=lambda each: -each["customers"])
    if not moves:
        return None
    columns = [
        Column(view.text("column.from"), is_number=False),
        Column(view.text("column.to"), is_number=False), Column(view.text("column.customers")),
        Column(view.text("column.spent_before")),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            named(view, each["from"]), _end(view, each["to"]), view.count(each["customers"]),
            view.money(each["monetary_from"]),
        ]
        for each in moves[:_MOST_MOVES]
    ]  # fmt: skip
    return table(view.text("caption.moves"), columns, rows)


def _falls(view: View) -> ET.Element | None:
    """Return the falls from the best to the worst segments, those with most spend first."""
    falls = falls_of(view)
    if not falls:
        return None
    third = third_of(view)
    columns = [
        Column(view.text("column.from"), is_number=False),
        Column(view.text("column.to"), is_number=False), Column(view.text("column.customers")),
        Column(view.text("column.at_stake")),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            named(view, fall.start), named(view, fall.end), view.count(fall.customers),
            view.money(f"{fall.spend:f}"),
        ]
        for fall in falls[:_MOST_MOVES]
    ]  # fmt: skip
    caption = view.text(
        "caption.falls", third=view.language.number(third),
        segments=view.language.number(len(view.document["segments"])),
    )  # fmt: skip
    return table(caption, columns, rows)


def _end(view: View, name: str | None) -> Child:
    return view.text("movement.left") if name is None else named(view, name)


def _effects(view: View, found: Row) -> ET.Element | None:
    """Return why the sizes changed: time, behaviour or cut points."""
    effects = found["effects"]
    if not effects:
        return None
    kinds = [
        key for key in ("aged", "behaviour", "moved", "threshold")
        if any(each.get(key) is not None for each in effects)
    ]  # fmt: skip
    columns = [
        Column(view.text("column.segment"), is_number=False), Column(view.text("column.then")),
        *(Column(view.text(f"column.{key}")) for key in kinds), Column(view.text("column.now")),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            named(view, each["segment"]), view.count(each["n0"]),
            *(_signed(view, each[key]) for key in kinds), view.count(each["n1"]),
        ]
        for each in effects if each["segment"] is not None
    ]  # fmt: skip
    own = table(view.text("caption.effects"), columns, rows)
    note = of_class("p", "note", view.text("effects.note"))
    return details(view, element("div", None, note, own), "why_sizes_changed")


def _signed(view: View, value: int | None) -> Child:
    return NOTHING if value is None else view.language.signed(value)


def retention(view: View) -> ET.Element | None:
    """Return the share of each segment that ordered again."""
    found = view.document["retention"]
    if found is None or "retention" not in view.charts:
        return None
    language = view.language
    columns = [
        Column(view.text("column.segment"), is_number=False), Column(view.text("column.then")),
        Column(view.text("column.came_back")), Column(view.text("column.share")),
        Column(view.text("column.interval")), Column(view.text("column.spent_since")),
    ]  # fmt: skip
    rows: list[list[Child]] = []
    for each in found["segments"]:
        share = view.share(each["retained"], each["size"]) if each["size"] else NOTHING
        interval = NOTHING
        if each["low"] is not None:
            low, high = (language.share(Decimal(str(each[key])), 1) for key in ("low", "high"))
            interval = view.text("interval", low=low, high=high)
        rows.append([
            named(view, each["segment"]), view.count(each["size"]), view.count(each["retained"]),
            share, interval, view.money(each["spend"]),
        ])  # fmt: skip
    subtitle = view.text(
        "subtitle.retention", days=view.text("days", found["days"]),
        date=language.date(found["from"]),
    )  # fmt: skip
    own = table(view.text("caption.retention"), columns, rows)
    return card(
        view, "retention", figure(view, "retention"), details(view, own), wide=False,
        subtitle=subtitle,
    )  # fmt: skip


def cohorts(view: View) -> ET.Element | None:
    """Return how many customers of each first month ordered in later months."""
    found = view.document["cohorts"]
    if found is None or "cohorts" not in view.charts:
        return None
    columns = [
        Column(view.text("column.cohort"), is_number=False),
        Column(view.text(f"chart.cohorts.after.{found['period']}")),
        Column(view.text("column.customers")), Column(view.text("column.active")),
        Column(view.text("column.share")), Column(view.text("column.spent")),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            each["cohort"][:7], view.language.number(each["k"]), view.count(each["customers"]),
            view.count(each["active"]),
            view.share(each["active"], each["customers"]) if each["customers"] else NOTHING,
            view.money(each["monetary"]),
        ]
        for each in found["cells"]
    ]  # fmt: skip
    own = table(view.text("caption.cohorts"), columns, rows)
    is_wide = max(each["k"] for each in found["cells"]) > _FEW_PERIODS
    chart = _scrolled(view, "cohorts", "long" if is_wide else "")
    return card(
        view, "cohorts", chart, details(view, own), wide=is_wide,
        subtitle=view.text(f"subtitle.cohorts.{found['period']}"),
    )  # fmt: skip


def history(view: View) -> ET.Element | None:
    """Return the share of each segment at each date."""
    found = view.document["history"]
    if found is None or "history" not in view.charts:
        return None
    language = view.language
    dates = [language.date(day) for day in found["dates"]]
    columns = [
        Column(view.text("column.date"), is_number=False), Column(view.text("column.customers")),
        *(Column(each["name"]) for each in found["segments"]),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            dates[place], view.count(found["customers"][place]),
            *(view.count(each["customers"][place]) for each in found["segments"]),
        ]
        for place in reversed(range(len(dates)))
    ]  # fmt: skip
    own = table(view.text("caption.history"), columns, rows)
    narrow = history_chart(view.document, language, NARROW)
    return card(
        view, "history", figure(view, "history", kind="broad"),
        drawn(narrow, kind="narrow"), details(view, own),
        subtitle=view.text("subtitle.history", first=dates[0], last=dates[-1]),
    )  # fmt: skip
