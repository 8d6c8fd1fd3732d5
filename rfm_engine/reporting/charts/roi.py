"""What campaigns brought beyond the customers held out, and what they cost."""

from __future__ import annotations

from typing import Any

from rfm_engine.reporting.charts.painting import Document, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import page_colours
from rfm_engine.reporting.drawing.widths import shortened
from rfm_engine.reporting.language import Language

_WIDTH = 460
_COLOURS = ("text", "muted", "grid", "warm")
MARGIN, SPEND = "incremental_margin", "incremental_spend"


def roi_chart(document: Document, language: Language) -> Chart | None:
    """Return a bar per campaign that had customers held out; None without one."""
    key = measure_of(document)
    known = [each for each in document["campaigns"] if each["all"][key] is not None]
    if not known:
        return None
    rows = [_row(place, each, key, language) for place, each in enumerate(known)]
    costs = [
        {"row": row["row"], "cost": float(each["all"]["cost"]), "cost_text": language.text(
            "chart.roi.cost", name=each["campaign"], cost=language.spent(each["all"]["cost"]))}
        for row, each in zip(rows, known, strict=True)
        if each["all"]["cost"] is not None
    ]  # fmt: skip
    intervals = [row for row in rows if row["low"] is not None]
    ends = [row["value"] for row in rows] + [cost["cost"] for cost in costs]
    ends += [row[end] for row in intervals for end in ("low", "high")]
    low, high = min(0.0, *ends), max(0.0, *ends)
    margin = (high - low) * 0.03 or 1.0
    left, right = (low - margin if low < 0 else 0.0), high + margin
    title = language.text(f"chart.roi.{key}")
    return Chart(
        "roi", "roi", {"rows": rows, "intervals": intervals, "costs": costs},
        {
            "width": _WIDTH, "domain": [left, right], "left": left, "right": right,
            "x_title": language.text(f"axis.{key}"), "compact": language.texts["compact"],
            **grid_colours(_COLOURS),
        },
        title=title, description=language.text("chart.roi.description", title=title),
        locale=language.locale,
    )  # fmt: skip


def measure_of(document: Document) -> str:
    """Return what is shown of campaigns: their margin, or their spend if no margin is known."""
    has_margin = any(each["all"][MARGIN] is not None for each in document["campaigns"])
    return MARGIN if has_margin else SPEND


def _row(place: int, each: dict[str, Any], key: str, language: Language) -> dict[str, Any]:
    line, page = each["all"], page_colours()
    text = language.spent(line[key])
    return {
        "row": place, "name": shortened(name_of(each), 170, 12), "value": float(line[key]),
        **{end: None if line[f"{key}_{end}"] is None else float(line[f"{key}_{end}"])
           for end in ("low", "high")},
        "fill": (page.bar if line["clear"] else page.beyond).light,
        "value_text": text, "tooltip": f"{name_of(each)}: {text}",
    }  # fmt: skip


def name_of(each: dict[str, Any]) -> str:
    """Return the name of a campaign, with its group if there is one."""
    name = str(each["campaign"])
    return name if each["group"] is None else f"{name}, {each['group']}"
