"""The output of flows is a file of assignments for the report of campaigns."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from tests.activation.flows import shops
from tests.conftest import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

DAY = date(1997, 6, 30)
WINDOW = 30


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_report__of_a_run_counts_its_arms_and_their_orders(cdnow, tmp_path, ending):
    history = shops.small_history(cdnow, tmp_path / "history", by=None)
    out = tmp_path / f"flows.{ending}"
    names = ["winback-60-180", "cooling-31-59"]
    found = rfm.flows.run(history, flows=names, as_of=DAY, output=out)
    few = cdnow.filter(pa.array([int(each) <= 200 for each in cdnow["customer_id"].to_pylist()]))
    report = rfm.campaign.report(history, assigned=out, rows=few, attribution_days=WINDOW)
    last = DAY + timedelta(WINDOW)
    days = few["order_time"]
    inside = few.filter(pc.and_(pc.greater_equal(days, DAY), pc.less_equal(days, last)))
    orders = inside["customer_id"].to_pylist()
    rows = {row["campaign"]: row for row in report.table.to_pylist() if row["segment"] == "(all)"}
    assert {*rows} == {*names}
    for flow in found.flows:
        row = rows[flow["name"]]
        assert (row["targeted"], row["held_out"]) == (flow["treated"], flow["holdout"])
        entered = found.table.filter(pc.equal(found.table["flow"].cast(pa.string()), flow["name"]))
        treated = entered.filter(pc.equal(entered["arm"].cast(pa.string()), "treated"))
        own = {*treated["customer_id"].to_pylist()}
        assert row["orders"] == sum(who in own for who in orders)
    # The planned share is in the metadata, which CSV does not have.
    splits = [each["split"] for each in report.summary()["campaigns"]]
    planned = [None if each is None else each["planned"] for each in splits]
    assert {*planned} == ({None} if ending == "csv" else {"10%"})
