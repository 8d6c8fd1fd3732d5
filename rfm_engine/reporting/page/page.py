"""The page: one HTML file without scripts, which needs nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.reporting.charts.painting import fills_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.language import Language
from rfm_engine.reporting.page import campaigns, changes, clv, customers, insight
from rfm_engine.reporting.page.elements import element, of_class
from rfm_engine.reporting.page.findings import findings
from rfm_engine.reporting.page.head import head, navigation, title_of
from rfm_engine.reporting.page.method import method
from rfm_engine.reporting.page.parts import View, card
from rfm_engine.reporting.page.shell import document_around

_SECTIONS = (
    customers.segments, customers.scores, customers.concentration, customers.distributions,
    changes.movement, changes.retention, changes.cohorts, changes.history,
    clv.clv, insight.affinity, campaigns.campaigns, insight.tables, insight.groups,
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
    is_hidden = document["head"]["customers"] is None
    made = [] if is_hidden else [section(view) for section in _SECTIONS]
    sections = [each for each in made if each is not None]
    said = [] if is_hidden else findings(view)
    if said:
        items = element("ul", None, *(element("li", None, sentence) for sentence in said))
        sections.insert(0, card(view, "findings", items))
    sections.append(method(view))
    body = element(
        "body", None, head(view, logo), navigation(view, sections),
        of_class("main", "cards", *sections),
    )  # fmt: skip
    return document_around(
        body, language, title_of(view), document["version"], has_images=logo is not None
    )
