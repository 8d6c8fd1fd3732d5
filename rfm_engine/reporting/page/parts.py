"""Parts that several sections of the page share: cards, figures, tabs, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.painting import count_text
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import Fill
from rfm_engine.reporting.language import NOTHING, Language
from rfm_engine.reporting.page.elements import Child, element, of_class


@dataclass(frozen=True)
class View:
    """What the sections of a page show.

    Attributes
    ----------
    document
        The report document.
    language
        Texts and formats.
    charts
        The charts by name.
    fills
        The colour of each segment.
    """

    document: Mapping[str, Any]
    language: Language
    charts: Mapping[str, Chart]
    fills: Mapping[str, Fill]

    def text(self, key: str, n: int | None = None, /, **values: object) -> str:
        """Return a text of the language."""
        return self.language.text(key, n, **values)

    def count(self, value: int | None) -> Child:
        """Return a count as it is and for people, or as hidden."""
        if value is None:
            return count_text(None, self.language)
        return datum(str(value), self.language.number(value))

    def money(self, value: str | None) -> Child:
        """Return an amount as it is and for people; a dash if it is not known."""
        return NOTHING if value is None else datum(value, self.language.spent(value))

    def share(self, part: int | str | None, whole: int | str | Decimal) -> str:
        """Return a share in percent; a dash if it is not known."""
        return NOTHING if part is None else self.language.share(Decimal(part), Decimal(whole))


class Column(NamedTuple):
    """A column of a table: its header, and whether it has numbers."""

    header: str
    is_number: bool = True


def datum(value: str, text: str) -> ET.Element:
    """Return a number for people that has its exact value beside it."""
    return element("data", {"value": value}, text)


def card(
    view: View, key: str, *children: Child, wide: bool = True, subtitle: str = ""
) -> ET.Element:
    """Return a section of the page with its heading."""
    heading = element("h2", {"id": f"{key}-heading"}, view.text(f"section.{key}"))
    found = of_class("p", "subtitle", subtitle) if subtitle else None
    attributes = {
        "id": key, "class": "card" if wide else "card half", "aria-labelledby": f"{key}-heading"
    }  # fmt: skip
    return element("section", attributes, heading, found, *children)


def figure(view: View, name: str, *, titled: bool = False, kind: str = "") -> ET.Element | None:
    """Return a chart, with its title above it if wanted; None if there is none."""
    return drawn(view.charts.get(name), titled=titled, kind=kind)


def drawn(chart: Chart | None, *, titled: bool = False, kind: str = "") -> ET.Element | None:
    """Return a chart, with its title above it if wanted; None if there is none."""
    if chart is None:
        return None
    caption = element("figcaption", None, chart.title) if titled else None
    return element("figure", {"class": f"chart {kind}".strip()}, caption, chart.element)


def tabs(view: View, name: str, panels: Sequence[tuple[str, Child]]) -> Child:
    """Return panels of which one is shown, chosen by radio buttons; in print all are shown."""
    known = [(label, panel) for label, panel in panels if panel is not None]
    if len(known) < 2:
        return known[0][1] if known else None
    found = element("fieldset", {"class": "tabs"})
    found.append(of_class("legend", "unseen", view.text(f"section.{name}")))
    for place, (label, _) in enumerate(known):
        own = {"type": "radio", "name": name, "id": f"{name}-{place}"}
        found.append(element("input", own | ({"checked": ""} if place == 0 else {})))
        found.append(element("label", {"for": f"{name}-{place}"}, label))
    for label, panel in known:
        found.append(of_class("div", "panel", of_class("p", "panel-name", label), panel))
    return found


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Child]]) -> ET.Element:
    """Return a table whose first column names the rows; it can be scrolled on a narrow page."""
    head = element("tr", None, element("th", {"scope": "col"}, columns[0].header))
    for column in columns[1:]:
        head.append(element("th", {"scope": "col", **_kind(column)}, column.header))
    body = element("tbody")
    for row in rows:
        first, *others = row
        cells = [element("th", {"scope": "row"}, first)]
        for column, each in zip(columns[1:], others, strict=True):
            cells.append(element("td", _kind(column), each))
        body.append(element("tr", None, *cells))
    # The caption that people see is outside, so that it is not as wide as a wide table.
    seen = element("p", {"class": "caption", "aria-hidden": "true"}, caption)
    named = of_class("caption", "unseen", caption)
    found = element("table", None, named, element("thead", None, head), body)
    region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption}
    return element("div", None, seen, element("div", region, found))


def _kind(column: Column) -> dict[str, str]:
    return {"class": "number"} if column.is_number else {}


def details(view: View, content: Child, key: str = "as_table") -> ET.Element:
    """Return content that is folded away until it is opened."""
    return element("details", None, element("summary", None, view.text(key)), content)


def swatch(fill: Fill | None) -> ET.Element | None:
    """Return a small square in the colour of a segment."""
    if fill is None:
        return None
    square = element("rect", {"width": "12", "height": "12", "rx": "2", "fill": fill.light})
    own = {"class": "swatch", "viewBox": "0 0 12 12", "aria-hidden": "true"}
    return element("svg", own, square)


def named(view: View, segment: str) -> ET.Element:
    """Return the name of a segment after its colour."""
    return of_class(
        "span", "segment", swatch(view.fills.get(segment)), element("span", None, segment)
    )


def bar(share: float, most: float, fill: Fill) -> ET.Element:
    """Return a bar for a cell of a table; `most` is the longest one of the table."""
    length = f"{max(min(share / most, 1), 0) * 100:.1f}" if most > 0 else "0"
    track = element("rect", {"width": "100", "height": "10", "class": "track"})
    own = element("rect", {"width": length, "height": "10", "fill": fill.light})
    attributes = {
        "class": "bar", "viewBox": "0 0 100 10", "preserveAspectRatio": "none",
        "aria-hidden": "true",
    }  # fmt: skip
    return element("svg", attributes, track, own)
