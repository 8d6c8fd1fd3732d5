"""The page of a report: the numbers of the document, and nothing that should not be in it."""

from __future__ import annotations

import json
import re
from html import escape

import pytest

import rfm_engine as rfm
from rfm_engine.reporting.language import LANGUAGES, language_of
from rfm_engine.reporting.page.findings import MOST
from rfm_engine.reporting.report import Report
from tests.conftest import COMPILED, DEEP
from tests.reporting import scorings
from tests.reporting.read_page import tables_of, tags_of
from tests.reporting.renew_golden import DOCUMENT

pytest.importorskip("vl_convert")
pytestmark = pytest.mark.skipif(not COMPILED, reason="pages are the same without the compiler")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'&]]> \u0645\u0646\0\ufffe"


TEXTS = language_of("en").texts
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "nav", "main",
    "section", "div", "p", "span", "a", "ul", "li", "dl", "dt", "dd", "data", "table", "caption",
    "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption", "fieldset",
    "legend", "input", "label", "svg", "g", "path", "rect", "line", "circle", "text", "tspan",
    "desc", "defs", "clippath",
}  # fmt: skip


@pytest.fixture(scope="module")
def document():
    return json.loads(DOCUMENT.read_text("utf-8"))


@pytest.fixture(scope="module")
def report(document):
    return Report(document)


@pytest.fixture(scope="module")
def page(report):
    return report.html()


@pytest.fixture(scope="module")
def cells(page):
    """Return the function that reads some columns of a table of the page."""
    tables = tables_of(page)
    return lambda name, *columns: columns_of(tables, name, *columns)


def columns_of(tables, name, *columns):
    start = TEXTS[f"caption.{name}"].split("{")[0]
    [rows] = [rows for caption, rows in tables.items() if caption.startswith(start)]
    return [[row[column] for column in columns] for row in rows]


def texts(rows, *keys):
    return [[str(row[key]) for key in keys] for row in rows]


SUMS = ("customers", "orders", "monetary")


def test_segment_table__has_the_numbers_of_the_document(cells, document):
    own = cells("segments", 0, 1, 4 - 1, 4)
    assert own == texts(document["segments"], "name", *SUMS)


def test_score_tables__have_the_numbers_of_the_document(cells, document):
    wanted = [
        [f"R{each['r']} F{each['f']}", each["segment"], *map(str, map(each.get, SUMS))]
        for each in reversed(document["grid"]["cells"])
    ]
    assert cells("scores", 0, 1, 2, 3, 4) == wanted
    scored = [
        [f"{axis[0].upper()}{score}", str(customers)]
        for axis, found in document["distributions"].items()
        for score, customers in reversed([*enumerate(found["scores"], 1)])
    ]
    assert cells("cuts", 0, 3) == scored


def test_concentration_table__has_the_numbers_of_the_document(cells, document):
    wanted = [
        [f"{each['percent']}%", str(each["customers"]), each["monetary"]]
        for each in document["concentration"]["best"]
        if each["percent"] in (1, 5, 10, 20, 50)
    ]
    assert cells("concentration", 0, 1, 2) == wanted


def test_movement_tables__have_the_numbers_of_the_document(cells, document):
    moves = [
        each
        for each in document["movement"]["matrix"]
        if each["from"] is not None and each["from"] != each["to"]
    ]
    wanted = {tuple(row) for row in texts(moves, "from", "to", "customers", "monetary_from")}
    own = [tuple(row) for row in cells("moves", 0, 1, 2, 3)]
    assert len(own) == 10
    assert {*own} <= wanted
    sizes = sorted((each["customers"] for each in moves), reverse=True)
    assert [int(row[2]) for row in own] == sizes[:10]
    falls = cells("falls", 0, 1, 2, 3)
    assert {tuple(row) for row in falls} <= wanted
    effects = cells("effects", 1, -1)
    known = [each for each in document["movement"]["effects"] if each["segment"] is not None]
    assert effects == texts(known, "n0", "n1")


def test_retention_and_cohort_tables__have_the_numbers_of_the_document(cells, document):
    own = cells("retention", 0, 1, 2, 5)
    assert own == texts(document["retention"]["segments"], "segment", "size", "retained", "spend")
    own = cells("cohorts", 0, 2, 3, 5)
    wanted = texts(document["cohorts"]["cells"], "cohort", "customers", "active", "monetary")
    assert own == [[cohort[:7], *numbers] for cohort, *numbers in wanted]


def test_history_table__has_the_numbers_of_the_document(cells, document):
    found = document["history"]
    columns = range(1 + 1 + len(found["segments"]))
    rows = cells("history", *columns)
    by_segment = [each["customers"] for each in found["segments"]]
    wanted = [[*map(str, numbers)] for numbers in zip(found["customers"], *by_segment, strict=True)]
    assert [row[1:] for row in rows] == wanted[::-1]


def test_clv_tables__have_the_numbers_of_the_document(cells, document):
    clv = document["clv"]
    for each in clv["calibration"]:
        wanted = texts([*each["groups"], clv | {"group": "all"}], "group", "customers", "actual")
        assert cells(f"clv.{each['grouping']}", 0, 1, 6) == wanted
    own = cells("clv.weeks", 2, 4)
    assert own == texts(clv["tracking"]["weeks"], "actual", "actual_cumulative")


def test_group_table__has_the_numbers_of_the_document(tmp_path):
    report = rfm.report(scorings.scored(tmp_path / "c.parquet", "by"), top=3)
    groups = report.document["groups"]
    own = columns_of(tables_of(report.html()), "groups", 1, 2, 3)
    assert own == texts([*groups["list"], groups["rest"]], *SUMS)


def test_figures__have_the_numbers_of_the_document(page, document):
    values = re.findall(r'<data value="([^"]*)"', page.split("<main")[0])
    assert values == [str(document["head"][key]) for key in SUMS]


def test_page__is_the_same_from_the_file_of_its_document(document, page, tmp_path):
    place = tmp_path / "report.json"
    Report(document).save(place)
    rfm.report(place).save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == page
    again = rfm.report(place, title="Another", currency_sign="EUR")
    assert (again.document["title"], again.document["currency_sign"]) == ("Another", "EUR")
    assert rfm.report(document).document == document


def test_page__has_no_scripts_links_out_comments_and_styles_of_elements(page):
    without_style = re.sub(r"(?s)<style>.*?</style>", "", page)
    assert not re.search(
        r"<script|<!--|<iframe|<object|<embed|<base|<form|javascript:|@import", page
    )
    assert not re.search(r"\s(style|on\w+|src|srcset|action)=", without_style)
    assert "url(" not in re.search(r"(?s)<style>(.*?)</style>", page)[1]
    assert {*re.findall(r'href="([^"]*)"', page)} == {
        f"#{each}" for each in re.findall(r'<section id="([^"]*)"', page)
    }
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert len(page.encode()) <= 400_000


def test_page__escapes_names_and_titles(full):
    text = json.dumps(full)
    for each in full["segments"]:
        text = text.replace(json.dumps(each["name"]), json.dumps(f"{HOSTILE} {each['name']}"))
    document = json.loads(text)
    document |= {"title": HOSTILE, "currency_sign": HOSTILE[:31]}
    for table in document["affinity"]:
        table["attribute"] = HOSTILE
    report = Report(document)
    page = report.html()
    assert tags_of(page) <= TAGS
    assert page.count(escape("<script>alert(1)</script>", quote=False)) > 20
    assert not {"\0", "\ufffe"} & {*page}
    assert all("<script" not in chart.svg for chart in report.charts.values())


def test_page__names_the_sections_that_are_lacking_and_their_options(tmp_path):
    page = rfm.report(scorings.scored(tmp_path / "c.parquet", "classic")).html()
    for option in ("--before", "--rows", "--insight"):
        assert option in page
    sections = re.findall(r'<section id="([^"]*)"', page)
    assert sections == [
        "findings", "segments", "scores", "concentration", "distributions", "method"
    ]  # fmt: skip


def test_page__hides_paths_unless_they_are_to_be_shown(tmp_path):
    snapshot = scorings.scored(tmp_path / "customers.parquet", "classic")
    report = rfm.report(snapshot)
    assert str(tmp_path) not in report.html() + report.json()
    assert str(tmp_path) in rfm.report(snapshot, show_paths=True).json()


@pytest.mark.parametrize("code", LANGUAGES)
def test_tables__have_other_names_than_sections(code):
    """Screen readers list both as regions of the page."""
    texts = language_of(code).texts
    sections, captions = (
        {text for key, text in texts.items() if key.startswith(start) and isinstance(text, str)}
        for start in ("section.", "caption.")
    )
    assert sections
    assert sections.isdisjoint(captions)


def test_findings__are_at_most_six_sentences(page):
    [found] = re.findall(r'(?s)<section id="findings".*?</section>', page)
    assert 4 <= found.count("<li>") <= MOST == 6


@pytest.mark.parametrize("name", scorings.OPTIONS)
def test_page__exists_for_every_way_of_scoring(tmp_path, name):
    report = rfm.report(scorings.scored(tmp_path / "customers.parquet", name))
    assert {"treemap-customers", "dist-recency", "concentration"} <= {*report.charts}
    if DEEP or name == "qcut-drop":
        own = columns_of(tables_of(report.html()), "segments", 0, 1, 3, 4)
        assert own == texts(report.document["segments"], "name", *SUMS)


def test_repr_html__is_a_frame_that_cannot_run_scripts(report, document, page):
    frame = report._repr_html_()
    assert frame.startswith('<iframe sandbox srcdoc="')
    assert escape(page) in frame
    assert repr(report) == f"<rfm_engine.Report of {document['head']['customers']:,} customers>"
