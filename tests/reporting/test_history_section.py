"""The history of the report document."""

from __future__ import annotations

import rfm_engine as rfm
from rfm_engine.reporting.document.history import history_of
from tests.reporting.conftest import DATES
from tests.reporting.shops import ORDERS


def test_history__of_cdnow(cdnow_history):
    found = history_of(cdnow_history)
    assert (found["dates"], found["left_out"]) == (DATES, 0)
    assert found["customers"] == [23_570] * 3
    counts = {each["name"]: each["customers"] for each in found["segments"]}
    assert counts["Champions"] == [3765, 4078, 4151]
    assert counts["New Customers"] == [0, 0, 0]
    assert next(iter(counts)) == "Champions"
    assert len(counts) == 10


def test_history__shows_the_newest_dates(cdnow_history):
    found = history_of(cdnow_history, most=2)
    assert (found["dates"], found["left_out"]) == (DATES[1:], 1)
    assert found["segments"][0] == {"name": "Champions", "customers": [4078, 4151]}


def test_history__takes_groups_together(tmp_path):
    for overall, n in ((True, 3), (False, 4)):
        history = rfm.History.create(tmp_path / str(n), by="shop", overall=overall)
        history.add(ORDERS, as_of="2026-03-31")
        assert history_of(history)["customers"] == [n]


def test_history__without_dates_is_empty(tmp_path):
    history = rfm.History.create(tmp_path / "history")
    assert history_of(history) == {"dates": [], "customers": [], "segments": [], "left_out": 0}
