"""The examples of the how-to about Spark run, and print what the page shows."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT
from tests.docs.test_docs_run import ON_SPARK, check_examples


@pytest.mark.usefixtures("spark")
def test_how_to__runs_and_prints_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_examples(ROOT / "docs" / "how-to" / ON_SPARK, tmp_path)
