"""The charts of one document, byte for byte, as one version of vl-convert draws them."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from rfm_engine.reporting.report import Report
from tests.conftest import COMPILED
from tests.reporting.renew_golden import DOCUMENT, FOLDER

VERSION = "1.9.0.post1"
"""The version of vl-convert that drew the files. Another one may draw other bytes."""
NAMES = sorted(place.stem for place in FOLDER.glob("*.svg"))

pytest.importorskip("vl_convert")
pytestmark = pytest.mark.skipif(not COMPILED, reason="charts are the same without the compiler")


@pytest.fixture(scope="module")
def charts():
    installed = metadata.version("vl-convert-python")
    if installed != VERSION:
        pytest.skip(f"drawn with vl-convert {VERSION}; {installed} is installed")
    return Report(json.loads(DOCUMENT.read_text("utf-8"))).charts


def test_golden_charts__are_all_charts_of_the_document(charts):
    assert sorted(charts) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_golden_chart__has_the_same_bytes(charts, name):
    """After an intended change: python -m tests.reporting.renew_golden, and look at the files."""
    assert charts[name].svg == (FOLDER / f"{name}.svg").read_text("utf-8")
