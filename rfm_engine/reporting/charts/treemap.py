"""Treemaps of segments: area is the share of customers, or of spend."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rfm_engine.reporting.charts.painting import Document, fills_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import two_lines, width_of
from rfm_engine.reporting.language import Language

_WIDTH, _HEIGHT, _NAME, _DETAIL = 520, 320, 13, 12
_ROOT = "root"
# Wider than any tile: a name of one word has no second line.
_NEVER = 10_000


def treemap(document: Document, language: Language, *, of_spend: bool) -> Chart | None:
    """Return the treemap of customers or of spend; None if there is nothing to draw."""
    key = "monetary" if of_spend else "customers"
    segments = document["segments"]
    values = [Decimal(each[key] or 0) for each in segments]
    whole = Decimal(document["head"][key])
    if whole <= 0 or not any(value > 0 for value in values):
        return None
    rows: list[dict[str, Any]] = [{"id": _ROOT}]
    fills = fills_of(document)
    for number, (segment, value) in enumerate(zip(segments, values, strict=True)):
        if value > 0:
            share = language.share(value, whole)
            amount = language.compact(value, is_money=of_spend)
            row = _row(segment["name"], share, amount, language)
            fill = fills[segment["name"]]
            rows.append({
                "id": number, "parent": _ROOT, "size": float(value), "fill": fill.light,
                "ink": fill.ink.light, **row,
            })  # fmt: skip
    what = "treemap-spend" if of_spend else "treemap-customers"
    first = max(range(len(values)), key=values.__getitem__)
    title = language.text(f"chart.{what}")
    description = language.text(
        "chart.treemap.description", title=title, segment=segments[first]["name"],
        share=language.share(values[first], whole),
    )  # fmt: skip
    return Chart(
        what, "treemap", {"segments": rows}, {"width": _WIDTH, "height": _HEIGHT},
        title=title, description=description, locale=language.locale,
    )  # fmt: skip


def _row(name: str, share: str, amount: str, language: Language) -> dict[str, Any]:
    two, detail = two_lines(name, _NAME, bold=True), f"{share} · {amount}"
    tooltip = language.text("chart.treemap.tooltip", segment=name, share=share, value=amount)
    return {
        "name": name, "two": two, "share": share, "detail": detail,
        "name_width": width_of(name, _NAME, bold=True),
        "two_width": max(width_of(each, _NAME, bold=True) for each in two) if two[1:] else _NEVER,
        "share_width": width_of(share, _DETAIL), "detail_width": width_of(detail, _DETAIL),
        "tooltip": tooltip,
    }  # fmt: skip
