"""The output of flows is a file of assignments for the report of campaigns."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from rfm_engine import output
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


@pytest.mark.parametrize("options", [{"csv_delimiter": ";"}, {"csv_encoding": "latin-1"}])
def test_report__reads_csv_of_the_library_whatever_the_orders_are(tmp_path, options):
    delimiter = options.get("csv_delimiter", ",")
    lines = [delimiter.join(["customer_id", "order_time", "amount"])]
    lines += [delimiter.join([f"Zoë {n % 9}", f"2025-0{1 + n % 6}-10", "5"]) for n in range(60)]
    orders = tmp_path / "orders.csv"
    orders.write_text("\n".join(lines), options.get("csv_encoding", "utf-8"))
    history = rfm.History.create(tmp_path / "history", **options)
    history.build(orders, as_of=["2025-03-31"])
    (history.path / "split.key").write_text(shops.KEY)
    tables = []
    for ending in ("csv", "parquet"):
        out = tmp_path / f"arms.{ending}"
        write(history, out)
        report = rfm.campaign.report(
            history, assigned=out, rows=orders, attribution_days=40, holdout="30%"
        )
        tables.append(report.table)
    assert tables[0].equals(tables[1])
    assert tables[0]["buyers"].to_pylist()[-1] > 0


def write(history, out):
    split = rfm.campaign.split(history, who="frequency >= 1", campaign="c", holdout="30%")
    output.write(split.to_reader(), split.schema, out)


def test_report__of_groups_that_are_named_like_a_column_of_flows(cdnow, tmp_path):
    history = shops.small_history(cdnow, tmp_path / "history", by="channel")
    out = tmp_path / "flows.parquet"
    found = rfm.flows.run(history, flows="cooling-31-59", as_of=DAY, output=out)
    assert found.table.column_names[:2] == ["customer_id", "by_channel"]
    few = cdnow.filter(pa.array([int(each) <= 200 for each in cdnow["customer_id"].to_pylist()]))
    ids = pa.array([int(each) for each in few["customer_id"].to_pylist()], pa.int64())
    shop = [None if n % 7 == 0 else f"shop {n % 2}" for n in few["quantity"].to_pylist()]
    orders = few.set_column(0, "customer_id", ids).append_column("channel", pa.array(shop))
    # Without --attribution-days, orders count for the window of the flow.
    report = rfm.campaign.report(history, assigned=out, rows=orders)
    rows = [row for row in report.table.to_pylist() if row["segment"] == "(all)"]
    treated = found.table.filter(pc.equal(found.table["arm"].cast(pa.string()), "treated"))
    assert sum(row["targeted"] for row in rows) == len(treated)
    assert not any(row["segment"] == "(none)" for row in report.table.to_pylist())
    [campaign, *_] = report.summary()["campaigns"]
    assert (campaign["from"], campaign["to"]) == ("1997-06-30", "1997-07-30")
