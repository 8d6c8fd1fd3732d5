"""The section on predicted orders: what a model predicted, and what customers ordered then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.clv_calibration import (
    calibration_chart,
    difference_text,
    mean_text,
    orders_text,
)
from rfm_engine.reporting.charts.clv_tracking import tracking_chart
from rfm_engine.reporting.charts.sizes import PHONE
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import Column, View, card, details, drawn, figure, table

FAMILIES = {"pareto-nbd": "Pareto/NBD", "bg-nbd": "BG/NBD", "mbg-nbd": "MBG/NBD"}
"""The names of the models in the literature, by family."""
Line = Mapping[str, Any]
_CHARTS: dict[str, Callable[..., Chart | None]] = {
    "clv-calibration": calibration_chart, "clv-tracking": tracking_chart
}  # fmt: skip


def clv(view: View) -> ET.Element | None:
    """Return both charts, the groups of customers, and the weeks."""
    found = view.document.get("clv")
    if not found:
        return None
    first, *others = found["calibration"] or [None]
    more = [_groups(view, found, each) for each in others]
    more += [_weeks(view, found)] if found["tracking"] else []
    charts = [_chart(view, name, build) for name, build in _CHARTS.items()]
    return card(
        view, "clv", of_class("div", "pair", *charts),
        of_class("p", "note", view.text("clv.note")),
        None if first is None else _groups(view, found, first),
        details(view, element("div", None, *more), "clv.more") if more else None,
        subtitle=view.text(
            "subtitle.clv", family=FAMILIES.get(found["family"], found["family"]),
            date=view.language.date(found["fit_as_of"]), days=view.text("days", found["days"]),
        ),
    )  # fmt: skip


def _chart(view: View, name: str, build: Callable[..., Chart | None]) -> ET.Element | None:
    """Return a chart for a wide page, and one for a phone, of which the page shows one."""
    broad = figure(view, name, titled=True, kind="broad")
    if broad is None:
        return None
    narrow = build(view.document, view.language, PHONE)
    return element("div", None, broad, drawn(narrow, titled=True, kind="narrow"))


def _groups(view: View, found: Line, grouping: Line) -> ET.Element:
    """Return the groups of a grouping, and their sums."""
    name = grouping["grouping"]
    columns = [
        Column(view.text(f"column.clv.{name}"), is_number=False),
        Column(view.text("column.customers")), Column(view.text("column.predicted_each")),
        Column(view.text("column.actual_each")), Column(view.text("column.interval")),
        Column(view.text("column.predicted")), Column(view.text("column.actual")),
        Column(view.text("column.difference")),
    ]  # fmt: skip
    total = {**found, "low": None, "high": None}
    rows = [_row(view, each["group"], each) for each in grouping["groups"]]
    rows.append(_row(view, view.text("clv.all"), total))
    return table(view.text(f"caption.clv.{name}"), columns, rows)


def _row(view: View, name: str, each: Line) -> list[Child]:
    n, predicted, actual = each["customers"], each["predicted"], each["actual"]
    interval = NOTHING
    if each["low"] is not None:
        low, high = (mean_text(each[key], view.language) for key in ("low", "high"))
        interval = view.text("interval", low=low, high=high)
    is_known = predicted is not None and actual is not None
    return [
        name, view.count(n), _mean(view, predicted, n), _mean(view, actual, n), interval,
        NOTHING if predicted is None else orders_text(predicted, view.language),
        view.count(actual),
        difference_text(predicted, actual, view.language) if is_known else NOTHING,
    ]  # fmt: skip


def _mean(view: View, orders: float | None, n: int | None) -> str:
    return NOTHING if orders is None or not n else mean_text(orders / n, view.language)


def _weeks(view: View, found: Line) -> ET.Element:
    """Return the orders by week, and what the model expected."""
    tracking = found["tracking"]
    columns = [
        Column(view.text("column.week")), Column(view.text("column.last_day"), is_number=False),
        Column(view.text("column.actual")), Column(view.text("column.predicted")),
        Column(view.text("column.actual_so_far")), Column(view.text("column.predicted_so_far")),
        Column(view.text("column.in_fit"), is_number=False),
    ]  # fmt: skip
    rows: list[list[Child]] = [
        [
            view.language.number(each["week"]), view.language.date(each["last_day"]),
            view.count(each["actual"]), orders_text(each["expected"], view.language),
            view.count(each["actual_cumulative"]),
            orders_text(each["expected_cumulative"], view.language),
            view.text("yes" if each["in_fit"] else "no"),
        ]
        for each in tracking["weeks"]
    ]  # fmt: skip
    own = table(view.text("caption.clv.weeks"), columns, rows)
    left_out = None
    if tracking["left_out"]:
        left_out = of_class("p", "note", view.text("left_out.rows", tracking["left_out"]))
    return element("div", None, own, left_out)
