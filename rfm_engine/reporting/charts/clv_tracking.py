"""Tracking: cumulative orders by week, as they were made and as a model expected them."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from rfm_engine.reporting.charts.clv_calibration import orders_text
from rfm_engine.reporting.charts.painting import Document, grid_colours
from rfm_engine.reporting.charts.sizes import PAGE, Size
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import page_colours
from rfm_engine.reporting.drawing.widths import lines_in, width_of
from rfm_engine.reporting.language import Language

_COLOURS = ("text", "muted", "grid", "bar", "warm")
# The line of a key, and the gap between its text and the next key.
_KEY, _GAP = 26, 24
# The labels of the axis of orders are at least this wide, and below the texts above the chart.
_AXIS = 20
# The baseline of the last line above the chart, the height of a line, and of one of a key.
_ABOVE, _LINE, _KEY_LINE = -5, 15, 18
_LEAST_TOP = 1.0
Row = dict[str, Any]


class _Scale(NamedTuple):
    """Where days are on the axis of weeks: 0 is the day before the first week."""

    start: int

    def week(self, day: str) -> float:
        """Return the weeks from the start to the end of a day."""
        return (date.fromisoformat(day).toordinal() - self.start) / 7


def tracking_chart(document: Document, language: Language, size: Size = PAGE) -> Chart | None:
    """Return both lines and the end of the fit; None without two points of actual orders."""
    clv = document.get("clv")
    if not clv or not clv["tracking"] or not clv["tracking"]["weeks"]:
        return None
    weeks = clv["tracking"]["weeks"]
    first = weeks[0]
    scale = _Scale(date.fromisoformat(first["last_day"]).toordinal() - 7 * first["week"])
    lines = {key: _line(weeks, key, scale) for key in ("actual", "expected")}
    if any(len(line) < 2 for line in lines.values()):
        return None
    orders = [point["orders"] for line in lines.values() for point in line]
    points = [point["week"] for line in lines.values() for point in line]
    domain = [min(orders), max(*orders, min(orders) + _LEAST_TOP)]
    keys = {key: language.text(f"chart.clv-tracking.{key}") for key in lines}
    fit = _fit(clv["fit_as_of"], scale, points)
    fit_text = _fit_text(clv["fit_as_of"], fit, size.plot, language)
    title = language.text("chart.clv-tracking")
    start = date.fromordinal(scale.start + 1).isoformat()
    return Chart(
        f"clv-tracking{size.ending}", "clv-tracking",
        {
            **lines, "keys": [keys], "fit": fit, "fit_text": fit_text,
            "ends": _ends(weeks, scale, language),
        },
        {
            "size": size.plot, "padding": size.padding, "domain": domain,
            "weeks": [min(points), max(points)], **_key_places(keys, len(fit_text), size.plot),
            "x_title": lines_in(
                language.text("axis.weeks", date=language.date(start)), size.plot, 12
            ),
            "y_title": language.text("axis.cumulative_orders"),
            "compact": language.texts["compact"], **grid_colours(_COLOURS),
        },
        title=title, description=_description(title, weeks, language), locale=language.locale,
    )  # fmt: skip


def _line(weeks: list[Row], key: str, scale: _Scale) -> list[Row]:
    """Return the points of a line that are known, from 0 if no week is left out."""
    name = f"{key}_cumulative"
    known = [each for each in weeks if each[name] is not None]
    zero = [{"week": 0.0, "orders": 0}] if weeks[0]["week"] == 1 else []
    return zero + [{"week": scale.week(each["last_day"]), "orders": each[name]} for each in known]


def _fit(day: str, scale: _Scale, points: list[float]) -> list[Row]:
    """Return the line at the end of the fit, and which share of the axis is left of it."""
    at, least, most = scale.week(day), min(points), max(points)
    return [{"at": at, "share": (at - least) / (most - least)}] if least <= at <= most else []


def _fit_text(day: str, fit: list[Row], room: float, language: Language) -> list[Row]:
    """Return the lines of text above the line at the end of the fit.

    They begin or end at the line, on the side that has more room. If they are wider, they are
    above the line as near as the width of the chart permits.
    """
    if not fit:
        return []
    lines = lines_in(language.text("chart.clv-tracking.fit", date=language.date(day)), room, 12)
    width, at = max(width_of(each, 12) for each in lines), fit[0]["share"] * room
    is_right = at > room / 2
    start = at - width if is_right else at
    align, x = ("right", at) if is_right else ("left", at)
    if not -_AXIS <= start <= room - width:
        align, x = "left", max(min(at - width / 2, room - width), 0)
    last = len(lines) - 1
    return [
        {"text": text, "align": align, "x": x, "y": _ABOVE - _LINE * (last - n)}
        for n, text in enumerate(lines)
    ]


def _key_places(keys: Row, n_lines: int, room: float) -> Row:
    """Return where the keys are: beside each other, or below each other without the room."""
    last = _ABOVE - _LINE * max(n_lines, 1) - _KEY_LINE + 2
    widths = {key: _KEY + 6 + width_of(text, 12) for key, text in keys.items()}
    half, first = widths["actual"] + _GAP, last
    if half + widths["expected"] > room:
        half, first = 0, last - _KEY_LINE
    return {
        "first_key": first, "last_key": last, "half": half, "half_line": half + _KEY,
        "half_text": half + _KEY + 6,
    }  # fmt: skip


def _ends(weeks: list[Row], scale: _Scale, language: Language) -> list[Row]:
    """Return the last points of both lines, if that of actual orders is known."""
    page = page_colours()
    fills = {"actual": page.bar.light, "expected": page.warm.light}
    last = weeks[-1]
    if last["actual_cumulative"] is None:
        return []
    return [
        {
            "week": scale.week(last["last_day"]), "orders": last[f"{key}_cumulative"],
            "fill": fill, "tooltip": _tooltip(last, language),
        }
        for key, fill in fills.items()
    ]  # fmt: skip


def _tooltip(each: Row, language: Language) -> str:
    return language.text(
        "chart.clv-tracking.tooltip", date=language.date(each["last_day"]),
        actual=language.number(each["actual_cumulative"]),
        expected=orders_text(each["expected_cumulative"], language),
    )  # fmt: skip


def _description(title: str, weeks: list[Row], language: Language) -> str:
    last = weeks[-1]
    if last["actual_cumulative"] is None:
        return title
    return f"{title}: {_tooltip(last, language)}."
