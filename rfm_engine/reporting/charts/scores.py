"""Heat maps of recency and frequency scores: customers, spend, and spend per order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rfm_engine.reporting.charts.cells import border, cell, label, legend
from rfm_engine.reporting.charts.painting import Document, colours, count_text, step_of
from rfm_engine.reporting.charts.ranges import score_ranges
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import two_lines, width_of
from rfm_engine.reporting.language import NOTHING, Language

_SIDE, _HIGH, _NAME, _VALUE = 84, 66, 10, 13
_KINDS = ("customers", "spend", "aov")
Cell = dict[str, Any]


def scores_chart(document: Document, language: Language, kind: str) -> Chart | None:
    """Return a heat map of scores, one of `customers`, `spend` and `aov`."""
    grid = document["grid"]
    if grid is None or not document["head"]["customers"]:
        return None
    n_rows, n_columns, cells = grid["r"], grid["f"], grid["cells"]
    values = [_value(each, kind) for each in cells]
    most = max((each for each in values if each is not None), default=Fraction(0))
    drawn, names = [], []
    seen: set[str | None] = {None}
    side = _SIDE if n_columns <= 5 else 5 * _SIDE // n_columns
    for place in _from_the_top(n_rows, n_columns):
        each, value = cells[place], values[place]
        row, column = n_rows - 1 - place // n_columns, place % n_columns
        fill = step_of(value, most, root=kind != "aov")
        text = _text(each, value, kind, language)
        exact = _exact(each, text, kind, language)
        shown = exact if width_of(exact, _VALUE, bold=True) <= side - 8 else text
        if width_of(shown, _VALUE, bold=True) > side:
            shown = _text(each, value, kind, language._replace(sign=""))
        said = _tooltip(each, exact, _about(document, kind), language)
        # Below the middle, so that the name of the segment fits above it.
        drawn.append(cell(column, row, fill, shown, said) | {"cy": -row - 0.6})
        if each["segment"] not in seen:
            seen.add(each["segment"])
            lines = _lines(each["segment"], side - 8)
            if lines and n_rows <= 5:
                names.append({"x": column, "y": -row, "text": lines, "ink": fill.ink.light})
    labels = _labels(document, language, n_rows, n_columns)
    least = language.number(0)
    steps, ends = legend(0, n_rows + 0.75, least, _number(most, kind, language))
    title = language.text(f"chart.rf-{_about(document, kind)}")
    return Chart(
        f"rf-{kind}", "grid",
        {
            "cells": [*drawn, *steps], "names": names, "labels": [*labels, *ends],
            "borders": _borders(cells, n_rows, n_columns),
        },
        {
            "width": side * n_columns, "height": _HIGH * n_rows + 64, "line": colours()["line"],
            "x_domain": [0, n_columns], "y_domain": [-n_rows - 64 / _HIGH, 0],
        },
        title=title,
        description=_description(cells, values, kind, title, language),
        locale=language.locale,
    )  # fmt: skip


def _from_the_top(n_rows: int, n_columns: int) -> list[int]:
    return [r * n_columns + f for r in reversed(range(n_rows)) for f in range(n_columns)]


def _value(each: Cell, kind: str) -> Fraction | None:
    if each["customers"] is None:
        return None
    if kind == "customers":
        return Fraction(each["customers"])
    money = Fraction(Decimal(each["monetary"]))
    if kind == "spend":
        return money
    return money / each["orders"] if each["orders"] else None


def _number(value: Fraction, kind: str, language: Language) -> str:
    if kind == "customers":
        return language.compact(int(value))
    digits = 0 if abs(value) >= 100 else 2
    exact = Decimal(round(value * 10**digits)).scaleb(-digits)
    return language.compact(exact, is_money=True)


def _text(each: Cell, value: Fraction | None, kind: str, language: Language) -> str:
    if each["customers"] is None:
        return count_text(None, language)
    return NOTHING if value is None else _number(value, kind, language)


def _lines(name: str, room: float) -> list[str]:
    """Return a name in at most two lines; none if it does not fit."""
    lines = [name] if width_of(name, _NAME) <= room else two_lines(name, _NAME)
    return lines if all(width_of(each, _NAME) <= room for each in lines) else []


def _exact(each: Cell, text: str, kind: str, language: Language) -> str:
    """Return a value with all digits; averages are rounded anyway."""
    if each["customers"] is None or kind == "aov":
        return text
    if kind == "customers":
        return language.number(each["customers"])
    return language.spent(each["monetary"])


def _about(document: Document, kind: str) -> str:
    """Return the end of the keys of texts; spend is per order, or per day with an order."""
    return f"per_{document['counted']}" if kind == "aov" else kind


def _tooltip(each: Cell, text: str, about: str, language: Language) -> str:
    scores = f"R{each['r']} F{each['f']}"
    where = scores if each["segment"] is None else f"{scores}, {each['segment']}"
    return language.text(f"chart.rf.tooltip.{about}", where=where, value=text)


def _borders(cells: list[Cell], n_rows: int, n_columns: int) -> list[dict[str, Any]]:
    """Return a line between neighbouring cells of different segments, and the outer frame."""
    name: Callable[[int, int], Any] = lambda row, column: cells[  # noqa: E731
        (n_rows - 1 - row) * n_columns + column
    ]["segment"]
    found = []
    for row in range(n_rows):
        for column in range(n_columns):
            if column and name(row, column) != name(row, column - 1):
                found.append(border(column, row, column, row + 1))
            if row and name(row, column) != name(row - 1, column):
                found.append(border(column, row, column + 1, row))
    return found


def _labels(
    document: Document, language: Language, n_rows: int, n_columns: int
) -> list[dict[str, Any]]:
    first = document["grid"]["first_score"]
    found = []
    for axis, n in (("recency", n_rows), ("frequency", n_columns)):
        ranges = score_ranges(document, axis, language)
        for score in range(n):
            text = ranges[score] if ranges else ""
            name = f"{axis[0].upper()} {score + first}"
            if axis == "recency":
                y = n_rows - score - 0.5
                found.append(label(0, y, name, align="right", bold=True, dx=-10, dy=-7))
                found.append(label(0, y, text, align="right", size=11, muted=True, dx=-10, dy=8))
            else:
                x = score + 0.5
                found.append(label(x, n_rows, name, bold=True, dy=13))
                found.append(label(x, n_rows, text, size=11, muted=True, dy=28))
    unit = language.text(f"axis.frequency.{document['counted']}")
    found.append(label(n_columns, n_rows, unit, align="right", size=11, muted=True, dy=46))
    days = language.text("axis.recency")
    found.append(label(0, 0, days, align="right", size=11, muted=True, dx=-10, dy=-8))
    return found


def _description(
    cells: list[Cell], values: list[Fraction | None], kind: str, title: str,
    language: Language,
) -> str:  # fmt: skip
    known = [place for place, value in enumerate(values) if value is not None]
    if not known:
        return title
    best = max(known, key=lambda place: values[place] or Fraction(0))
    text = _text(cells[best], values[best], kind, language)
    return language.text(
        "chart.rf.description", title=title, r=cells[best]["r"], f=cells[best]["f"], value=text
    )
