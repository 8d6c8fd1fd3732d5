"""Calibration: actual orders of groups of customers over the orders that a model predicted."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor, log10, sqrt
from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, grid_colours
from rfm_engine.reporting.charts.sizes import PAGE, Size
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.widths import lines_in
from rfm_engine.reporting.language import NOTHING, Language

_COLOURS = ("text", "muted", "grid", "bar", "card")
_STEPS = (5, 2, 1)
# Ticks closer than this would have labels that touch.
_NEAR = 30
_LEAST_TOP = 1e-6
# The baseline of the last line above the chart, and the height of a line.
_ABOVE, _LINE = -10, 17
# Above this, numbers of orders are written with three digits.
_LONG = 10**6


def calibration_chart(document: Document, language: Language, size: Size = PAGE) -> Chart | None:
    """Return a dot per group with its 95% interval; None without groups whose orders are known.

    Both axes are square roots, because most groups have far fewer orders than the last ones.
    """
    clv = document.get("clv")
    if not clv or not clv["calibration"]:
        return None
    known = [
        each
        for each in clv["calibration"][0]["groups"]
        if each["customers"] and each["predicted"] is not None and each["actual"] is not None
    ]
    if not known:
        return None
    groups = [_dot(each, language) for each in known]
    intervals = [each for each in groups if each["low"] is not None]
    ends = [each[key] for each in groups for key in ("predicted", "actual")]
    top = max(*ends, *(each["high"] for each in intervals), _LEAST_TOP) * 1.05
    title, total = language.text("chart.clv-calibration"), total_text(clv, language)
    return Chart(
        f"clv-calibration{size.ending}", "clv-calibration",
        {
            "diagonal": [{"from": 0, "to": top}], "intervals": intervals, "groups": groups,
            "total": [] if total is None else _lines(total, size.plot),
        },
        {
            "size": size.plot, "padding": size.padding, "domain": [0, top],
            "ticks": _ticks(top, _NEAR / size.plot),
            "x_title": language.text("axis.predicted"), "y_title": language.text("axis.actual"),
            "compact": language.texts["compact"], **grid_colours(_COLOURS),
        },
        title=title, description=title if total is None else f"{title}: {total}.",
        locale=language.locale,
    )  # fmt: skip


def total_text(clv: dict[str, Any], language: Language) -> str | None:
    """Return how many orders were made and predicted, and the difference; None if not known."""
    actual, predicted = clv["actual"], clv["predicted"]
    if actual is None or predicted is None:
        return None
    total = language.text(
        "clv.total", actual, actual=_short(Decimal(actual), language),
        predicted=orders_text(predicted, language),
    )  # fmt: skip
    if not actual:
        return total
    difference = difference_text(predicted, actual, language)
    return f"{total} {language.text('clv.difference', difference=difference)}"


def orders_text(orders: float, language: Language) -> str:
    """Return a sum of predicted orders: whole from 100 on, with one digit below."""
    exact = Decimal(repr(orders))
    if exact >= _LONG:
        return language.compact(exact)
    return language.number(exact, 0 if exact >= 100 else 1)


def mean_text(mean: float, language: Language) -> str:
    """Return a mean number of orders per customer, with at most three digits after the point."""
    exact = Decimal(repr(mean))
    if exact >= _LONG:
        return language.compact(exact)
    return language.number(exact, 3 if exact < 10 else 1)


def difference_text(predicted: float, actual: int, language: Language) -> str:
    """Return predicted less actual orders, as a share of the actual ones."""
    if not actual:
        return NOTHING
    return language.signed_share(Fraction(predicted) - actual, actual)


def _short(orders: Decimal, language: Language) -> str:
    return language.compact(orders) if orders >= _LONG else language.number(orders)


def _lines(total: str, room: float) -> list[dict[str, Any]]:
    lines = lines_in(total, room, 12, bold=True)
    last = len(lines) - 1
    return [{"text": text, "y": _ABOVE - _LINE * (last - n)} for n, text in enumerate(lines)]


def _dot(each: dict[str, Any], language: Language) -> dict[str, Any]:
    n = each["customers"]
    means = {"predicted": each["predicted"] / n, "actual": each["actual"] / n}
    ends = {key: each[key] for key in ("low", "high")}
    values = {key: mean_text(value, language) for key, value in means.items()}
    tooltip = language.text(
        "chart.clv-calibration.tooltip", group=each["group"], n=count_text(n, language), **values
    )
    if each["low"] is not None:
        low, high = (mean_text(value, language) for value in ends.values())
        tooltip += f" ({language.text('interval', low=low, high=high)})"
    return {**means, **ends, "tooltip": tooltip}


def _ticks(top: float, near: float) -> list[float]:
    """Return 0 and numbers that begin with 1, 2 or 5, on a root axis.

    They are at least the share `near` of the axis apart.
    """
    found: list[float] = []
    least = top * near**2  # a smaller one would touch 0
    for exponent in range(floor(log10(top)), floor(log10(least)) - 1, -1):
        for step in _STEPS:
            tick = float(f"{step}e{exponent}")
            is_far = not found or sqrt(found[-1] / top) - sqrt(tick / top) >= near
            if least <= tick <= top and is_far:
                found.append(tick)
    return [0.0, *reversed(found)]
