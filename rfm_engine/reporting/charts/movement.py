"""The matrix of moves: a row per segment then, a column per segment now."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from rfm_engine.reporting.charts.cells import cell, frame, label, legend
from rfm_engine.reporting.charts.painting import HIDDEN, Document, colours, count_text, step_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import shortened, two_lines
from rfm_engine.reporting.language import Language

_SIDE, _HIGH = 70, 30
MOST_SEGMENTS = 16
"""A matrix of more segments cannot be read; the table of moves has them."""
Counts = dict[tuple[str | None, str | None], int | None]


def movement_chart(document: Document, language: Language) -> Chart | None:
    """Return the matrix; None without an earlier snapshot, or with too many segments."""
    movement = document["movement"]
    names: list[str] = [each["name"] for each in document["segments"]]
    if movement is None or not 0 < len(names) <= MOST_SEGMENTS:
        return None
    counts: Counts = {(each["from"], each["to"]): each["customers"] for each in movement["matrix"]}
    has_left = any(to is None and n != 0 for (_, to), n in counts.items())
    has_entered = any(start is None and n != 0 for (start, _), n in counts.items())
    rows: list[str | None] = [*names, *([None] if has_entered else [])]
    columns: list[str | None] = [*names, *([None] if has_left else [])]
    cells, borders = [], []
    for y, start in enumerate(rows):
        whole = _sum(counts.get((start, to), 0) for to in columns)
        for x, to in enumerate(columns):
            customers = counts.get((start, to), 0)
            cells.append(_cell(x, y, start, to, customers, whole, language))
            if start is not None and start == to:
                borders += frame(x, y)
    title = language.text("chart.movement")
    steps, ends = legend(0, len(rows) + 0.3, language.share(0, 1, 0), language.share(1, 1, 0))
    labels = [*_labels(rows, columns, language), *_sums(rows, columns, counts, language)]
    return Chart(
        "movement", "grid",
        {
            "cells": [*cells, *steps], "names": [], "borders": borders,
            "labels": [*labels, *ends],
        },
        {
            "width": _SIDE * len(columns), "height": _HIGH * (len(rows) + 1),
            "x_domain": [0, len(columns)], "y_domain": [-len(rows) - 1, 0],
            "line": colours()["line"],
        },
        title=title, description=_description(movement, title, language), locale=language.locale,
    )  # fmt: skip


def _cell(  # noqa: PLR0913 - a cell, and what its tooltip needs
    x: int, y: int, start: str | None, to: str | None, customers: int | None, whole: int | None,
    language: Language,
) -> dict[str, Any]:  # fmt: skip
    share = Fraction(customers, whole) if customers and whole else Fraction(0)
    fill = step_of(share, Fraction(1), root=False)
    text = HIDDEN if customers is None else ""
    if customers:
        # A row with a hidden cell has no shares.
        text = language.number(customers) if whole is None else language.share(customers, whole, 0)
    tooltip = language.text(
        "chart.movement.tooltip", start=_start(start, language), to=_end(to, language),
        n=count_text(customers, language),
        share=HIDDEN if customers is None or whole is None else language.share(customers, whole),
    )  # fmt: skip
    return cell(x, y, fill, text, tooltip)


def _labels(
    rows: list[str | None], columns: list[str | None], language: Language
) -> list[dict[str, Any]]:
    found = []
    for y, name in enumerate(rows):
        text = shortened(_start(name, language), 165, 12)
        found.append(label(0, y + 0.5, text, align="right", dx=-8))
    for x, name in enumerate(columns):
        lines = [shortened(each, _SIDE, 11) for each in two_lines(_end(name, language), 11)]
        found.append(label(x + 0.5, 0, lines, size=11, dy=-8 - 12 * (len(lines) - 1)))
    return found


def _sums(
    rows: list[str | None], columns: list[str | None], counts: Counts, language: Language,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the columns at the right: customers then, now, and the change."""
    right = len(columns)
    steps = (52, 104, 164)
    found = [
        label(right, 0, language.text(f"chart.movement.{key}"), align="right", size=11, bold=True,
              dx=dx, dy=-8)
        for key, dx in zip(("then", "now", "change"), steps, strict=True)
    ]  # fmt: skip
    for y, name in enumerate(rows):
        then = _sum(counts.get((name, to), 0) for to in columns)
        now = then if name is None else _sum(counts.get((start, name), 0) for start in rows)
        change = "" if then is None or now is None or name is None else language.signed(now - then)
        texts = (
            count_text(then, language),
            "" if name is None else count_text(now, language), change,
        )  # fmt: skip
        found += [
            label(right, y + 0.5, text, align="right", dx=dx, bold=dx == steps[-1])
            for text, dx in zip(texts, steps, strict=True)
        ]
    return found


def _sum(values: Any) -> int | None:
    found = list(values)
    return None if None in found else sum(found)


def _start(name: str | None, language: Language) -> str:
    return language.text("movement.entered") if name is None else name


def _end(name: str | None, language: Language) -> str:
    return language.text("movement.left") if name is None else name


def _description(movement: Any, title: str, language: Language) -> str:
    sizes = movement["sizes"]
    stayed, left = sizes["in_same_segment"], sizes["left"]
    if stayed is None or left is None:
        return title
    both = sizes["customers_from"] - left
    return language.text(
        "finding.stayed", part=language.number(stayed), whole=language.number(both),
        share=language.share(stayed, both), date=language.date(movement["from"]),
    )  # fmt: skip
