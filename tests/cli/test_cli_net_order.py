"""`--refunds net-order` on the command line: its output and its errors."""

from __future__ import annotations

import csv
import json

import pytest

ORDERS = """customer_id,order_time,amount,order_id
ada,2024-01-03,5.00,A
ada,2024-01-09,7.00,B
ada,2024-01-10,-7.00,B
bob,2024-01-04,3.00,C
cyd,2024-01-05,3.00,D
cyd,2024-01-06,-3.00,D
"""
NET_ORDER = ("--order", "order_id", "--refunds", "net-order")


@pytest.fixture
def cancelled(tmp_path):
    place = tmp_path / "cancelled.csv"
    place.write_text(ORDERS)
    return place


def test_score__leaves_out_cancelled_orders(rfm, cancelled, tmp_path):
    out = tmp_path / "out.csv"
    run = rfm("score", cancelled, *NET_ORDER, "-o", out, "--json")
    assert run.exit_code == 0, run.output
    summary = json.loads(run.stdout)
    assert summary["options"]["refunds"] == "net-order"
    assert summary["as_of"] == "2024-01-10"
    assert summary["rows"]["counted"] == 6
    assert (summary["customers"], summary["customers_without_orders"]) == (2, 1)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    found = {row["customer_id"]: (row["recency_days"], row["frequency"], row["monetary"])
             for row in rows}  # fmt: skip
    assert found == {"ada": ("7", "1", "5.00"), "bob": ("6", "1", "3.00")}


def test_explain_drift_and_models__take_it(rfm, cancelled, tmp_path):
    model = tmp_path / "model.json"
    run = rfm("score", cancelled, *NET_ORDER, "-o", tmp_path / "a.csv", "--save-model", model)
    assert run.exit_code == 0, run.output
    run = rfm("score", cancelled, *NET_ORDER, "-o", tmp_path / "b.csv", "--model", model)
    assert run.exit_code == 0, run.output
    lines = [sorted((tmp_path / name).read_text().splitlines()) for name in ("a.csv", "b.csv")]
    assert lines[0] == lines[1]
    run = rfm("drift", model, cancelled, *NET_ORDER)
    assert "segment: population stability index 0.0000" in run.stdout
    run = rfm("explain", cancelled, *NET_ORDER, "--id", "ada")
    assert "last order 2024-01-03" in run.stdout
    run = rfm("explain", cancelled, *NET_ORDER, "--id", "cyd")
    assert run.exit_code == 2
    assert "must be a customer with an order" in run.output


def test_score__takes_it_from_a_config_file(rfm, cancelled, tmp_path):
    config = tmp_path / "rfm.toml"
    config.write_text('order = "order_id"\nrefunds = "net-order"\n')
    run = rfm("score", cancelled, "--config", config, "-o", tmp_path / "out.csv", "--json")
    assert json.loads(run.stdout)["customers"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], b"--refunds net-order must be used with --order"),
        (["--customer-level"], b"--refunds must not be used with --customer-level"),
    ],
)
def test_score__refuses_what_contradicts_it(rfm_process, cancelled, tmp_path, words, said):
    out = tmp_path / "out.csv"
    run = rfm_process("score", cancelled, "--refunds", "net-order", *words, "-o", out)
    assert run.returncode == 2
    assert said in run.stderr
    assert run.stderr.count(b"\n") == 1
    assert not out.exists()


def test_state__refuses_it(rfm, rfm_process, cancelled, tmp_path):
    state, said = tmp_path / "state", b"refunds must be net, drop or error for a state"
    run = rfm_process("state", "create", state, *NET_ORDER)
    assert (run.returncode, run.stderr.count(b"\n")) == (2, 1)
    assert said in run.stderr
    assert not state.exists()
    assert rfm("state", "create", state, "--order", "order_id").exit_code == 0
    assert rfm("ingest", state, cancelled).exit_code == 0
    run = rfm_process("score", state, "--refunds", "net-order", "-o", tmp_path / "out.csv")
    assert run.returncode == 2
    assert said in run.stderr
