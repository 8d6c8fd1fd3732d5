"""Sizes of charts that are drawn twice: for a wide page, and for a phone."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """A size of a square chart.

    Attributes
    ----------
    plot
        The length of its axes, in units of a chart.
    padding
        The space around axes and texts, as Vega names it.
    ending
        Added to the name of the chart.
    """

    plot: int
    padding: dict[str, int]
    ending: str = ""


PAGE = Size(330, {"left": 30, "right": 30, "top": 6, "bottom": 6})
"""Two beside each other on a wide page."""
PHONE = Size(230, {"left": 2, "right": 14, "top": 6, "bottom": 6}, "-narrow")
"""One on a page of 360 pixels, where it is not scaled down, so its texts are as large as others."""
