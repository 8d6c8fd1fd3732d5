"""A history of real orders, made once per test process."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED

DATES = ["1997-12-31", "1998-05-31", "1998-06-30"]


@pytest.fixture(scope="session")
def cdnow_history(cdnow, tmp_path_factory) -> rfm.History:
    """CDNOW, classic, at the ends of 1997, of May and of June 1998."""
    if not COMPILED:
        pytest.skip("takes minutes without the compiler")
    history = rfm.History.create(tmp_path_factory.mktemp("cdnow") / "history")
    history.build(cdnow, as_of=DATES)
    return history
