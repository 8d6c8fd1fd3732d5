"""`--customer-level` from files: CSV input, all output formats, explanations."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

ROWS = "who,last,total,n\n00004,2026-01-31,10.50,2\n00004,2025-12-01,-3.255,1\n7,2026-01-01,5,\n"


@pytest.fixture
def totals(tmp_path):
    place = tmp_path / "totals.csv"
    place.write_text(ROWS)
    named = ["--customer", "who", "--time", "last", "--amount", "total", "--orders", "n"]
    return [place, "--customer-level", *named]


def test_score__reads_customers_from_csv(rfm, totals, tmp_path):
    run = rfm("score", *totals, "-o", tmp_path / "out.parquet", "--json", "--scheme", "klaviyo")
    assert run.exit_code == 0, run.stderr
    summary = json.loads(run.stdout)
    assert summary["rows"]["dropped"]["null_amount"] == 1
    assert summary["amounts_rounded"] == 1
    options = summary["options"]
    assert (options["zero"], options["frequency"], options["n_orders"]) == ("count", "orders", "n")
    assert options["customer_level"] is True
    [row] = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row["who"], row["first_order"], row["frequency"]) == ("00004", None, 3)
    assert str(row["monetary"]) == "7.24"


def test_score__writes_first_order_as_null_everywhere(rfm, totals, tmp_path):
    for name in ("out.arrow", "out.csv", "out"):
        assert rfm("score", *totals, "-o", tmp_path / name, "-q").exit_code == 0
    kind = pa.timestamp("us", "UTC")
    assert pa.ipc.open_file(tmp_path / "out.arrow").read_all()["first_order"] == pa.chunked_array(
        [pa.nulls(1, kind)]
    )
    assert pq.read_table(tmp_path / "out")["first_order"].to_pylist() == [None]
    assert '"00004",,2026-01-31 00:00:00.000000Z,0,3,7.24,' in (tmp_path / "out.csv").read_text()


def test_score__reads_its_own_output_back(rfm, orders, tmp_path):
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    assert rfm("score", orders, "-o", first, "-q").exit_code == 0
    named = ["--time", "last_order", "--orders", "frequency", "--amount", "monetary"]
    words = ["score", first, "--customer-level", *named, "--as-of", "2025-12-31"]
    run = rfm(*words, "-o", second, "-q")
    assert run.exit_code == 0, run.stderr
    here, there = (pq.read_table(place).sort_by("customer_id") for place in (first, second))
    assert here.drop(["first_order"]).equals(there.drop(["first_order"]))


def test_explain__knows_no_first_order(rfm, totals):
    run = rfm("explain", *totals, "--id", "00004")
    assert run.exit_code == 0, run.stderr
    assert run.stdout.splitlines()[1] == "last order 2026-01-31"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--window", "30d"], "--window must not be used with --customer-level"),
        (["--zero", "drop"], "--zero must not be used with --customer-level"),
        (["--scheme", "five-types"], "scheme five-types must not use first orders"),
        (["--orders", "number"], "column 'number' must exist"),
    ],
)
def test_score__refuses_contradictions(rfm, totals, tmp_path, words, message):
    run = rfm("score", *totals, "-o", tmp_path / "out.csv", *words)
    assert run.exit_code == 2
    assert message in run.stderr
    assert run.stderr.count("\n") == 1


def test_score__refuses_orders_without_customer_level(rfm, orders, tmp_path):
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--orders", "n")
    assert run.exit_code == 2
    assert "--orders must be used with --customer-level" in run.stderr


def test_score__refuses_orders_that_are_no_numbers(rfm, totals, tmp_path):
    totals[0].write_text(ROWS.replace(",2\n", ",two\n"))
    run = rfm("score", *totals, "-o", tmp_path / "out.csv")
    assert run.exit_code == 3
    assert "orders column 'n' must contain integers from 0 to 2^40 - 1; got" in run.stderr
    assert "'two' in" in run.stderr
