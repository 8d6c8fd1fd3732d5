"""`rfm score`: stdout, stderr and the output."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from rfm_cli.main import app
from tests.cli.conftest import COMMAND

KEYS = [
    "version", "as_of", "rows", "amounts_rounded", "customers", "customers_without_orders", "cuts",
    "counted", "conditions", "decided_by", "segments", "warnings", "seconds", "peak_memory_bytes",
    "options",
]  # fmt: skip


def test_score__table_is_for_people(rfm, orders, tmp_path):
    out = tmp_path / "out.parquet"
    run = rfm("score", orders, "-o", out)
    assert run.exit_code == 0
    assert run.stderr == ""
    assert "500 customers as of 2025-12-31, from 5,000 of 5,000 rows" in run.stdout
    assert "Champions" in run.stdout
    assert str(out) in run.stdout
    assert "\x1b" not in run.stdout
    assert max(map(len, run.stdout.splitlines()[:-1])) <= 80
    assert pq.read_metadata(out).num_rows == 500


def test_score__without_output_prints_the_same_table(rfm, orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written, printed = rfm("score", orders, "-o", "out.csv"), rfm("score", orders)
    assert printed.exit_code == 0
    assert printed.stdout.splitlines()[:-1] == written.stdout.splitlines()[:-1]
    assert {path.name for path in tmp_path.iterdir()} == {"orders.parquet", "out.csv"}
    assert json.loads(rfm("score", orders, "--json").stdout)["customers"] == 500


def test_score__without_output_refuses_ids_that_are_not_valid(rfm, tmp_path):
    column = pa.array([b"\xff"], pa.binary()).view(pa.string())
    table = pa.table({"customer_id": column, "order_time": [datetime(2026, 1, 1)], "amount": [1]})
    pq.write_table(table, tmp_path / "orders.parquet")
    for options in ([], ["-o", tmp_path / "out.parquet"]):
        run = rfm("score", tmp_path / "orders.parquet", *options)
        assert (run.exit_code, run.stdout) == (3, "")


def test_score__json_is_one_object_with_the_keys_of_the_contract(rfm, orders, tmp_path):
    run = rfm("score", orders, "-o", tmp_path / "out.parquet", "--json")
    assert run.exit_code == 0
    summary = json.loads(run.stdout)
    assert list(summary) == KEYS
    assert summary["customers"] == sum(one["customers"] for one in summary["segments"]) == 500
    assert summary["peak_memory_bytes"] > 10_000_000
    assert list(summary["seconds"]) == ["read", "aggregate", "score", "write", "total"]


def test_score__stream_on_stdout_and_table_on_stderr(rfm_process, orders):
    run = rfm_process("score", orders, "-o", "-")
    assert run.returncode == 0
    assert pa.ipc.open_stream(run.stdout).read_all().num_rows == 500
    assert b"Champions" in run.stderr


def test_score__reads_a_stream_from_stdin(rfm_process, tmp_path):
    orders = rfm_process("simulate", "--customers", 50, "--orders", 500, "-o", "-").stdout
    run = rfm_process("score", "-", "-o", tmp_path / "out", "--json", input=orders)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["customers"] == 50


def test_score__quiet_says_nothing(rfm, orders, tmp_path):
    run = rfm("score", orders, "-o", tmp_path / "out.parquet", "-q")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "")


def test_score__passes_every_option_on(rfm, tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "who;when;paid;basket;n;money;status\n"
        "7;01.02.2026;1,50;1;2;EUR;paid\n"
        "7;03.02.2026;1,50;1;1;EUR;paid\n"
        "7;04.02.2026;-1;2;1;EUR;paid\n"
        "8;05.02.2026;9;3;1;EUR;void\n"
    )
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,2\n")
    options = {
        "--rates": rates, "--customer": "who", "--time": "when", "--amount": "paid",
        "--order": "basket", "--quantity": "n", "--currency": "money",
        "--where": "status=paid,sent", "--as-of": "2026-02-28", "--window": "12mo",
        "--timezone": "Europe/Berlin", "--amount-scale": "3", "--refunds": "drop", "--zero": "drop",
        "--frequency": "orders", "--ids": "int", "--csv-delimiter": ";", "--csv-decimal": ",",
        "--time-format": "%d.%m.%Y",
        "--method": "quantile,thresholds,quantile", "--bins": "5,5,5", "--f-cuts": "1,2,3,4",
        "--scheme": "classic", "--threads": "1",
    }  # fmt: skip
    words = [word for option in options.items() for word in option]
    run = rfm("score", orders, "-o", tmp_path / "out.parquet", "--strict", "--json", *words)
    assert run.exit_code == 0, run.stderr
    summary = json.loads(run.stdout)
    assert summary["rows"]["counted"] == 2
    assert summary["rows"]["dropped"]["filtered"] == 1
    assert summary["rows"]["dropped"]["refund_dropped"] == 1
    assert summary["cuts"]["f"] == [1, 2, 3, 4]
    row = pq.read_table(tmp_path / "out.parquet").to_pylist()[0]
    assert (row["who"], row["frequency"], str(row["monetary"])) == (7, 1, "9.000")


def test_score_options__are_those_of_the_library():
    import inspect

    from rfm_engine import score

    command = typer.main.get_command(app).commands["score"]
    ours = {each.name for each in command.params} - {"inputs", "config", "no_config", "save_model"}
    theirs = set(inspect.signature(score).parameters) - {"orders", "progress"}
    assert ours == theirs | {"as_json", "quiet"}


@pytest.mark.parametrize("quiet", [False, True])
def test_score__warns_of_the_future_and_of_rounding(rfm, tmp_path, quiet):
    table = pa.table(
        {
            "customer_id": [1, 2],
            "order_time": [datetime(2026, 1, 1), datetime(9000, 1, 1)],
            "amount": [1.005, 1.0],
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet")
    words = ["score", tmp_path / "orders.parquet", "-o", tmp_path / "out.csv", *["-q"] * quiet]
    warnings = rfm(*words).stderr.splitlines()
    assert len(warnings) == (0 if quiet else 2)
    if not quiet:
        assert "the date of analysis 9000-01-01" in warnings[0]
        assert "future" in warnings[0]
        assert "1 amount had more than 2 decimal places and was rounded." in warnings[1]
    assert "future" not in rfm(*words, "--as-of", "9000-01-01").stderr


def test_score__draws_progress_only_on_a_terminal(orders, tmp_path):
    parent, child = pty.openpty()
    command = [*COMMAND, "score", str(orders), "-o", str(tmp_path / "out.parquet"), "--json"]
    environment = os.environ | {"TERM": "xterm", "NO_COLOR": "1"}
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=child, check=True, env=environment)
    os.close(child)
    drawn = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "rows" in drawn or "Starting" in drawn
    assert json.loads(run.stdout)["customers"] == 500


def test_score__counts_one_as_one_and_days_as_days(rfm, tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer_id,order_time,amount\n7,2026-02-01,1\n")
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--frequency", "days")
    lines = run.stdout.splitlines()
    assert lines[0] == "1 customer as of 2026-02-01, from 1 of 1 row"
    assert any(line.split()[0] == "Segment" and "Days" in line.split() for line in lines)
    assert "cuts of frequency (days)    1  1  1  1" in lines
    assert not any(line.startswith("cuts of frequency (orders)") for line in lines)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["missing.parquet", "-o", "out.parquet"], 2, "missing.parquet"),
        (["{orders}", "-o", "no/where/out.parquet"], 2, "must exist"),
        (["{orders}", "-o", "s3://bucket/x.parquet"], 2, "must be a local path"),
        (["{orders}", "-o", "{orders}"], 2, "must not be an input"),
        (["{orders}", "-o", "x.csv", "--amount", "amout"], 2, "Did you mean 'amount'?"),
        (["{orders}", "-o", "x.csv", "--as-of", "soon"], 2, "soon"),
        (["{orders}", "-o", "x.csv", "--bins", "five"], 2, "--bins must be a whole number"),
        (["{orders}", "-o", "x.csv", "--threads", "0"], 2, "threads must be"),
        (["{orders}", "-o", "x.csv", "--scheme", "none"], 2, "none"),
        (["{orders}", "-o", "x.csv", "--refunds", "keep"], 2, "--refunds"),
        (["{orders}", "-o", "x.csv", "--rate", "m.csv"], 2, "No such option"),
        (["{orders}", "-o", "x.csv", "--rates", "m.csv"], 2, "must be used with --currency"),
        (
            ["{orders}", "-o", "x.csv", "--memory-limit", "1MB"],
            2,
            "--memory-limit must be at",
        ),
        (["{orders}", "-o", "x.csv", "--memory-limit", "much"], 2, "a size such as 2GB"),
        (["{orders}", "-o", "x.csv", "--spill-dir", "/no/folder"], 2, "--spill-dir must be"),
        (["{orders}", "-o", "-", "--json"], 2, "--json must not be combined"),
        (["{torn}", "-o", "x.csv"], 3, "torn.parquet"),
        (["{orders}", "-o", "x.csv", "--amount", "order_time"], 3, "order_time"),
    ],
)
def test_score__refusals_are_one_line(
    rfm, orders: Path, tmp_path: Path, monkeypatch, words, code, message
):
    monkeypatch.chdir(tmp_path)
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(orders.read_bytes()[:-100])
    before = sorted(tmp_path.iterdir())
    run = rfm("score", *(word.format(orders=orders, torn=torn) for word in words))
    assert run.exit_code == code, run.stderr
    assert run.stdout == ""
    assert run.stderr.startswith("error: ")
    assert message in run.stderr
    assert run.stderr.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_score__raw_schemes_print_their_conditions_and_no_cut_points(rfm, orders, tmp_path):
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--scheme", "five-types")
    assert "condition recency_days <= mean: " in run.stdout
    assert "frequency == 1" not in run.stdout
    assert "cuts of" not in run.stdout
