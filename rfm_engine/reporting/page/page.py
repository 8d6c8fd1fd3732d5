"""The page: one HTML file without scripts, which needs nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.charts.painting import fills_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.language import Language
from rfm_engine.reporting.page import campaigns, changes, customers, insight
from rfm_engine.reporting.page.elements import element, html_of, of_class
from rfm_engine.reporting.page.findings import findings
from rfm_engine.reporting.page.head import head, navigation, title_of
from rfm_engine.reporting.page.method import method
from rfm_engine.reporting.page.parts import View, card
from rfm_engine.reporting.page.style import digest_of, style_of

_SECTIONS = (
    customers.segments, customers.scores, customers.concentration, customers.distributions,
    changes.movement, changes.retention, changes.cohorts, changes.history,
    insight.affinity, campaigns.campaigns, insight.tables, insight.groups,
)  # fmt: skip


def page_of(
    document: Mapping[str, Any], language: Language, charts: Mapping[str, Chart], logo: str | None
) -> str:
    """Return the page of a report document.

    Parameters
    ----------
    charts
        The charts of the document by name.
    logo
        A picture as a data URI.
    """
    view = View(document, language, charts, fills_of(document))
    made = [section(view) for section in _SECTIONS]
    sections = [each for each in made if each is not None]
    said = findings(view)
    if said:
        items = element("ul", None, *(element("li", None, sentence) for sentence in said))
        sections.insert(0, card(view, "findings", items))
    sections.append(method(view))
    body = element(
        "body", None, head(view, logo), navigation(view, sections),
        of_class("main", "cards", *sections),
    )  # fmt: skip
    style = style_of(_used(body))
    attributes = {"lang": language.code, "dir": language.direction}
    return html_of(element("html", attributes, _head(view, style, logo), body))


def _head(view: View, style: str, logo: str | None) -> ET.Element:
    policy = (
        f"default-src 'none'; style-src '{digest_of(style)}'; base-uri 'none'; form-action 'none'"
    )
    if logo is not None:
        policy += "; img-src data:"
    sheet = element("style")
    sheet.text = style
    return element(
        "head", None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"name": "generator", "content": f"rfm-engine {view.document['version']}"}),
        element("title", None, title_of(view)),
        sheet,
    )  # fmt: skip


def _used(body: ET.Element) -> set[str]:
    """Return the colours of all marks of charts."""
    return {
        each.attrib[key] for each in body.iter() for key in ("fill", "stroke") if key in each.attrib
    }
