"""Distributions of recency, frequency and spend, with the cut points and the scores."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import heat_steps, page_colours
from rfm_engine.reporting.drawing.widths import width_of
from rfm_engine.reporting.language import Language

_WIDTH, _HEIGHT = 290, 170
_COLOURS = ("muted", "grid", "warm", "card")
# The gap before the bar of everything beyond the axis, in bars.
_GAP = Decimal("0.5")


def distribution_chart(document: Document, language: Language, axis: str) -> Chart | None:
    """Return the distribution of a measure: `recency`, `frequency` or `monetary`."""
    found = document["distributions"][axis]
    if not found["bars"]:
        return None
    width = Decimal(found["width"])
    end = width * len(found["bars"])
    bars = [
        _bar(Decimal(each["from"]), width, each, document, language, axis) for each in found["bars"]
    ]
    start, stop = Decimal(0), end
    beyond = page_colours().beyond.light
    if found["beyond"] is not None:
        text = _words(language, "range.from", start=_at(found["beyond"]["from"], axis, language))
        own = _row(end + width * _GAP, width, found["beyond"]["customers"], beyond)
        bars.append(own | _said(text, found["beyond"], document, language))
        stop = end + width * (1 + _GAP)
    if found["below"] is not None:
        text = _words(language, "range.up_to", to=_at(found["below"]["to"], axis, language))
        own = _row(-width * (1 + _GAP), width, found["below"]["customers"], beyond)
        bars.append(own | _said(text, found["below"], document, language))
        start = -width * (1 + _GAP)
    cuts = [{"at": float(cut)} for cut in found["cuts"] if start <= Decimal(cut) <= stop]
    title = language.text(f"chart.dist-{axis}")
    return Chart(
        f"dist-{axis}", "distribution",
        {"bars": bars, "cuts": cuts, "scores": _scores(found, axis, document, language)},
        {
            "width": _WIDTH, "height": _HEIGHT, "domain": [float(start), float(stop)],
            "x_title": language.text(f"axis.{axis}.{document['counted']}" if axis == "frequency"
                                     else f"axis.{axis}"),
            "y_title": language.text("axis.customers"), "format": "~s", **grid_colours(_COLOURS),
        },
        title=title, description=_description(found, title, axis, language),
        locale=language.locale,
    )  # fmt: skip


def _bar(  # noqa: PLR0913 - a bar, and what its tooltip needs
    start: Decimal, width: Decimal, each: dict[str, Any], document: Document, language: Language,
    axis: str,
) -> dict[str, Any]:  # fmt: skip
    first, last = (_at(each[key], axis, language) for key in ("from", "to"))
    text = first if first == last else language.text("range.between", start=first, end=last)
    fill = page_colours().bar.light
    return _row(start, width, each["customers"], fill) | _said(text, each, document, language)


def _row(start: Decimal, width: Decimal, customers: int | None, fill: str) -> dict[str, Any]:
    gap = width / 12
    return {
        "from": float(start + gap), "to": float(start + width - gap), "customers": customers or 0,
        "fill": fill,
    }  # fmt: skip


def _said(
    text: str, each: dict[str, Any], document: Document, language: Language
) -> dict[str, Any]:
    count = count_text(each["customers"], document, language)
    return {"tooltip": language.text("chart.dist.tooltip", values=text, n=count)}


def _words(language: Language, key: str, **values: str) -> str:
    return language.text(key, **values)


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
        count = count_text(customers, document, language)
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
