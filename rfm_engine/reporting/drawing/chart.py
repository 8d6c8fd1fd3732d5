"""A chart: its specification with data, and the pictures that are rendered from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from xml.etree import ElementTree as ET

from rfm_engine.reporting.drawing.clean import cleaned
from rfm_engine.reporting.drawing.rendering import pdf_of, png_of, rendered, require_vl_convert
from rfm_engine.reporting.drawing.specification import Rows, bound, is_vega_lite
from rfm_engine.reporting.drawing.svg import finished, standalone
from rfm_engine.reporting.drawing.theme import page_colours

_VEGA_LITE, _VEGA = "application/vnd.vegalite.v6+json", "application/vnd.vega.v6+json"


class Chart:
    """A chart of a report.

    Parameters
    ----------
    name
        Its name, which is unique in a report, such as `treemap-spend`.
    file
        The name of its specification.
    data
        The rows of each data set of the specification.
    values
        The texts and numbers of the specification.
    title, description
        What it shows, and its main finding, for people who do not see it.
    locale
        The number format of d3.

    Attributes
    ----------
    name, title, description
        As given.
    spec
        The specification with its data, in Vega-Lite or Vega.
    """

    def __init__(  # noqa: PLR0913 - what is drawn, and what is said about it
        self,
        name: str,
        file: str,
        data: Mapping[str, Rows],
        values: Mapping[str, Any],
        *,
        title: str,
        description: str,
        locale: Mapping[str, Any],
    ) -> None:
        self.name, self.title, self.description = name, cleaned(title), cleaned(description)
        self.spec = bound(file, data, values)
        self._locale = locale

    @cached_property
    def element(self) -> ET.Element:
        """The SVG for a page, where the page sets background and font."""
        require_vl_convert("charts")
        svg = rendered(self.spec, self._locale)
        return finished(svg, self.name, self.title, self.description)

    @cached_property
    def svg(self) -> str:
        """The chart as an SVG file, on an opaque background."""
        return standalone(self.element, page_colours().card.light)

    def png(self) -> bytes:
        """Return the chart as PNG, with two pixels per unit."""
        return png_of(self.svg)

    def pdf(self) -> bytes:
        """Return the chart as PDF."""
        return pdf_of(self.svg)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Return the specification for notebooks that draw it, and the SVG for others."""
        kind = _VEGA_LITE if is_vega_lite(self.spec) else _VEGA
        return {kind: self.spec, "image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<rfm_engine chart {self.name}: {self.title}>"


FORMATS: dict[str, Callable[[Chart], bytes]] = {
    "svg": lambda chart: chart.svg.encode(),
    "png": Chart.png,
    "pdf": Chart.pdf,
}
"""The formats of files of charts."""
