"""Distributions of recency, frequency and spend, with the cut points and the scores."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, grid_colours, measure_key
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import heat_steps, page_colours
from rfm_engine.reporting.drawing.widths import width_of
from rfm_engine.reporting.language import Language

_WIDTH, _HEIGHT = 290, 170
_COLOURS = ("muted", "grid", "warm", "card")
# The gap between the bars and the one of everything beyond the axis, in bars.
_GAP = Decimal("0.5")
# A bar of a whole number is centred on it, so that a cut point is between two bars.
_SHIFT = {"recency": Decimal("0.5"), "frequency": Decimal("0.5"), "monetary": Decimal(0)}


def distribution_chart(document: Document, language: Language, axis: str) -> Chart | None:
    """Return the distribution of a measure: `recency`, `frequency` or `monetary`."""
    found = document["distributions"][axis]
    if not found["bars"]:
        return None
    bars = _bars(found, axis, language)
    width, shift = Decimal(found["width"]), _SHIFT[axis]
    start, stop = -shift, width * len(found["bars"]) - shift
    if found["below"] is not None:
        start -= width * (1 + _GAP)
    if found["beyond"] is not None:
        stop += width * (1 + _GAP)
    cuts = [Decimal(cut) + shift for cut in found["cuts"]]
    title = language.text(f"chart.dist-{axis}")
    return Chart(
        f"dist-{axis}", "distribution",
        {
            "bars": bars, "cuts": [{"at": float(cut)} for cut in cuts if start <= cut <= stop],
            "scores": _scores(found, axis, document, language),
        },
        {
            "width": _WIDTH, "height": _HEIGHT, "domain": [float(start), float(stop)],
            "x_title": language.text(measure_key(document, axis)),
            "y_title": language.text("axis.customers"),
            "is_whole": axis != "monetary", "compact": language.texts["compact"],
            **grid_colours(_COLOURS),
        },
        title=title, description=_description(found, title, axis, language),
        locale=language.locale,
    )  # fmt: skip


def _bars(found: dict[str, Any], axis: str, language: Language) -> list[dict[str, Any]]:
    """Return the bars, with those of customers below and beyond the axis in grey."""
    width, page = Decimal(found["width"]), page_colours()
    parts: list[tuple[Decimal, str, dict[str, Any], str]] = []
    for each in found["bars"]:
        first, last = (_at(each[key], axis, language) for key in ("from", "to"))
        between = language.text("range.between", start=first, end=last)
        text = first if first == last else between
        parts.append((Decimal(each["from"]), page.bar.light, each, text))
    below, beyond = found["below"], found["beyond"]
    if below is not None:
        text = language.text("range.up_to", to=_at(below["to"], axis, language))
        parts.append((-width * (1 + _GAP), page.beyond.light, below, text))
    if beyond is not None:
        text = language.text("range.from", start=_at(beyond["from"], axis, language))
        parts.append((width * (len(found["bars"]) + _GAP), page.beyond.light, beyond, text))
    gap, shift = width / 12, _SHIFT[axis]
    return [
        {
            "from": float(start - shift + gap), "to": float(start - shift + width - gap),
            "customers": each["customers"] or 0, "fill": fill,
            **_said(text, each, language),
        }
        for start, fill, each, text in parts
    ]  # fmt: skip


def _said(text: str, each: dict[str, Any], language: Language) -> dict[str, Any]:
    count = count_text(each["customers"], language)
    return {"tooltip": language.text("chart.dist.tooltip", values=text, n=count)}


def _at(value: Any, axis: str, language: Language) -> str:
    return language.money(value) if axis == "monetary" else language.number(value)


def _scores(
    found: dict[str, Any], axis: str, document: Document, language: Language
) -> list[dict[str, Any]]:
    """Return the share of the customers with each score, in the order of the axis."""
    first = document["first_score"]
    letter = axis[0].upper()
    scored = [(n + first, customers) for n, customers in enumerate(found["scores"])]
    if axis == "recency":
        scored.reverse()
    known = [customers or 0 for _, customers in scored]
    total = sum(known)
    if not total:
        return []
    limits = [0]
    for customers in known:
        limits.append(limits[-1] + customers)
    steps = heat_steps()
    rows = []
    for (score, customers), (low, high) in zip(scored, pairwise(limits), strict=True):
        place = (score - first) * (len(steps) - 1) // max(len(scored) - 1, 1)
        share = language.share(customers or 0, total, 0)
        text, short = f"{letter}{score} {share}", f"{letter}{score}"
        room = (high - low) / total * _WIDTH - 4
        label = text if width_of(text, 11) <= room else short if width_of(short, 11) <= room else ""
        count = count_text(customers, language)
        rows.append({
            "x0": low / total, "x1": high / total, "cx": (low + high) / 2 / total,
            "fill": steps[place].light, "ink": steps[place].ink.light, "text": label,
            "tooltip": language.text("chart.score.tooltip", score=short, share=share, n=count),
        })  # fmt: skip
    return rows


def _description(found: dict[str, Any], title: str, axis: str, language: Language) -> str:
    cuts = ", ".join(_at(cut, axis, language) for cut in found["cuts"])
    if not cuts:
        return title
    return language.text("chart.dist.description", title=title, cuts=cuts)
