"""The section about campaigns: what they brought beyond the customers who were held out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.roi import measure_of, name_of
from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import Column, View, card, details, figure, table

Line = Mapping[str, Any]


def campaigns(view: View) -> ET.Element | None:
    """Return a table of all campaigns, and one of the segments of each."""
    found = view.document["campaigns"]
    if not found:
        return None
    whole = _table(
        view, view.text("caption.campaigns"), view.text("column.campaign"),
        [(_campaign(view, each), each["all"]) for each in found],
    )  # fmt: skip
    parts = [_segments(view, each) for each in found if len(each["segments"]) > 1]
    folded = details(view, element("div", None, *parts), "campaigns_by_segment") if parts else None
    caveats = [of_class("p", "note", each["caveat"]) for each in found if each["caveat"]]
    return card(
        view, "campaigns", figure(view, "roi", titled=True), whole, *caveats, folded,
        subtitle=view.text("subtitle.campaigns"),
    )  # fmt: skip


def _campaign(view: View, each: Line) -> ET.Element:
    dates = ", ".join(view.language.date(each[key]) for key in ("from", "to") if each[key])
    return element("span", None, name_of(dict(each)), of_class("span", "dates", f" {dates}"))


def _segments(view: View, each: Line) -> ET.Element:
    rows: list[tuple[Child, Line]] = [(line["segment"], line) for line in each["segments"]]
    caption = view.text("caption.campaign_segments", campaign=name_of(dict(each)))
    return _table(view, caption, view.text("column.segment"), rows)


def _table(view: View, caption: str, first: str, lines: list[tuple[Child, Line]]) -> ET.Element:
    key = measure_of(view.document)
    columns = [
        Column(first, is_number=False), Column(view.text("column.targeted")),
        Column(view.text("column.bought")), Column(view.text("column.held_out")),
        Column(view.text("column.bought_held_out")), Column(view.text("column.uplift")),
        Column(view.text(f"column.{key}")), Column(view.text("column.cost")),
        Column(view.text("column.clear"), is_number=False),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            name, view.count(line["targeted"]), view.share(line["buyers"], line["targeted"] or 0),
            view.count(line["held_out"]),
            view.share(line["buyers_held_out"], line["held_out"] or 0),
            _points(view, line), _interval(view, line, key), view.money(line["cost"]),
            NOTHING if line["clear"] is None else view.text("yes" if line["clear"] else "no"),
        ]
        for name, line in lines
    ]  # fmt: skip
    return table(caption, columns, rows)


def _points(view: View, line: Line) -> str:
    """Return the difference of the conversion rates in percentage points, with its interval."""
    values = [line[f"conversion_uplift{end}"] for end in ("", "_low", "_high")]
    if values[0] is None:
        return NOTHING
    texts = [
        NOTHING if value is None else view.language.number(Decimal(str(value)) * 100, 1)
        for value in values
    ]
    return view.text("uplift", value=texts[0], low=texts[1], high=texts[2])


def _interval(view: View, line: Line, key: str) -> Child:
    if line[key] is None:
        return NOTHING
    low, high = (
        NOTHING if line[f"{key}_{end}"] is None else view.language.spent(line[f"{key}_{end}"])
        for end in ("low", "high")
    )
    text = view.text("estimate", low=low, high=high)
    return element("span", None, view.money(line[key]), of_class("span", "interval", text))
