"""Cohorts: the share of the customers of a first month who ordered in each later month."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

from rfm_engine.reporting.charts.cells import cell, label, legend
from rfm_engine.reporting.charts.painting import Document, colours, count_text, step_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import Fill, page_colours
from rfm_engine.reporting.drawing.widths import width_of
from rfm_engine.reporting.language import Language

_SIDE, _HIGH, _VALUE = 38, 24, 13
FEWEST = 30
"""Cohorts with fewer customers stay pale, because their shares say little.

So do periods that have not ended."""
MOST_COLUMNS = 24


def cohorts_chart(document: Document, language: Language) -> Chart | None:
    """Return the heat map; None without cohorts that have a later period."""
    found = document["cohorts"]
    if found is None:
        return None
    shown = [each for each in found["cells"] if 0 < each["k"] <= MOST_COLUMNS]
    if not shown:
        return None
    starts = sorted({each["cohort"] for each in found["cells"]})
    rows = {start: place for place, start in enumerate(starts)}
    last = max(each["k"] for each in shown)
    most = max(map(_share, shown)) or Fraction(1)
    cells = [_cell(each, rows[each["cohort"]], most, language) for each in shown]
    widest = max(width_of(each["text"], _VALUE, bold=True) for each in cells)
    sizes = {each["cohort"]: each["customers"] for each in found["cells"]}
    labels = [label(k - 0.5, 0, str(k), size=11, muted=True, dy=-9) for k in range(1, last + 1)]
    labels.append(
        label(0, 0, language.text(f"chart.cohorts.after.{found['period']}"), align="left", size=11,
              muted=True, dy=-24)
    )  # fmt: skip
    customers = language.text("axis.customers")
    labels.append(label(0, 0, customers, align="right", size=11, muted=True, dx=-8, dy=-9))
    for start, row in rows.items():
        count = count_text(sizes[start], language)
        labels.append(label(0, row + 0.5, count, align="right", size=11, muted=True, dx=-8))
        labels.append(label(0, row + 0.5, start[:7], align="right", size=11, dx=-58))
    steps, ends = legend(0, len(rows) + 0.4, language.share(0, 1, 0), _percent(most, language))
    title = language.text("chart.cohorts")
    return Chart(
        "cohorts", "grid",
        {"cells": [*cells, *steps], "names": [], "borders": [], "labels": [*labels, *ends]},
        {
            "width": max(_SIDE, ceil(widest) + 4) * last, "height": _HIGH * (len(rows) + 1),
            "x_domain": [0, last], "y_domain": [-len(rows) - 1, 0], "line": colours()["line"],
        },
        title=title, description=language.text("chart.cohorts.description", title=title),
        locale=language.locale,
    )  # fmt: skip


def _cell(each: dict[str, Any], row: int, most: Fraction, language: Language) -> dict[str, Any]:
    whole, active = each["customers"], each["active"]
    share = Fraction(active, whole) if active is not None and whole else Fraction(0)
    page = page_colours()
    faint = Fill(page.faint.light, page.faint.dark, page.muted)
    fill = faint if _is_pale(each) else step_of(share, most, root=False)
    text = "" if active is None or not whole else _percent(share, language)
    tooltip = language.text(
        "chart.cohorts.tooltip", cohort=each["cohort"][:7], k=each["k"],
        n=count_text(active, language), whole=count_text(whole, language),
    )  # fmt: skip
    return cell(each["k"] - 1, row, fill, text, tooltip)


def _is_pale(each: dict[str, Any]) -> bool:
    return each["customers"] is None or each["customers"] < FEWEST or not each["complete"]


def _share(each: dict[str, Any]) -> Fraction:
    """Return the share of a cell for the scale of colours."""
    if _is_pale(each) or each["active"] is None:
        return Fraction(0)
    return Fraction(each["active"], each["customers"])


def _percent(share: Fraction, language: Language) -> str:
    return language.share(share.numerator, share.denominator, 0)
