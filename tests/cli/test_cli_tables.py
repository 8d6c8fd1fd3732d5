"""Commands refuse orders in a table format, unless `--as-files` is given."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

import rfm_engine


@pytest.fixture
def table(orders, tmp_path, monkeypatch):
    """A Delta table without the deleted orders of one customer; return the customer id."""
    monkeypatch.chdir(tmp_path)
    write_deltalake("shop/orders", pq.read_table(orders))
    customer = pq.read_table(orders)["customer_id"][0].as_py()
    DeltaTable("shop/orders").delete(f"customer_id = {customer}")
    return customer


def refused(run):
    assert run.exit_code == 2
    assert run.stdout == ""
    assert run.stderr == (
        "error: orders must be read through the table; got a Delta table in shop/orders. "
        "Give delta:shop/orders. "
        "--as-files reads the files anyway, including deleted rows. For a "
        "state, give it when you create the state.\n"
    )
    return True


def test_score__refuses_a_table(rfm, table, orders):
    for place in ("shop", "shop/orders", "shop/orders/*.parquet"):
        assert refused(rfm("score", place, "-o", "out.parquet", "--quiet"))
    assert refused(rfm("score", orders, "shop/orders", "-o", "out.parquet", "--quiet"))
    kept = DeltaTable("shop/orders").to_pyarrow_dataset()
    run = rfm("score", "shop/orders", "-o", "out.parquet", "--json", "--as-files")
    assert run.exit_code == 0
    n_read = json.loads(run.stdout)["rows"]["read"]
    assert n_read == 5000 + kept.count_rows()
    customers = rfm_engine.score(kept, as_of="newest").customers["customer_id"].to_pylist()
    assert table not in customers
    assert table in pq.read_table("out.parquet")["customer_id"].to_pylist()


def test_explain_and_drift__refuse_a_table(rfm, table, orders, tmp_path):
    explain = ("explain", "shop/orders", "--id", table)
    assert refused(rfm(*explain))
    assert rfm(*explain, "--as-files").exit_code == 0
    assert rfm("score", orders, "-o", "o.csv", "--save-model", "m.json", "-q").exit_code == 0
    assert refused(rfm("drift", "m.json", "shop/orders"))
    config = tmp_path / "rfm.toml"
    config.write_text("as-files = true\n")
    assert rfm("drift", "m.json", "shop/orders", "--config", config).exit_code == 0


@pytest.mark.usefixtures("table")
def test_ingest__refuses_a_table_unless_the_state_reads_files(rfm):
    assert rfm("state", "create", "state").exit_code == 0
    assert refused(rfm("ingest", "state", "shop/orders"))
    assert rfm("state", "create", "other", "--as-files").exit_code == 0
    assert rfm("ingest", "other", "shop/orders").exit_code == 0
    shown = rfm("state", "show", "other", "--json").stdout
    assert json.loads(shown)["options"] == {"as_files": True}
    assert rfm("score", "other", "-o", "out.csv", "-q").exit_code == 0
