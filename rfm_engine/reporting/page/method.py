"""The last section: how the numbers were computed, and what the report leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import NOTHING
from rfm_engine.reporting.page.elements import Child, element, of_class
from rfm_engine.reporting.page.parts import View, card

Pair = tuple[str, str]


def method(view: View) -> ET.Element:
    """Return a list of terms and values, the warnings, and the sections that are missing."""
    pairs = [*_rows(view), *_scoring(view), *_options(view)]
    listed = element("dl", {"class": "method"}, *(
        element("div", None, element("dt", None, term), element("dd", None, value))
        for term, value in pairs
    ))  # fmt: skip
    return card(view, "method", listed, *_notes(view))


def _rows(view: View) -> Iterator[Pair]:
    document, language = view.document, view.language
    as_of = document["as_of"]
    yield view.text("method.as_of"), NOTHING if as_of is None else as_of
    yield from _accounting(view)
    if document["method"]["forgotten_rows"]:
        key = "method.forgotten" if document["group"] is None else "method.forgotten_of_groups"
        yield view.text(key), language.number(document["method"]["forgotten_rows"])


def _accounting(view: View) -> Iterator[Pair]:
    """Yield how many rows were read and counted, which is not known of one group."""
    head, language = view.document["head"], view.language
    if head["rows"] is None:
        yield view.text("method.rows"), view.text("method.only_together")
        return
    yield view.text("method.read"), language.number(head["rows"]["read"])
    yield view.text("method.counted"), language.number(head["rows"]["counted"])
    for reason, n in head["rows"]["dropped"].items():
        if n:
            yield (
                view.text("method.dropped", reason=view.text(f"reason.{reason}")),
                language.number(n),
            )
    yield view.text("method.rounded"), language.number(head["amounts_rounded"])
    yield view.text("method.without_orders"), language.number(head["customers_without_orders"])


def _scoring(view: View) -> Iterator[Pair]:
    found, language = view.document["method"], view.language
    scheme = view.document["scheme"]
    yield view.text("method.scheme"), f"{scheme['title']} ({scheme['name']})"
    cuts = found["cuts"]
    if cuts is None:
        yield view.text("method.cuts"), _no_cuts(view)
    else:
        for axis, key in (("recency", "r"), ("frequency", "f"), ("monetary", "m")):
            written = [
                language.money(cut) if key == "m" else language.number(cut) for cut in cuts[key]
            ]
            text = " · ".join(written) or NOTHING
            yield view.text("method.cuts_of", axis=view.text(f"axis_name.{axis}")), text
    for condition in found["conditions"]:
        value = condition["value"]
        text = NOTHING if value is None else value
        yield view.text("method.condition", condition=condition["text"]), text


def _no_cuts(view: View) -> str:
    """Return why there are no cut points of all customers."""
    found = view.document["method"]
    if "nested" in found["options"].get("method", ()):
        return view.text("method.cut_sets_nested", found["cuts_by_group"])
    if view.document["group"] is not None:
        return view.text("method.cuts_forgotten")
    return view.text("method.cut_sets", found["cuts_by_group"])


def _options(view: View) -> Iterator[Pair]:
    for name, value in view.document["method"]["options"].items():
        yield f"--{name.replace('_', '-')}", _option(view, value)
    yield "rfm-engine", view.document["version"]
    yield view.text("method.digest"), view.document["digest"]
    place = view.document["method"]["path"]
    if place is not None:
        yield view.text("method.path"), place


def _option(view: View, value: Any) -> str:
    if value is True:
        return view.text("method.given")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _notes(view: View) -> Iterator[Child]:
    warnings = view.document["warnings"]
    if warnings:
        items = (element("li", None, each["text"]) for each in warnings)
        heading = element("h3", None, view.text("method.warnings"))
        yield element("div", {"class": "warnings"}, heading, element("ul", None, *items))
    if view.document["min_cell"]:
        yield of_class("p", "note", view.text("method.min_cell", view.document["min_cell"]))
    if view.document["ignored_files"]:
        text = view.text("method.ignored", view.document["ignored_files"])
        yield of_class("p", "note", text)
    lacking = view.document["lacking"]
    if lacking:
        names = view.text("separator").join(
            view.text(f"lacking.{each['reason']}", section=view.text(f"section.{each['section']}"))
            for each in lacking
        )
        yield of_class("p", "note", view.text("method.lacking", sections=names))
