"""`rfm normalize`: the files of rows, the printed text, and the errors."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED, DEEP
from tests.shapes import cents, orders_table


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".csv", ".csv.gz", ""])
def test_normalize__writes_by_the_ending(rfm, orders, tmp_path, ending):
    out = tmp_path / f"rows{ending}"
    run = rfm("normalize", orders, "-o", out, "--carry", "amount", "--timezone", "Asia/Tokyo")
    assert run.exit_code == 0, run.stderr
    assert "5,000 of 5,000 rows as of 2025-12-31" in run.stdout
    if ending == ".arrow":
        rows = duckdb.from_arrow(pa.ipc.open_file(out).read_all())
    elif ending.startswith(".csv"):
        rows = duckdb.read_csv(str(out))
    else:
        rows = duckdb.read_parquet(f"{out}/part-*.parquet" if ending == "" else str(out))
    assert rows.columns == ["customer_id", "moment", "local", "day", "minor", "amount"]
    result = rfm_engine.score(orders, as_of="newest", timezone="Asia/Tokyo")
    scored = result.customers
    found = duckdb.sql(
        "with totals as (select customer_id, count(*) filter (minor >= 0) as n, "
        "sum(minor) as total, max(moment) filter (minor >= 0) as newest "
        "from rows group by customer_id) "
        "select count(*) from scored join totals using (customer_id) "
        "where n = frequency and total = monetary * 100 and newest = last_order"
    )
    assert found.fetchall() == [(scored.num_rows,)]


def test_normalize__prints_one_object(rfm, orders, tmp_path):
    out = tmp_path / "rows"
    options = ("--buckets", 3, "--refunds", "drop", "--carry", "amount", "--as-of", "2025-06-30")
    run = rfm("normalize", orders, "-o", out, "--json", *options)
    said = json.loads(run.stdout)
    result = rfm_engine.score(orders, as_of="2025-06-30", refunds="drop")
    assert said["rows"] == result.summary()["rows"]
    assert (said["as_of"], said["buckets"], said["scale"]) == ("2025-06-30", 3, 2)
    assert said["options"]["refunds"] == "drop"
    assert said["options"]["carry"] == ["amount"]
    assert [*said][-1] == "options"
    assert {"version", "warnings", "seconds", "peak_memory_bytes", "amounts_rounded"} <= {*said}
    assert pq.read_table(out).num_rows == said["rows"]["counted"]


def test_normalize__stream_goes_to_stdout_and_words_to_stderr(rfm_process, orders):
    run = rfm_process("normalize", orders, "-o", "-")
    assert run.returncode == 0
    rows = pa.ipc.open_stream(run.stdout).read_all()
    assert rows.num_rows == 5000
    assert b"5,000 of 5,000 rows" in run.stderr
    again = rfm_process(
        "normalize", "-", "-o", "-", "-q", "--time", "moment", "--amount", "minor", "--as-of",
        "2026-10-31", "--amount-scale", 2, input=run.stdout,
    )  # fmt: skip
    assert again.stderr == b""
    assert pa.ipc.open_stream(again.stdout).read_all().equals(rows)
    newest = rfm_process("normalize", "-", "-o", "-", "--time", "moment", input=run.stdout)
    assert newest.returncode == 2
    assert b"as_of must be a date" in newest.stderr or b"amount" in newest.stderr


def test_normalize__warns_as_score_does(rfm, tmp_path):
    place, out = tmp_path / "orders.parquet", tmp_path / "out.parquet"
    table = orders_table([1] * 10, [2**52] * 10, pa.array([1.005] * 10))
    write(table.to_batches(), table.schema, place)
    said = {}
    for command in ("score", "normalize"):
        run = rfm(command, place, "-o", out)
        said[command] = [line for line in run.stderr.splitlines() if line.startswith("warning")]
        summary = json.loads(rfm(command, place, "-o", out, "--json", "-q").stdout)
        codes = [each["code"] for each in summary["warnings"]]
        assert codes == ["as_of_in_future", "amounts_rounded", "order_lines"]
    assert len(said["score"]) == 3
    assert said["normalize"] == said["score"]


@pytest.mark.parametrize("words", [(), ("--buckets", 4)])
def test_normalize__errors_of_the_data_are_exit_3_with_the_message_of_score(rfm, tmp_path, words):
    place, out = tmp_path / "orders.parquet", tmp_path / "out"
    table = orders_table([1] * 3, [0] * 3, [cents(1), cents(-1), cents(1)])
    write(table.to_batches(), table.schema, place)
    options = ("--refunds", "error", "-o", out)
    run = rfm("normalize", place, *options, *words)
    assert run.exit_code == 3
    assert run.stderr == rfm("score", place, *options).stderr
    assert run.stderr.startswith("error: amounts must not be negative with --refunds error")
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]


def test_normalize__refuses_what_cannot_be(rfm, orders, tmp_path):
    for words, said in (
        (("-o", tmp_path / "x.parquet", "--buckets", 3), "--buckets must be used with a directory"),
        (("-o", tmp_path / "x", "--buckets", 0), "--buckets must be a whole number from 1 to 1000"),
        (("-o", tmp_path / "x.xlsx"), "-o must end in"),
        (("-o", orders), "-o must not be an input"),
        (("-o", tmp_path / "x.csv", "--carry", "amuont"), "Did you mean 'amount'?"),
        (("-o", tmp_path / "x.csv", "--customer-level"), "--customer-level must not be used with"),
        (("-o", "-", "--json"), "--json must not be combined with -o -"),
        (("-o", tmp_path / "x.csv", "--bins", 3), "No such option: --bins"),
        (("-o", tmp_path / "x.csv", "--spill-dir", "/tmp"), "No such option: --spill-dir"),
        (("-o", tmp_path / "x.csv", "--memory-limit", "1MB"), "--memory-limit must be at least"),
    ):
        run = rfm("normalize", orders, *words)
        assert run.exit_code == 2, words
        assert said in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["orders.parquet"]


def test_normalize__shares_a_config_file_with_score(rfm, orders, tmp_path):
    config, out = tmp_path / "rfm.toml", tmp_path / "rows.parquet"
    config.write_text(
        'refunds = "drop"\nbins = 5\nscheme = "shopify"\ncarry = ["amount"]\noutput = "x.csv"\n'
    )
    run = rfm("normalize", orders, "-o", out, "--config", config, "--json")
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout)["options"]["refunds"] == "drop"
    assert "amount" in pq.read_schema(out).names
    assert rfm("score", orders, "-o", tmp_path / "c.csv", "--config", config).exit_code == 0
    assert rfm("normalize", orders, "-o", config, "--config", config).exit_code == 2
    config.write_text("buckets = 3\n")
    for words in (("score", orders, "-o", tmp_path / "d.csv"), ("explain", orders, "--id", 1)):
        run = rfm(*words, "--config", config)
        assert run.exit_code == 0 or "id must be a customer" in run.stderr
    assert rfm("normalize", orders, "-o", tmp_path / "parts", "--config", config).exit_code == 0
    assert len([*(tmp_path / "parts").glob("part-*")]) == 3
    config.write_text("bucket = 3\n")
    run = rfm("normalize", orders, "-o", out, "--config", config)
    assert run.exit_code == 2
    assert "Did you mean 'buckets'?" in run.stderr


@pytest.mark.skipif(not COMPILED, reason="millions of rows")
@pytest.mark.parametrize("words", [("-o", "rows.parquet"), ("-o", "rows", "--buckets", 50)])
def test_normalize__keeps_within_the_memory_limit(rfm_process, tmp_path, words):
    n_orders = 3_000_000 if DEEP else 1_000_000
    batches = simulate(customers=100_000, orders=n_orders, ids="string")
    write(batches, batches.schema, tmp_path / "orders.parquet")
    limit = ("--memory-limit", "480MB", "--threads", 2)
    run = rfm_process("normalize", "orders.parquet", *words, *limit, "--json", cwd=tmp_path)
    said = json.loads(run.stdout)
    assert said["rows"]["counted"] == n_orders
    assert said["peak_memory_bytes"] <= 480_000_000
