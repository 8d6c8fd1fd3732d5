"""Messages on a terminal: one line, no control characters, no other columns of a row."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine import DataError, UsageError

NASTY = "\x1b]0;owned\x07\x9b31m\u202e"
ESCAPED = r"\x1b]0;owned\x07\x9b31m\u202e"
TIMES = [datetime(2026, 1, 1)]


def test_column_names__reach_no_terminal_raw(rfm, tmp_path):
    table = pa.table({NASTY: [1], "order_time": TIMES, "amount": [1]})
    pq.write_table(table, tmp_path / "orders.parquet")
    run = rfm("score", tmp_path / "orders.parquet", "-o", tmp_path / "out.csv")
    assert run.exit_code == 2
    assert f"got {ESCAPED}, order_time, amount" in run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stderr.removesuffix("\n").isprintable()
    with pytest.raises(UsageError) as raised:
        rfm_engine.score(table, as_of="2026-01-01")
    assert ESCAPED in str(raised.value)
    assert str(raised.value).isprintable()


def test_options__that_are_unknown_reach_no_terminal_raw(rfm):
    run = rfm("score", f"--{NASTY}", "x", "-o", "y")
    assert run.exit_code == 2
    assert run.stderr.removesuffix("\n").isprintable()


def test_values__are_shown_with_their_blanks(rfm, tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer_id,order_time,amount\n7,2026-01-01,1  000\n")
    run = rfm("score", orders, "-o", tmp_path / "out.csv")
    assert run.exit_code == 3
    assert "got '1  000' in" in run.stderr


@pytest.mark.parametrize("column", ["customer_id", "amount", "order_time", "currency"])
def test_values__are_cut_at_100_characters(column):
    long = "9" * 5000
    row = {"customer_id": "7", "order_time": "2026-01-01", "amount": "1"}
    options = {}
    if column == "customer_id":
        row |= {"customer_id": long, "amount": "9" * 30}
    elif column == "currency":
        row["currency"], options = long, {"currency": "currency"}
    else:
        row[column] = long + "x"
    table = pa.table({name: [value, value] for name, value in row.items()})
    if column == "currency":
        table = table.set_column(3, "currency", pa.array([long, long + "x"]))
    numbers = table["amount"].cast(pa.decimal256(60, 2)) if column != "amount" else None
    if numbers is not None:
        table = table.set_column(2, "amount", numbers)
    with pytest.raises(DataError) as raised:
        rfm_engine.score(table, as_of="2026-01-01", **options)
    assert len(str(raised.value)) < 500


def test_customers__that_are_explained_reach_no_terminal_raw(rfm, tmp_path):
    table = pa.table({"customer_id": [NASTY], "order_time": TIMES, "amount": [1]})
    pq.write_table(table, tmp_path / "orders.parquet")
    run = rfm("explain", tmp_path / "orders.parquet", "--id", NASTY)
    assert run.exit_code == 0
    assert f"customer {ESCAPED}: " in run.stdout
    assert run.stdout.replace("\n", "").isprintable()


def test_amounts__that_are_too_large_may_be_another_column(rfm, tmp_path):
    place = tmp_path / "orders.csv"
    place.write_text("customer_id,order_time,order_id\n7,2026-01-01,1234567890123456789\n")
    run = rfm("score", place, "--amount", "order_id")
    assert run.exit_code == 3
    advice = "Check that 'order_id' is the column of amounts, or name another with --amount."
    assert run.stderr.endswith(f"{advice} If it is, give a smaller --amount-scale.\n")
    table = pa.table({"customer_id": [7], "order_time": TIMES, "order_id": [1234567890123456789]})
    pq.write_table(table, tmp_path / "orders.parquet")
    run = rfm("score", tmp_path / "orders.parquet", "--amount", "order_id")
    assert run.stderr.endswith(f"{advice}\n")
    table = pa.concat_tables([table.set_column(2, "order_id", [[999999999999999999]])] * 2)
    pq.write_table(table, tmp_path / "orders.parquet")
    run = rfm("score", tmp_path / "orders.parquet", "--amount", "order_id")
    assert "Check the column of amounts (--amount), or give a smaller" in run.stderr
