"""Pages of documents with hidden counts: a page says nothing that hidden counts would change."""

from __future__ import annotations

import json
import re

import pytest

from rfm_engine.reporting.charts.painting import HIDDEN
from rfm_engine.reporting.document.disclosure import suppressed
from rfm_engine.reporting.report import Report
from tests.conftest import COMPILED
from tests.reporting.renew_golden import DOCUMENT

pytest.importorskip("vl_convert")
pytestmark = pytest.mark.skipif(not COMPILED, reason="pages are the same without the compiler")


@pytest.fixture(scope="module")
def hidden() -> Report:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    return Report(suppressed(document, 4) | {"min_cell": 4})


def test_matrix__of_a_row_with_a_hidden_cell_has_counts_instead_of_shares(hidden):
    matrix = hidden.document["movement"]["matrix"]
    [start, *_] = [each["from"] for each in matrix if each["customers"] is None]
    cells = hidden.charts["movement"].spec["datasets"]["cells"]
    own = [each for each in cells if each["tooltip"].startswith(f"{start} ")]
    shown = {each["text"] for each in own} - {""}
    assert HIDDEN in shown
    assert not [text for text in shown if "%" in text]


def test_flows__are_not_drawn_with_hidden_moves(hidden):
    assert "movement" in hidden.charts
    assert "flows" not in hidden.charts


def test_findings__leave_out_falls_of_which_one_is_hidden(hidden):
    page = hidden.html()
    [section] = re.findall(r'<section id="findings".*?</section>', page, re.DOTALL)
    assert "fell from" not in section
    assert "spend at stake" not in page
    assert "A star (*) is a hidden count" in page
