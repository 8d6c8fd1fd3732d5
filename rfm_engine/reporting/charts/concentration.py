"""The concentration curve: cumulative spend by cumulative customers, biggest spenders first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rfm_engine.reporting.charts.painting import Document, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import page_colours
from rfm_engine.reporting.language import Language

_WIDTH, _HEIGHT = 420, 330
_COLOURS = ("muted", "grid", "warm", "bar", "area")
# Texts of marks right of this share of customers end at the mark.
_MIDDLE = 0.5
# Marks closer than this have their texts below each other.
_NEAR, _LINE = 0.05, 18
BEST, MADE = 20, 80
"""The marks of the curve: the spend of the best 20%, and the fewest who make 80% of the spend."""


def concentration_chart(document: Document, language: Language) -> Chart | None:
    """Return the curve; None if the customers spent nothing in all, or its marks are hidden."""
    found = document["concentration"]
    if found is None:
        return None
    best = next(each for each in found["best"] if each["percent"] == BEST)
    made = next(each for each in found["make"] if each["percent"] == MADE)
    if best["monetary"] is None or made["customers"] is None:
        return None
    last = found["curve"][-1]
    n, spend = last["customers"], Decimal(last["monetary"])
    curve = [
        {"customers": each["customers"] / n, "spend": float(Decimal(each["monetary"]) / spend)}
        for each in found["curve"]
    ]
    page = page_colours()
    best_share = language.share(Decimal(best["monetary"]), spend)
    texts = (
        language.text("chart.concentration.best", percent=BEST, share=best_share),
        language.text("chart.concentration.make", percent=MADE,
                      share=language.share(made["customers"], n)),
    )  # fmt: skip
    at_best = _mark(best["customers"] / n, float(Decimal(best["monetary"]) / spend), texts[0])
    at_made = _mark(made["customers"] / n, MADE / 100, texts[1])
    marks = [at_best | {"fill": page.warm.light, "ink": page.warm.light},
             at_made | {"fill": page.bar.light, "ink": page.text.light}]  # fmt: skip
    if abs(at_best["customers"] - at_made["customers"]) < _NEAR:
        marks[1]["dy"] += _LINE
    x, y = at_best["customers"], at_best["spend"]
    title = language.text("chart.concentration")
    return Chart(
        "concentration", "concentration",
        {
            "curve": curve, "marks": marks,
            "diagonal": [{"x0": 0, "y0": 0, "x1": 1, "y1": 1}],
            "guides": [{"x0": 0, "x1": x, "y0": y, "y1": y}, {"x0": x, "x1": x, "y0": 0, "y1": y}],
        },
        {
            "width": _WIDTH, "height": _HEIGHT,
            "top": max(1, *(each["spend"] for each in curve)),
            "x_title": language.text("axis.share_of_customers"),
            "y_title": language.text("axis.share_of_spend"), **grid_colours(_COLOURS),
        },
        title=title, description=f"{title}: {texts[0]}; {texts[1]}.", locale=language.locale,
    )  # fmt: skip


def _mark(customers: float, spend: float, text: str) -> dict[str, Any]:
    is_right = customers > _MIDDLE
    return {
        "customers": customers, "spend": spend, "text": text, "dy": 6, "dx": -8 if is_right else 8,
        "align": "right" if is_right else "left",
    }  # fmt: skip
