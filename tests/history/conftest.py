"""Histories for several tests."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED

MONTH_ENDS = [
    date(year, month, monthrange(year, month)[1])
    for year, months in ((1997, 12), (1998, 6))
    for month in range(1, months + 1)
]


@pytest.fixture(scope="session")
def cdnow_history(cdnow, tmp_path_factory) -> rfm.History:
    """CDNOW at 18 month ends, with cut points of each month end."""
    if not COMPILED:
        pytest.skip("takes minutes without the compiler")
    history = rfm.History.create(tmp_path_factory.mktemp("cdnow") / "history")
    for day in MONTH_ENDS:
        history.add(cdnow, as_of=day)
    return history
