"""Retention: the share of each segment that ordered again, with its interval."""

from __future__ import annotations

from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, fills_of, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import shortened
from rfm_engine.reporting.language import Language

_WIDTH = 230
_COLOURS = ("text", "muted", "grid")


def retention_chart(document: Document, language: Language) -> Chart | None:
    """Return the bars; None if no segment is known to have been there before."""
    found = document["retention"]
    if found is None:
        return None
    fills = fills_of(document)
    known = [each for each in found["segments"] if each["size"] and each["retained"] is not None]
    if not known:
        return None
    rows = [_row(place, each, fills, language) for place, each in enumerate(known)]
    title = language.text("chart.retention")
    best = max(known, key=lambda each: each["retained"] / each["size"])
    description = language.text(
        "chart.retention.description", title=title, segment=best["segment"],
        share=language.share(best["retained"], best["size"]),
    )  # fmt: skip
    return Chart(
        "retention", "retention", {"rows": rows}, {"width": _WIDTH, **grid_colours(_COLOURS)},
        title=title, description=description, locale=language.locale,
    )  # fmt: skip


def _row(
    place: int, each: dict[str, Any], fills: dict[str, Any], language: Language
) -> dict[str, Any]:
    share = language.share(each["retained"], each["size"], 0)
    of = language.text(
        "n_of_n", part=count_text(each["retained"], language),
        whole=count_text(each["size"], language),
    )  # fmt: skip
    return {
        "row": place, "name": shortened(each["segment"], 130, 12),
        "share": each["retained"] / each["size"], "low": each["low"], "high": each["high"],
        "fill": fills[each["segment"]].light, "share_text": share, "of_text": of,
        "tooltip": f"{each['segment']}: {share}, {of}",
    }  # fmt: skip
