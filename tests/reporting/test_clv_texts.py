"""The texts of the charts of predicted orders: plural forms, and whether they fit on all pages."""

from __future__ import annotations

import pytest

from rfm_engine.reporting.charts.clv_calibration import calibration_chart, total_text
from rfm_engine.reporting.charts.clv_tracking import tracking_chart
from rfm_engine.reporting.charts.sizes import PAGE, PHONE
from rfm_engine.reporting.drawing.widths import lines_in, width_of
from rfm_engine.reporting.language import LANGUAGES, language_of
from rfm_engine.reporting.report import Report
from tests.reporting.test_clv_charts import LARGEST, document_of, group, week

MINUS = "\N{MINUS SIGN}"
GROUPS = (group("1", 10, 2.0, 1, 0.0, 0.3), group("2", 5, 4.0, 9, 1.5, 2.1))
# As long as texts of a real page get.
LONG = {"actual": 999_999, "predicted": 888_888.0, "fit_as_of": "2024-09-30"}
DAYS = (
    "2024-09-09",
    "2024-09-16",
    "2024-09-23",
    "2024-09-30",
    "2024-10-07",
    "2024-10-14",
    "2024-10-21",
)


def weeks_until(place):
    """Return weeks of which the fit is the one at a place."""
    days = DAYS[4 - place :][:4]
    return [week(n, day, 1000 * n, 900.0 * n, in_fit=n <= place) for n, day in enumerate(days, 1)]


@pytest.mark.parametrize(
    ("code", "actual", "predicted", "wanted"),
    [
        ("en", 0, 51.9, "0 actual orders, 51.9 predicted"),
        ("en", 1, 1.8, "1 actual order, 1.8 predicted (+80.0%)"),
        ("en", 2, 1.0, f"2 actual orders, 1.0 predicted ({MINUS}50.0%)"),
        ("en", LARGEST, 1e6, f"9,220,000,000B actual orders, 1.00M predicted ({MINUS}100.0%)"),
        ("es", 0, 1.8, "0 pedidos reales, 1,8 previstos"),
        ("es", 1, 1.8, "1 pedido real, 1,8 previstos (+80,0\u202f%)"),
        ("es", 2, 2.0, "2 pedidos reales, 2,0 previstos (0,0\u202f%)"),
    ],
)
def test_total__has_plural_forms_and_no_empty_brackets(code, actual, predicted, wanted):
    found = {"actual": actual, "predicted": predicted}
    assert total_text(found, language_of(code)) == wanted


@pytest.mark.parametrize("size", [PAGE, PHONE], ids=["page", "phone"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_total__fits_above_the_chart(code, size):
    chart = calibration_chart(document_of(*GROUPS, **LONG), language_of(code), size)
    lines = chart.spec["datasets"]["total"]
    assert [each["y"] for each in lines] == [-27, -10][-len(lines) :]
    assert all(width_of(each["text"], 12, bold=True) <= size.plot for each in lines)
    # No line ends inside a part that is laid out on its own.
    assert all(each["text"].count("\u2068") == each["text"].count("\u2069") for each in lines)
    assert " ".join(each["text"] for each in lines).count("(") == 1


@pytest.mark.parametrize("size", [PAGE, PHONE], ids=["page", "phone"])
@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("code", LANGUAGES)
def test_tracking__has_texts_within_its_width(code, place, size):
    document = document_of(weeks=weeks_until(place), **LONG)
    spec = tracking_chart(document, language_of(code), size).spec
    data = spec["datasets"]
    assert [each["at"] for each in data["fit"]] == [place]
    for each in data["fit_text"]:
        width = width_of(each["text"], 12)
        start = each["x"] - (width if each["align"] == "right" else 0)
        assert -20 <= start <= size.plot - width + 1e-9, each
    [key] = data["keys"]
    actual, expected = (layer for layer in spec["layer"] if is_text_of_key(layer))
    ends = [
        (layer["encoding"]["y"]["value"], layer["encoding"]["x"]["value"], width_of(text, 12))
        for layer, text in ((actual, key["actual"]), (expected, key["expected"]))
    ]
    assert all(x + width <= size.plot for _, x, width in ends)
    (first, _, width), (last, start, _) = ends
    assert first <= last - 18 or (first == last and width + 32 < start)
    assert last <= min(each["y"] for each in data["fit_text"]) - 12 - 6  # half of a line is 6


def is_text_of_key(layer):
    return layer["data"]["name"] == "keys" and layer["mark"]["type"] == "text"


def test_lines__do_not_break_what_is_laid_out_on_its_own():
    text = "one \u20682 three 4\u2069 five"
    assert lines_in(text, 1000, 12) == [text]
    assert lines_in(text, 10, 12) in (
        ["one", "\u20682 three 4\u2069 five"], ["one \u20682 three 4\u2069", "five"]
    )  # fmt: skip
    assert lines_in("\u20682 three 4\u2069", 10, 12) == ["\u20682 three 4\u2069"]


def test_dots__without_an_interval_are_hollow():
    pytest.importorskip("vl_convert")
    groups = (GROUPS[0], group("2", 1, 4.0, 9), group("3", 2, 4.0, 8))
    chart = calibration_chart(document_of(*groups), language_of("en"))
    dots = [each for each in chart.element.iter("path") if each.find("title") is not None]
    assert len(dots) == 3
    assert len({each.get("stroke") for each in dots}) == 1
    assert [each.get("fill") == each.get("stroke") for each in dots] == [True, False, False]


@pytest.mark.parametrize("code", LANGUAGES)
def test_page__has_charts_in_full_size_that_hold_their_texts(full, open_page, code):
    full["clv"] |= LONG
    full["clv"]["tracking"]["weeks"] = weeks_until(2)
    page = Report(full, code).html()
    for width in (360, 700, 1000):
        charts = open_page(page, width).run("charts", "#clv")
        assert len(charts) == 2
        assert [each["cut"] for each in charts] == [[], []], width
        assert all(each["scale"] > 0.98 for each in charts), charts
        assert all(each["size"] >= 11.7 for each in charts), charts
        assert abs(charts[0]["width"] - charts[1]["width"]) <= 20
