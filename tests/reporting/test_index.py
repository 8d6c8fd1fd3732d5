"""The page that lists reports by date."""

from __future__ import annotations

from datetime import date

from rfm_engine.reporting.language import language_of
from rfm_engine.reporting.page.index import Entry, index_of
from rfm_engine.reporting.page.shell import is_page
from tests.reporting.browser import axe_violations, inject, sideways_scroll
from tests.reporting.contrast import text_contrasts
from tests.reporting.keyboard import keyboard_faults

ENTRIES = [
    Entry(date(2026, 2, 2), "as_of=2026-02-02/report.html", 1_234_567, -12),
    Entry(date(2026, 2, 1), "as_of=2026-02-01/report.html", 1_234_579, None),
    Entry(date(2026, 1, 31), "as_of=2026-01-31/report.html", None, None),
]


def index(title: str | None = None) -> str:
    return index_of(ENTRIES, language_of("en"), title, None)


def test_index__has_no_fault_in_a_browser(open_page):
    for dark in (False, True):
        opened = open_page(index("A <script>alert(1)</script> shop"), 400, dark=dark)
        assert axe_violations(opened) == []
        assert min(text.ratio for text in text_contrasts(opened)) >= 4.5
        assert keyboard_faults(opened) == []
        assert sideways_scroll(opened) == []
        assert opened.page.get_by_role("link", name="1 February 2026").is_visible()
        assert inject(opened) == []


def test_index__shows_numbers_as_they_are_and_for_people():
    text = index()
    assert '<data value="1234567">1,234,567</data>' in text
    assert '<data value="-12">\N{MINUS SIGN}12</data>' in text
    assert text.count('<td class="number">\N{EN DASH}</td>') == 3
    assert "<h1>Customer report</h1>" in text


def test_is_page__knows_our_pages(tmp_path):
    place = tmp_path / "index.html"
    assert not is_page(place)
    place.write_text(index("T" * 9_000), "utf-8")
    assert is_page(place)
    place.write_text("<h1>rfm-engine</h1>", "utf-8")
    assert not is_page(place)
    assert not is_page(tmp_path)
