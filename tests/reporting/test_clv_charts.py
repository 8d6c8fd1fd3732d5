"""The charts and tables of predicted orders, also of strange numbers."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import pairwise
from math import sqrt

import pytest

from rfm_engine.reporting.charts.clv_calibration import (
    _ticks,
    calibration_chart,
    difference_text,
    mean_text,
    orders_text,
)
from rfm_engine.reporting.charts.clv_tracking import tracking_chart
from rfm_engine.reporting.language import LANGUAGES, NOTHING, language_of
from rfm_engine.reporting.page.clv import clv
from rfm_engine.reporting.page.elements import html_of
from rfm_engine.reporting.page.parts import View
from tests.conftest import COMPILED

EN = language_of("en")
MINUS = "\N{MINUS SIGN}"
LARGEST = 2**63 - 1


def group(name, customers, predicted, actual, low=None, high=None):
    return {
        "group": name, "customers": customers, "predicted": predicted, "actual": actual,
        "actual_squares": None, "low": low, "high": high,
    }  # fmt: skip


def week(number, day, orders, expected, *, in_fit):
    return {
        "week": number, "last_day": day, "actual": None, "expected": 0.5,
        "actual_cumulative": orders, "expected_cumulative": expected, "in_fit": in_fit,
    }  # fmt: skip


def document_of(*groups, weeks=(), **values):
    clv = {
        "family": "pareto-nbd", "fit_as_of": "2025-01-14", "days": 7, "customers": 20,
        "actual": 10, "predicted": 12.5,
        "calibration": [{"grouping": "equal_orders", "groups": [*groups]}] if groups else [],
        "tracking": {"weeks": [*weeks], "left_out": 0},
    }  # fmt: skip
    return {"clv": clv | values}


WEEKS = (
    week(1, "2025-01-07", 4, 3.5, in_fit=True),
    week(2, "2025-01-14", None, 6.0, in_fit=True),
    week(3, "2025-01-20", 9, 8.25, in_fit=False),  # six days
)


def test_calibration__has_means_of_groups():
    document = document_of(group("1", 10, 2.0, 1, 0.0, 0.3), group("2", 5, 4.0, 9, 1.5, 2.1))
    spec = calibration_chart(document, EN).spec
    data = spec["datasets"]
    values = [
        [row[key] for key in ("predicted", "actual", "low", "high")] for row in data["groups"]
    ]
    assert values == [[0.2, 0.1, 0.0, 0.3], [0.8, 1.8, 1.5, 2.1]]
    assert data["intervals"] == data["groups"]
    assert data["groups"][1]["tooltip"] == (
        "group 2: 0.800 predicted, 1.800 actual; customers: 5 (1.500 to 2.100)"
    )
    assert data["total"] == [{"text": "10 actual orders, 12.5 predicted (+25.0%)", "y": -10}]
    assert data["diagonal"] == [{"from": 0, "to": 2.1 * 1.05}]
    scales = [spec["layer"][0]["encoding"][axis]["scale"] for axis in "xy"]
    assert scales == [{"type": "sqrt", "domain": [0, 2.1 * 1.05], "nice": False}] * 2


def test_calibration__leaves_out_what_is_hidden_or_empty():
    hidden = (group("1", None, None, None), group("2", 0, 0.0, 0), group("3", 9, 1.0, None))
    assert calibration_chart(document_of(*hidden), EN) is None
    found = calibration_chart(
        document_of(*hidden, group("4", 2, 1.0, 1), actual=None, predicted=None), EN
    )
    data = found.spec["datasets"]
    assert (len(data["groups"]), data["intervals"], data["total"]) == (1, [], [])
    assert found.description == found.title
    assert calibration_chart(document_of(), EN) is None


@pytest.mark.parametrize("top", [1e-6, 0.003, 0.99, 1.0, 1.05, 7.3, 91.0, 1e4, 9e18])
@pytest.mark.parametrize("near", [0.09, 0.13])
def test_ticks__are_round_and_apart(top, near):
    first, *others = _ticks(top, near)
    assert first == 0
    assert 2 <= len(others) <= 9
    assert all(re.fullmatch(r"[125]e[+-]\d+", f"{tick:.0e}") for tick in others)
    places = [sqrt(tick / top) for tick in (first, *others)]
    assert all(later - before > near - 1e-4 for before, later in pairwise(places))
    assert places[-1] <= 1


def test_tracking__has_lines_from_zero_to_the_last_day():
    found = tracking_chart(document_of(weeks=WEEKS), EN)
    data = found.spec["datasets"]
    last = 20 / 7
    points = {
        key: [(row["week"], row["orders"]) for row in data[key]]
        for key in ("actual", "expected", "ends")
    }
    assert points == {
        "actual": [(0.0, 0), (1.0, 4), (last, 9)],
        "expected": [(0.0, 0), (1.0, 3.5), (2.0, 6.0), (last, 8.25)],
        "ends": [(last, 9), (last, 8.25)],
    }
    assert [each["at"] for each in data["fit"]] == [2.0]
    [text] = data["fit_text"]
    assert (text["text"], text["align"]) == ("seen until 14 January 2025", "right")
    assert text["x"] == pytest.approx(330 * 2 / last)
    titles = json.dumps(found.spec)
    assert "weeks from 1 January 2025" in titles
    assert found.description == f"{found.title}: until 20 January 2025: 9 actual, 8.2 predicted."


def test_tracking__begins_where_weeks_are_left_out():
    weeks = (WEEKS[2], week(4, "2025-01-28", 12, 9.0, in_fit=False))
    found = tracking_chart(document_of(weeks=weeks), EN)
    data = found.spec["datasets"]
    assert [row["orders"] for row in data["actual"]] == [9, 12]
    assert data["fit"] == []  # it ended before the first week that is shown


def test_tracking__needs_two_points():
    hidden = [row | {"actual_cumulative": None} for row in WEEKS[1:]]
    assert tracking_chart(document_of(weeks=hidden), EN) is None
    assert tracking_chart(document_of(), EN) is None
    assert tracking_chart(document_of(tracking=None), EN) is None
    assert tracking_chart({"clv": None}, EN) is None


def test_texts__of_numbers():
    assert [orders_text(n, EN) for n in (0.0, 9.25, 99.96, 1653.4, 3.2e7)] == [
        "0.0", "9.2", "100.0", "1,653", "32.0M"
    ]  # fmt: skip
    assert [mean_text(n, EN) for n in (0.0, 0.1384, 12.34, 5e8)] == [
        "0.000", "0.138", "12.3", "500M"
    ]  # fmt: skip
    assert difference_text(1653.4417, 1882, EN) == f"{MINUS}12.1%"
    assert difference_text(1882.0, 1882, EN) == "0.0%"
    assert difference_text(1.0, 0, EN) == NOTHING
    assert difference_text(1653.4417, 1882, language_of("es")) == f"{MINUS}12,1\u202f%"


STRANGE = {
    "one group": [group("1", 1, 0.0, 0, 0.0, 0.0)],
    "nothing predicted": [group("1", 9, 0.0, 5, 0.2, 0.9), group("2", 9, 0.0, 9, 0.8, 1.2)],
    "tiny": [group("1", LARGEST, 1e-300, 0, 0.0, 0.0)],
    "huge": [group("1", 1, 1e18, LARGEST, 0.0, 1e19), group("2", LARGEST, 1e18, LARGEST, 0.9, 1.1)],
    "hostile": [group("<script>'\"&]]>\0\ufffe \u0645\u062c\u0645\u0648\u0639\u0629", 5, 1.0, 2)],
}
MANY = [week(n, str(date.fromordinal(738_000 + 7 * n)), LARGEST - 261 + n, 1e18 + n, in_fit=n < 99)
        for n in range(1, 261)]  # fmt: skip


def section_of(document, code):
    """Return the section of a page and its charts, without the other sections."""
    language = language_of(code)
    charts = [build(document, language) for build in (calibration_chart, tracking_chart)]
    known = {chart.name: chart for chart in charts if chart is not None}
    found = clv(View(document, language, known, {}))
    return "" if found is None else html_of(found), known


@pytest.mark.skipif(not COMPILED, reason="pages are the same without the compiler")
@pytest.mark.parametrize("name", STRANGE)
def test_section__of_strange_numbers_is_drawn(name):
    pytest.importorskip("vl_convert")
    flat = [row | {"actual_cumulative": 0, "expected_cumulative": 0.0} for row in WEEKS]
    weeks = MANY if name == "huge" else flat
    document = document_of(*STRANGE[name], weeks=weeks, actual=LARGEST, predicted=1e18)
    page, charts = section_of(document, LANGUAGES[len(name) % 3])
    assert {*charts} == {"clv-calibration", "clv-tracking"}
    for chart in charts.values():
        assert not re.search(r"NaN|Infinity|undefined|null", chart.svg), chart
    assert "<script" not in page
    assert not {"\0", "\ufffe"} & {*page}
    assert len(page) < 150_000


def test_section__is_not_in_documents_from_before_it():
    assert section_of({}, "en") == ("", {})
    assert section_of({"clv": None}, "en") == ("", {})


def test_section__without_charts_has_its_tables():
    page, charts = section_of(document_of(group("1", None, None, None)), "en")
    assert charts == {}
    assert "<svg" not in page
    assert '<td class="number">*</td>' in page
