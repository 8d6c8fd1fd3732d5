"""Each table of movement has a page, with exactly the columns of its result and all sections."""

from __future__ import annotations

import re

import pytest

import rfm_engine as rfm
from rfm_engine.movement import Comparison
from rfm_engine.movement.tables import TABLES
from rfm_engine.simulate import simulate
from tests.docs.pages import MOVEMENT, prose_of
from tests.docs.test_insight_pages import MOST_WORDS, SECTIONS, column_tables

INDEX = MOVEMENT / "index.md"
PAGES = sorted(page for page in MOVEMENT.glob("*.md") if page != INDEX)
# The results that the column tables of a page describe: options of the table, and of scoring.
DESCRIBED = {page.stem: [({}, {})] for page in PAGES} | {
    "effects": [({}, {}), ({}, {"window": "90d"}), ({"effects": "shapley"}, {})],
    "retention": [({}, {}), ({"within": "30d"}, {})],
}


def test_tables__all_have_a_page_under_one_question():
    assert {page.stem for page in PAGES} == {*TABLES}
    section = INDEX.read_text().partition("\n## Which table")[2].partition("\n## ")[0]
    linked = re.findall(r"\]\(([\w-]+)\.md\)", section)
    assert sorted(linked) == sorted(TABLES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__lists_exactly_the_columns_of_the_result(page, tmp_path):
    orders = simulate(customers=40, orders=200).read_all()
    found = []
    for options, scoring in DESCRIBED[page.stem]:
        both = []
        for day in ("2025-06-30", "2025-12-31"):
            place = tmp_path / f"{day}.parquet"
            rfm.score(orders, as_of=day, output=place, sort="customer", **scoring)
            both.append(rfm.read_snapshot(place))
        rows = None if page.stem == "effects" else orders
        table = Comparison(*both, rows=rows).table(page.stem, **options).table
        found.append(table.column_names)
    assert [sorted(names) for names in column_tables(page)] == [sorted(names) for names in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__has_all_sections_and_says_what_it_needs(page):
    text = prose_of(page)
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [name for name in sections if name in SECTIONS] == SECTIONS
    assert re.match(rf"# {page.stem}: \w", text)
    opening = text.partition("\n## ")[0]
    assert "**What you need.** A history" in opening
    assert "(index.md#the-files-of-the-examples)" in " ".join(opening.split())
    words = [word for word in re.sub(r"\]\([^)]*\)", "]", text).split() if re.search(r"\w", word)]
    assert len(words) < MOST_WORDS
