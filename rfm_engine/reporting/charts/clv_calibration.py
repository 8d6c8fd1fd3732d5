"""Calibration: actual orders of groups of customers over the orders that a model predicted."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor, log10, sqrt
from typing import Any

from rfm_engine.reporting.charts.painting import Document, count_text, grid_colours
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.language import NOTHING, Language

_SIZE = 330
_COLOURS = ("text", "muted", "grid", "bar")
_STEPS = (5, 2, 1)
# Ticks closer than this share of the axis would have labels that touch.
_NEAR = 0.09
_LEAST_TOP = 1e-6
# Above this, numbers of orders are written with three digits.
_LONG = 10**6


def calibration_chart(document: Document, language: Language) -> Chart | None:
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
        "clv-calibration", "clv-calibration",
        {
            "diagonal": [{"from": 0, "to": top}], "intervals": intervals, "groups": groups,
            "total": [] if total is None else [{"text": total}],
        },
        {
            "size": _SIZE, "domain": [0, top], "ticks": _ticks(top),
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
    return language.text(
        "clv.total", actual=_short(Decimal(actual), language),
        predicted=orders_text(predicted, language),
        difference=difference_text(predicted, actual, language),
    )  # fmt: skip


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


def _ticks(top: float) -> list[float]:
    """Return 0 and numbers that begin with 1, 2 or 5, apart from each other on a root axis."""
    found: list[float] = []
    least = top * _NEAR**2  # a smaller one would touch 0
    for exponent in range(floor(log10(top)), floor(log10(least)) - 1, -1):
        for step in _STEPS:
            tick = float(f"{step}e{exponent}")
            is_far = not found or sqrt(found[-1] / top) - sqrt(tick / top) >= _NEAR
            if least <= tick <= top and is_far:
                found.append(tick)
    return [0.0, *reversed(found)]
