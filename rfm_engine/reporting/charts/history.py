"""The share of each segment at each date, as small charts on one scale."""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import Any

from rfm_engine.reporting.charts.painting import Document, fills_of, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import shortened
from rfm_engine.reporting.language import Language

_WIDTH, _HEIGHT, COLUMNS = 158, 80, 5
NARROW = 2
"""Charts per row on a phone."""
_COLOURS = ("text", "muted", "grid")


def history_chart(document: Document, language: Language, columns: int = COLUMNS) -> Chart | None:
    """Return the small charts; None without two dates."""
    found = document["history"]
    if found is None or len(found["dates"]) < 2:
        return None
    days = [date.fromisoformat(each).toordinal() for each in found["dates"]]
    shares = [_shares(each["customers"], found["customers"]) for each in found["segments"]]
    top = max((share for own in shares for share in own if share is not None), default=0)
    if not top:
        return None
    fills = fills_of(document)
    points: list[dict[str, Any]] = []
    for panel, (segment, own) in enumerate(zip(found["segments"], shares, strict=True)):
        stroke = fills[segment["name"]].light
        points += _points(panel, segment, own, days, found, stroke, language)
    title = language.text("chart.history")
    name = "history" if columns == COLUMNS else "history-narrow"
    return Chart(
        name, "history", {"points": points},
        {
            "columns": columns, "width": _WIDTH, "height": _HEIGHT, "days": [days[0], days[-1]],
            "first_day": days[0], "top": ceil(top * 20) / 20,
            **grid_colours(_COLOURS),
        },
        title=title, description=language.text(
            "chart.history.description", title=title, first=language.date(found["dates"][0]),
            last=language.date(found["dates"][-1]),
        ),
        locale=language.locale,
    )  # fmt: skip


def _shares(counts: list[int | None], wholes: list[int]) -> list[float | None]:
    return [
        None if n is None else n / whole if whole else 0.0
        for n, whole in zip(counts, wholes, strict=True)
    ]


def _points(  # noqa: PLR0913 - the fields of the points of one segment
    panel: int, segment: dict[str, Any], shares: list[float | None], days: list[int],
    found: dict[str, Any], stroke: str, language: Language,
) -> list[dict[str, Any]]:  # fmt: skip
    last = len(days) - 1
    text = (
        ""
        if segment["customers"][last] is None
        else language.share(segment["customers"][last], found["customers"][last])
    )
    return [
        {
            "panel": panel, "day": day, "share": share, "stroke": stroke, "is_last": place == last,
            "name": shortened(segment["name"], _WIDTH, 12, bold=True), "share_text": text,
            "label": found["dates"][place][:7] if place in (0, last) else "",
            "tooltip": f"{segment['name']}: {text}",
        }
        for place, (day, share) in enumerate(zip(days, shares, strict=True))
    ]  # fmt: skip
