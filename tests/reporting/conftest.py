"""A history of real orders, and a Chromium, each made once per test process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.reporting.browser import TIMEOUT, OpenPage, Window, chromium_path
from tests.reporting.renew_golden import DOCUMENT

DATES = ["1997-12-31", "1998-05-31", "1998-06-30"]


@pytest.fixture(scope="session")
def cdnow_history(cdnow, tmp_path_factory) -> rfm.History:
    """CDNOW, classic, at the ends of 1997, of May and of June 1998."""
    if not COMPILED:
        pytest.skip("takes minutes without the compiler")
    history = rfm.History.create(tmp_path_factory.mktemp("cdnow") / "history")
    history.build(cdnow, as_of=DATES)
    return history


@pytest.fixture
def full() -> dict[str, Any]:
    """Return a report document with all sections but the list of groups."""
    return json.loads(DOCUMENT.read_text("utf-8"))


# Not for the session: an event loop runs beside it, and tests of other packages may start theirs.
@pytest.fixture(scope="package")
def window() -> Iterator[Window]:
    if not COMPILED:
        pytest.skip("pages are the same without the compiler")
    path = chromium_path()
    if path is None:
        pytest.skip("needs chromium, chromium-browser or google-chrome on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"], timeout=TIMEOUT
        )
        yield Window(chromium)
        chromium.close()


@pytest.fixture
def open_page(window) -> Callable[..., OpenPage]:
    """Return the function that opens HTML or a file, at a width, light or dark."""
    return window.open_page
