"""Pages of reports in Chromium: no fault, whatever the customers and the names are."""

from __future__ import annotations

import re
from html import unescape

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, DEEP
from tests.reporting import shown
from tests.reporting.page_faults import faults_of, faults_without_contrast
from tests.reporting.printing import print_pdf

pytest.importorskip("vl_convert")
pytestmark = pytest.mark.skipif(not COMPILED, reason="pages are the same without the compiler")
deep = pytest.mark.skipif(not DEEP, reason="takes up to a minute per page")
COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def test_golden_page__has_no_fault(open_page, tmp_path):
    page = shown.golden(tmp_path).html()
    assert faults_of(open_page, page) == []


def test_hostile_page__runs_nothing_and_stays_whole(open_page, tmp_path):
    report = shown.hostile(tmp_path)
    page = report.html()
    check = faults_of if DEEP else faults_without_contrast
    assert check(open_page, page) == []
    for name in shown.HOSTILE_NAMES[:10]:
        assert unescape(page).count(name) > 5
    opened = open_page(page)
    assert opened.page.title() == shown.HOSTILE_NAMES[1]
    assert opened.page.locator("script, img, b, iframe").count() == 0
    assert opened.page.locator("style").count() == 1
    assert opened.page.locator("body").is_visible()
    assert str(tmp_path) not in page + report.json()
    assert shown.MARK not in page + report.json()


@deep
@pytest.mark.parametrize(
    "made", [shown.five_types, shown.one_customer, shown.no_customer, shown.marketplace]
)
def test_page__has_no_fault(open_page, tmp_path, made):
    report = made(tmp_path)
    assert faults_of(open_page, report.html()) == []
    assert str(tmp_path) not in report.html() + report.json()


@deep
def test_journey_page__has_no_fault_and_few_sheets(open_page, tmp_path):
    report = shown.journey(tmp_path)
    page = report.html()
    assert faults_of(open_page, page) == []
    assert str(tmp_path) not in page + report.json()
    assert print_pdf(open_page(page), tmp_path / "page.pdf") <= 6


@deep
def test_cdnow_page__has_no_fault_and_no_customer(open_page, tmp_path, cdnow):
    history = rfm.History.create(tmp_path / "history")
    history.build(cdnow, as_of="month-ends:1997-01..1998-06")
    report = rfm.report(history, rows=cdnow, title="CDNOW")
    page = report.html()
    assert faults_of(open_page, page) == []
    ids = {*cdnow["customer_id"].to_pylist()}
    assert all(len(each) == 5 for each in ids)
    without_colours = COLOUR.sub("", page) + report.json()
    found = {*re.findall(r"(?<![\d.,])\d{5}(?![\d.,])", without_colours)} & ids
    # Numbers that are ids by chance: customers and points of the concentration curve.
    assert found <= numbers_of(report.document)


def numbers_of(value: object) -> set[str]:
    """Return all integers of a document as text."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(numbers_of, value))
    return {str(value)}
