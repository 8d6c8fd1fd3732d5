"""Each insight table has a page, with exactly the columns of its result and all sections."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import answer_script, checked_options, parameters_of
from rfm_engine.insight.tables import TABLES
from rfm_engine.query.sql_file import parse_sql
from rfm_engine.simulate import simulate
from tests.docs.pages import INSIGHT, ROOT, prose_of

INDEX = INSIGHT / "index.md"
PAGES = sorted(page for page in INSIGHT.glob("*.md") if page != INDEX)
# The results that the column tables of a page describe: tables with options. Most pages have one.
DESCRIBED = {page.stem: [(page.stem, {})] for page in PAGES} | {
    "concentration": [("concentration", {}), ("concentration-make", {}), ("gini", {})],
    "affinity": [("affinity", {}), ("affinity", {"mode": "spend"})],
    "cohort": [("cohort", {"attribute": "channel"})],
}
SECTIONS = ["Example", "Columns", "Formula", "What not to conclude", "Related pages"]
MOST_WORDS = 600
OWN = ROOT / "docs" / "how-to" / "write-your-own-insight.md"


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    return pa.table(simulate(customers=40, orders=200, lines=True))


@pytest.fixture(scope="module")
def snapshot(orders, tmp_path_factory) -> rfm.Snapshot:
    path = tmp_path_factory.mktemp("insight") / "customers.parquet"
    rfm.score(orders, as_of="newest", order="order_id", output=path)
    return rfm.read_snapshot(path)


def column_tables(page: Path) -> list[list[str]]:
    """Return the names in the first cells of each table of columns."""
    section = section_of(page, "Columns")
    return [names_in(table) for table in section.split("| column | unit | meaning |\n")[1:]]


def section_of(page: Path, heading: str) -> str:
    return prose_of(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def names_in(table: str) -> list[str]:
    """Return the names in the first cells."""
    cells = re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)
    return re.findall(r"`(\w+)`", " ".join(cells))


def test_tables__all_have_a_page():
    described = [name for tables in DESCRIBED.values() for name, _ in tables]
    assert {*described} == {*TABLES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__lists_exactly_the_columns_of_the_result(page, orders, snapshot):
    found = []
    for name, options in DESCRIBED[page.stem]:
        needs = TABLES[name].needs_attribute
        attribute = {"attribute": "channel"} if needs else {}
        table = rfm.insight.run(name, snapshot, rows=orders, **attribute, **options)
        found.append(table.column_names)
    assert [sorted(names) for names in column_tables(page)] == [sorted(names) for names in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page__has_all_sections_and_says_what_it_needs(page):
    text = prose_of(page)
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [name for name in sections if name in SECTIONS] == SECTIONS
    assert re.match(rf"# {page.stem}: \w", text)
    opening = text.partition("\n## ")[0]
    assert "**What you need.** A snapshot" in opening
    assert "(index.md#the-files-of-the-examples)" in " ".join(opening.split())


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.stem)
def test_page__is_short(page):
    text = re.sub(r"\]\([^)]*\)", "]", prose_of(page))
    words = [word for word in text.split() if re.search(r"\w", word)]
    assert len(words) < MOST_WORDS


def test_own_insight__has_the_relations_that_the_page_lists(orders, snapshot):
    tables = section_of(OWN, "Relations").split("| column | meaning |\n")[1:]
    for relation, table in zip(("customers", "orders", "lines"), tables, strict=True):
        query = parse_sql("columns", f"select * from {relation} limit 0")
        found = answer_script(query, snapshot, orders, {}).table.column_names
        # The number of the group is replaced by the group.
        assert {*names_in(table)} <= {*found, "group_id"}, relation


def test_own_insight__has_the_parameters(snapshot):
    listed = re.findall(r"`\$(\w+)`", section_of(OWN, "Parameters"))
    assert {*listed} == {*parameters_of(snapshot, checked_options({}))}


def test_index__has_each_page_under_one_question():
    section = INDEX.read_text().partition("\n## Which table")[2].partition("\n## ")[0]
    linked = re.findall(r"^\|.*\|.*$", section, re.MULTILINE)
    pages = re.findall(r"\]\(([\w-]+)\.md\)", "\n".join(linked))
    assert sorted(pages) == [page.stem for page in PAGES]
