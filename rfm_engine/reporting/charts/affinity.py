"""Affinity: which values of an attribute are more common among the best customers."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor, log10
from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import page_colours
from rfm_engine.reporting.drawing.widths import shortened
from rfm_engine.reporting.language import NOTHING, Language

_WIDTH = 330
_COLOURS = ("text", "muted", "grid", "warm")
_STEPS = (1, 2, 5)


def affinity_charts(document: Document, language: Language) -> list[Chart]:
    """Return a chart per table of affinity, each with the values that were tested."""
    found = []
    for number, table in enumerate(document["affinity"], start=1):
        rows = [each for each in table["rows"] if each["low"] and each["lift"]]
        if rows:
            name = "affinity" if number == 1 else f"affinity-{number}"
            found.append(_chart(name, table, rows, language))
    return found


def _chart(
    name: str, table: dict[str, Any], rows: list[dict[str, Any]], language: Language,
) -> Chart:  # fmt: skip
    low, high = _domain(rows)
    title = language.text("chart.affinity", attribute=table["attribute"])
    best = rows[0]
    return Chart(
        name, "affinity",
        {
            "rows": [_row(place, each, language) for place, each in enumerate(rows)],
            "one": [{"at": 1}],
        },
        {
            "width": _WIDTH, "domain": [low, high], "left": low, "right": high,
            "ticks": _ticks(low, high), "x_title": language.text("axis.lift"),
            **grid_colours(_COLOURS),
        },
        title=title, description=language.text(
            "chart.affinity.description", title=title, value=_value(best),
            lift=_lift(best, language),
        ),
        locale=language.locale,
    )  # fmt: skip


def _row(place: int, each: dict[str, Any], language: Language) -> dict[str, Any]:
    page = page_colours()
    of = language.text(
        "n_of_n", part=count_text(each["in_group"], language),
        whole=count_text(each["customers"], language),
    )  # fmt: skip
    return {
        "row": place, "name": shortened(_value(each), 150, 12), "value": each["lift"],
        "low": each["low"], "high": each["high"],
        "fill": (page.bar if each["clear"] else page.beyond).light,
        "value_text": _lift(each, language), "of_text": of,
        "tooltip": f"{_value(each)}: {_lift(each, language)}, {of}",
    }  # fmt: skip


def _value(each: dict[str, Any]) -> str:
    return NOTHING if each["value"] is None else str(each["value"])


def _lift(each: dict[str, Any], language: Language) -> str:
    return language.number(Decimal(str(each["lift"])), 2)


def _domain(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return limits of the axis that contain all intervals and 1."""
    low = min(1.0, *(each["low"] for each in rows))
    high = max(1.0, *(each["high"] for each in rows))
    return low / 1.1, high * 1.1


def _ticks(low: float, high: float) -> list[float]:
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [step * 10.0**exponent for exponent in exponents for step in _STEPS]
    return [tick for tick in ticks if low <= tick <= high]
