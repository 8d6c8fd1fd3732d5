"""Heat maps: cells with a value in each, labels around them, and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rfm_engine.reporting.drawing.theme import Fill, heat_steps, page_colours

Row = dict[str, Any]


def cell(column: float, row: float, fill: Fill, text: str, tooltip: str) -> Row:
    """Return a cell of one unit; rows count from the top."""
    return {
        "x0": column + 0.02, "x1": column + 0.98, "y0": -row - 0.03, "y1": -row - 0.97,
        "cx": column + 0.5, "cy": -row - 0.5, "fill": fill.light, "ink": fill.ink.light,
        "text": text, "tooltip": tooltip,
    }  # fmt: skip


def label(  # noqa: PLR0913 - the fields of a text mark
    x: float,
    y: float,
    text: str | Sequence[str],
    *,
    align: str = "center",
    size: int = 12,
    bold: bool = False,
    muted: bool = False,
    dx: float = 0,
    dy: float = 0,
) -> Row:
    """Return a text beside the cells; `x` and `y` are in cells, `y` counts from the top."""
    page = page_colours()
    return {
        "x": x, "y": -y, "text": text, "align": align, "size": size,
        "weight": 600 if bold else 400, "dx": dx, "dy": dy,
        "ink": (page.muted if muted else page.text).light,
    }  # fmt: skip


def frame(column: float, row: float) -> list[Row]:
    """Return the four borders of a cell."""
    return [
        border(column, row, column + 1, row), border(column, row + 1, column + 1, row + 1),
        border(column, row, column, row + 1), border(column + 1, row, column + 1, row + 1),
    ]  # fmt: skip


def border(x0: float, y0: float, x1: float, y1: float) -> Row:
    """Return a line between two corners of cells."""
    return {"x0": x0, "x1": x1, "y0": -y0, "y1": -y1}


def legend(x: float, y: float, least: str, most: str) -> tuple[list[Row], list[Row]]:
    """Return the steps of the colours as small cells, and the texts at both ends."""
    cells = []
    for place, fill in enumerate(heat_steps()):
        own = cell(x + place * 0.3, y, fill, "", "")
        own |= {"x0": x + place * 0.3, "x1": x + place * 0.3 + 0.3, "y1": -y - 0.3, "y0": -y}
        cells.append(own)
    end = x + 0.3 * len(cells)
    texts = [
        label(x, y + 0.15, least, align="right", size=11, muted=True, dx=-6),
        label(end, y + 0.15, most, align="left", size=11, muted=True, dx=6),
    ]
    return cells, texts
