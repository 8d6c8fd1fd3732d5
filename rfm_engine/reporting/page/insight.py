"""Sections from tables of insight and campaigns, and the list of groups."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.head import group_name
from rfm_engine.reporting.page.parts import Column, View, card, figure, table


def affinity(view: View) -> ET.Element | None:
    """Return which values of attributes are more common among the best customers."""
    tables = view.document["affinity"]
    if not tables:
        return None
    parts = [_affinity(view, number, each) for number, each in enumerate(tables, start=1)]
    return card(view, "affinity", *parts, subtitle=view.text("subtitle.affinity"))


def _affinity(view: View, number: int, found: dict[str, Any]) -> ET.Element:
    columns = [
        Column(found["attribute"], is_number=False), Column(view.text("column.customers")),
        Column(view.text("column.in_group")), Column(view.text("column.lift")),
        Column(view.text("column.interval")), Column(view.text("column.clear"), is_number=False),
    ]  # fmt: skip
    rows: list[list[Child]] = []
    for each in found["rows"]:
        interval = NOTHING
        if each["low"] is not None:
            low, high = (
                view.language.number(Decimal(str(each[key])), 2) for key in ("low", "high")
            )
            interval = view.text("interval", low=low, high=high)
        lift = (
            NOTHING if each["lift"] is None else view.language.number(Decimal(str(each["lift"])), 2)
        )
        rows.append([
            NOTHING if each["value"] is None else str(each["value"]), view.count(each["customers"]),
            view.count(each["in_group"]), lift, interval,
            NOTHING if each["clear"] is None else view.text("yes" if each["clear"] else "no"),
        ])  # fmt: skip
    group = view.text("group.is_whale") if found["group"] == "is_whale" else found["group"]
    caption = view.text("caption.affinity", group=group, attribute=found["attribute"])
    own = table(caption, columns, rows)
    left_out = None
    if found["left_out"]:
        left_out = of_class("p", "note", view.text("left_out.rows", found["left_out"]))
    name = "affinity" if number == 1 else f"affinity-{number}"
    chart = figure(view, name, titled=True)
    return element("div", None, of_class("div", "pair", chart, own), left_out)


def tables(view: View) -> ET.Element | None:
    """Return other tables of insight and movement as they are."""
    found = view.document["tables"]
    if not found:
        return None
    return card(view, "tables", *(_plain(view, each) for each in found))


def _plain(view: View, found: dict[str, Any]) -> ET.Element:
    heading = element("h3", None, found["table"])
    if found.get("hidden"):
        note = of_class("p", "note", view.text("table_hidden"))
        return element("div", None, heading, note)
    kinds = [each["kind"] for each in found["columns"]]
    columns = [
        Column(each["name"], each["kind"] not in ("text", "date", "flag"))
        for each in found["columns"]
    ]
    rows: list[list[Child]] = [
        [_value(view, value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in found["rows"]
    ]
    own = table(found["title"], columns, rows)
    left_out = None
    if found["left_out"]:
        left_out = of_class("p", "note", view.text("left_out.rows", found["left_out"]))
    return element("div", None, heading, own, left_out)


def _value(view: View, value: Any, kind: str) -> Child:
    if value is None:
        return NOTHING
    if kind == "flag":
        return view.text("yes" if value else "no")
    if kind == "count":
        return view.count(value)
    if kind == "money":
        return view.money(value)
    if kind == "share":
        return view.language.share(Decimal(repr(value)), 1)
    if kind == "number" and not isinstance(value, str):
        digits = None if isinstance(value, int) else 4
        return view.language.number(Decimal(repr(value)), digits)
    return str(value)


def groups(view: View) -> ET.Element | None:
    """Return the biggest groups and the sums of the others."""
    found = view.document["groups"]
    if found is None:
        return None
    head = view.document["head"]
    columns = [
        Column(found["by"], is_number=False), Column(view.text("column.customers")),
        Column(view.text(f"column.{view.document['counted']}")), Column(view.text("column.spent")),
        Column(view.text("column.share_of_spend")),
    ]  # fmt: skip
    spent = Decimal(sum(Decimal(each["monetary"] or 0) for each in found["list"]))
    rest = found["rest"]
    if rest is not None:
        spent += Decimal(rest["monetary"] or 0)
    rows = [_group(view, group_name(view.language, {**each, "by": found["by"]}), each, spent)
            for each in found["list"]]  # fmt: skip
    if rest is not None:
        rows.append(_group(view, view.text("groups.rest", rest["n"]), rest, spent))
    own = table(view.text("caption.groups"), columns, rows)
    key = "subtitle.groups" if found["overall"] else "subtitle.groups_apart"
    subtitle = view.text(key, found["n"], customers=view.language.number(head["customers"]))
    return card(view, "groups", own, subtitle=subtitle)


def _group(view: View, name: str, each: dict[str, Any], spent: Decimal) -> list[Child]:
    return [
        name, view.count(each["customers"]), view.count(each["orders"]),
        view.money(each["monetary"]), view.share(each["monetary"], spent),
    ]  # fmt: skip
