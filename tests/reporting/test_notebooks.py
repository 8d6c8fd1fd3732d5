"""Comparisons and insight tables as HTML in notebooks."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.insight.notebooks import show_in_notebooks, table_html
from rfm_engine.movement import Comparison
from rfm_engine.movement.summary_html import summary_html
from rfm_engine.result.table_origin import METADATA_KEY
from tests.reporting.shops import ORDERS, scored

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
BEGIN, END = "2026-02-28", "2026-03-31"


def cells_of(html: str) -> list[list[list[str]]]:
    """Return the texts of the cells of each table; the HTML must be well-formed."""
    root = ElementTree.fromstring(f"<div>{html}</div>")
    return [
        [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in root.iter("table")
    ]


def test_comparison__has_sizes_matrix_and_effects(tmp_path):
    compared = Comparison(*(scored(tmp_path, day) for day in (BEGIN, END)))
    html = compared._repr_html_()
    assert re.search(r"<p>(.*?)</p>", html)[1] == (
        f"{BEGIN} to {END}: 2 customers, then 3 (1 entered, 0 left); 0.0% in the same segment"
    )
    matrix, effects = cells_of(html)
    assert matrix[0][0] == "from \\ to"
    assert (matrix[0][-1], matrix[-1][0]) == ("(left)", "(entered)")
    assert matrix[-1][matrix[0].index("About To Sleep")] == "1"
    assert effects[0][:6] == ["segment", "n0", "aged", "behaviour", "threshold", "n1"]
    assert effects[-1][:6] == ["(none)", "1", "0", "-1", "0", "0"]


def test_comparison__of_ranks_has_no_effects(tmp_path):
    options = {"method": "ntile"} | {f"{axis}_cuts": None for axis in "rfm"}
    compared = Comparison(*(scored(tmp_path, day, **options) for day in (BEGIN, END)))
    assert len(cells_of(compared._repr_html_())) == 1


def test_summary_html__is_escaped():
    matrix = [{"from": HOSTILE, "to": HOSTILE, "customers": 1}]
    html = summary_html("a to b", matrix, [{"segment": HOSTILE, "n0": 1}])
    assert "<img" not in html
    assert cells_of(html)[0] == [["from \\ to", HOSTILE], [HOSTILE, "1"]]


def test_table_html__is_escaped():
    table = pa.table({HOSTILE: [HOSTILE, None], "n": [1234, 5], "x": [0.25, None]})
    html = table_html(table)
    assert "<img" not in html
    assert cells_of(html) == [
        [[HOSTILE, "n", "x"], [HOSTILE, "1,234", "0.25"], ["", "5", ""]],
    ]  # fmt: skip


def test_table_html__has_40_rows():
    html = table_html(pa.table({"n": range(50)}))
    assert len(cells_of(html)[0]) == 41
    assert html.endswith("<p>... and 10 more rows</p>")


class Html:
    """The part of IPython's HTML formatter that is used: functions by type."""

    def __init__(self) -> None:
        self.type_printers = {}

    def for_type(self, kind, function):
        self.type_printers[kind] = function


@pytest.fixture
def formatter(monkeypatch):
    html = Html()
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": html}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return html


def test_run__shows_its_tables_in_notebooks(tmp_path, formatter):
    table = rfm.insight.run("gini", scored(tmp_path, END), rows=ORDERS)
    assert type(table) is pa.Table
    show = formatter.type_printers[pa.Table]
    assert cells_of(show(table))[0][0] == table.column_names
    assert show(pa.table({"a": [1]})) is None


def test_show__keeps_how_other_tables_are_shown(formatter):
    formatter.for_type(pa.Table, lambda table: f"{table.num_rows} rows")
    show_in_notebooks()
    show_in_notebooks()
    show = formatter.type_printers[pa.Table]
    plain = pa.table({"a": [1]})
    assert show(plain) == "1 rows"
    assert show(plain.replace_schema_metadata({METADATA_KEY: "{}"})).startswith("<table>")


def test_show__needs_a_running_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    show_in_notebooks()
