"""The table of options by history policy lists exactly the options that the code refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.docs.pages import ROOT, tables_of

PAGE = ROOT / "docs" / "explanation" / "states.md"
ROWS = [row for row in tables_of(PAGE) if len(row) == 3]
HEAD = next(n for n, row in enumerate(ROWS) if row[0] == "option")
SCORED = next(n for n, row in enumerate(ROWS) if row[0].startswith("when it is scored"))
CREATE = {row[0]: row[1:] for row in ROWS[HEAD:SCORED]}
SCORE = {row[0]: row[1:] for row in ROWS[SCORED:]}
POLICIES = ("lifetime", "rolling:30d")
OPTIONS_OF_CREATE = {
    "`--customer-level`": {"customer_level": True},
    "`--frequency days`": {"frequency": "days"},
}
OPTIONS_OF_SCORE = {
    "`--as-of newest`, the default": {},
    "`--window`": {"window": "30d"},
    "`--frequency orders`": {"frequency": "orders"},
    "`--frequency days`": {"frequency": "days"},
    "`--clv`, `--clv-unit`": {"clv": True, "clv_unit": "W"},
    "`--overall`": {"overall": True},
}
ORDERS = pa.table(
    {
        "customer_id": [1, 1, 2],
        "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
        "amount": [10, 4, 7],
    }
)


def is_refused(table: dict[str, list[str]], label: str, policy: str) -> bool:
    lifetime, rolling = table[label]
    cell = lifetime if policy == "lifetime" or rolling.startswith("the same") else rolling
    return cell.startswith("refused")


def check(done: Callable[[], Any], *, refused: bool) -> None:
    if not refused:
        done()
        return
    with pytest.raises(rfm.UsageError):
        done()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("label", OPTIONS_OF_CREATE)
def test_create__refuses_what_the_table_says(label, policy, tmp_path):
    options = OPTIONS_OF_CREATE[label]
    check(
        lambda: rfm.State.create(tmp_path / "state", history=policy, **options),
        refused=is_refused(CREATE, label, policy),
    )


@pytest.fixture(params=POLICIES)
def state(request, tmp_path: Path) -> rfm.State:
    made = rfm.State.create(tmp_path / "state", history=request.param)
    made.ingest(ORDERS, batch_id="october")
    return made


@pytest.mark.parametrize("label", OPTIONS_OF_SCORE)
def test_score__refuses_what_the_table_says(label, state):
    policy = state.summary()["history"]
    needs_window = "required" in SCORE["`--window`"][POLICIES.index(policy)]
    asked = {"as_of": "newest"} | ({"window": "30d"} if needs_window else {})
    options = asked | OPTIONS_OF_SCORE[label]
    check(lambda: rfm.score(state, **options), refused=is_refused(SCORE, label, policy))


def test_dates__are_refused_outside_of_what_the_table_says(state):
    rolling = state.summary()["history"] != "lifetime"
    window = {"window": "30d"} if rolling else {}
    oldest = "2026-09-29" if rolling else "2026-10-30"
    before = "2026-09-28" if rolling else "2026-10-29"
    for as_of in (oldest, "2026-10-30", "2027-12-31"):
        assert rfm.score(state, as_of=as_of, **window).as_of.isoformat() == as_of
    with pytest.raises(rfm.UsageError):
        rfm.score(state, as_of=before, **window)
