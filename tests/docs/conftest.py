"""Reports that several tests of the documents read."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.docs import example_report as examples


@pytest.fixture(scope="session")
def whole_report(tmp_path_factory) -> rfm.Report:
    """A report with all sections except groups."""
    if not COMPILED:
        pytest.skip("takes a minute without the compiler")
    return examples.example_report(tmp_path_factory.mktemp("whole_report"))


@pytest.fixture(scope="session")
def grouped_reports(tmp_path_factory) -> list[rfm.Report]:
    """A report of groups, and the report of one of them."""
    if not COMPILED:
        pytest.skip("takes a minute without the compiler")
    return examples.grouped_reports(tmp_path_factory.mktemp("grouped_reports"))
