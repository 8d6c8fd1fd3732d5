"""Histories of real orders for flows, made once per test process; each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, DEEP
from tests.history.conftest import MONTH_ENDS

JOURNEY = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip

Copy = Callable[[], rfm.History]


def copies(place: Path, folder: Path) -> Copy:
    """Return a function that copies a history, without the runs of flows of other tests."""
    places = iter(folder / f"copy-{number}" for number in range(100))
    return lambda: rfm.History.open(shutil.copytree(place, next(places)))


@pytest.fixture(scope="session")
def cdnow_place(cdnow, tmp_path_factory) -> Path:
    if not COMPILED:
        pytest.skip("takes minutes without the compiler")
    place = tmp_path_factory.mktemp("cdnow-flows") / "history"
    # The deep profile has all 18; the flows of a test run at three of them, or at the last two.
    days = MONTH_ENDS if DEEP else [*MONTH_ENDS[2:5], *MONTH_ENDS[-2:]]
    rfm.History.create(place).build(cdnow, as_of=days)
    return place


@pytest.fixture
def cdnow_copy(cdnow_place, tmp_path) -> Copy:
    """Return a function that copies CDNOW at month ends, classic."""
    return copies(cdnow_place, tmp_path)
