"""Campaigns of the report document, from the table of a campaign report."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.reporting.document.tables import tables_in
from tests.reporting.shops import orders_of, scored

TREATED, HELD_OUT = ([f"{arm}{n}" for n in range(10)] for arm in "th")
PEOPLE = [*TREATED, *HELD_OUT]
# 8 of 10 treated customers buy, and 2 of 10 of those held out.
ORDERS = orders_of(
    [(who, "2026-01-05", "10.00", "A") for who in PEOPLE]
    + [(who, "2026-03-02", "5.00", "A") for who in (*TREATED[:8], *HELD_OUT[:2])]
    + [("late", "2026-03-31", "1.00", "B")]
)


@pytest.mark.parametrize("options", [{}, {"by": "shop", "overall": True}])
def test_campaigns__say_what_they_brought(tmp_path, options):
    days = "2026-02-28", "2026-03-31"
    before, after = (scored(tmp_path, day, ORDERS, **options) for day in days)
    pq.write_table(pa.table({
        "customer_id": PEOPLE, "campaign": ["spring"] * 20,
        **({"shop": ["A"] * 20} if options else {}),
        "arm": ["treated"] * 10 + ["holdout"] * 10,
        "contacted_on": [date(2026, 3, 1)] * 20, "cost_minor": [25] * 10 + [0] * 10,
    }), tmp_path / "assigned.parquet")  # fmt: skip
    report = rfm.campaign.report(
        before, assigned=tmp_path / "assigned.parquet", rows=ORDERS, attribution_days=3,
        margin="50%",
    )  # fmt: skip
    folder = tmp_path / "tables"
    folder.mkdir()
    pq.write_table(report.table, folder / "any.parquet")
    [found] = tables_in(folder, after).campaigns
    assert json.loads(json.dumps(found)) == found
    whole, segments = found.pop("all"), found.pop("segments")
    assert found == {
        "campaign": "spring", "group": "A" if options else None, "from": "2026-03-01",
        "to": "2026-03-04", "design": "holdout", "caveat": None,
    }  # fmt: skip
    names = ("segment", "targeted", "held_out", "buyers", "buyers_held_out", "spend", "cost")
    assert [whole[name] for name in names] == ["(all)", 10, 10, 8, 2, "40.00", "2.50"]
    assert (whole["conversion"], whole["conversion_held_out"]) == (0.8, 0.2)
    assert whole["conversion_uplift"] == 0.6
    assert whole["conversion_uplift_low"] > 0
    assert (whole["incremental_spend"], whole["incremental_margin"]) == ("30.00", "15.00")
    assert whole["roi_incremental"] == (15 - 2.5) / 2.5
    assert (whole["clear"], whole["small"], whole["did"]) == (True, True, None)
    assert sum(each["targeted"] for each in segments) == 10
