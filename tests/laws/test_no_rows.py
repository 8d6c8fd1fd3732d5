"""A result without orders has a warning that says why, the same for any batches and threads."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.conftest import DEEP

STATUSES = ["paid", "void", None, "ok"] * 300


def orders(n=1_200):
    return pa.table({
        "customer_id": range(n), "order_time": [date(2025, 1, 1)] * n, "amount": [1] * n,
        "status": STATUSES[:n],
    })  # fmt: skip


def said(source, **options):
    warnings = rfm.score(source, **{"as_of": "2025-12-31", **options}).warnings
    return {each.code: each.text for each in warnings}.get("no_rows")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"where": "status!=paid"}, None),
        (
            {"where": "status=Paid"},
            "there are no orders, because all rows were dropped: 1,200 of 1,200 as filtered. "
            "The values of 'status' are 'ok', 'paid', 'void', null. Correct the conditions "
            "(where).",
        ),
        (
            {"where": "customer_id=-1,-2"},
            "there are no orders, because all rows were dropped: 1,200 of 1,200 as filtered. "
            "The values of 'customer_id' are '0', '1', '10', '100', '1000', '1001', '1002', "
            "'1003', '1004', '1005' and others. Correct the conditions (where).",
        ),
        (
            {"as_of": "2024-12-31", "where": "status=paid"},
            "there are no orders, because all rows were dropped: 900 of 1,200 as filtered. "
            "The values of 'status' are 'ok', 'paid', 'void', null. Correct the conditions "
            "(where).",
        ),
        (
            {"as_of": "2024-12-31"},
            "there are no orders, because all rows were dropped: 1,200 of 1,200 as after_as_of. "
            'Choose a later date with as_of="...".',
        ),
        (
            {"as_of": "2026-12-31", "window": "30d"},
            "there are no orders, because all rows were dropped: 1,200 of 1,200 as before_window. "
            'Choose a longer window="...", or an earlier as_of="...".',
        ),
    ],
)
def test_no_rows__says_why(tmp_path, options, expected):
    pq.write_table(orders(), tmp_path / "orders.parquet", row_group_size=7 if DEEP else 77)
    assert said(orders(), **options) == expected
    for batch_rows, threads in ((1 if DEEP else 13, 1), (130, 2), (131_072, 2)):
        batches = orders().to_reader(batch_rows)
        assert said(batches, threads=threads, **options) == expected
        assert said(tmp_path / "orders.parquet", threads=threads, **options) == expected


@pytest.mark.parametrize("reason", ["null_customer", "null_amount"])
def test_no_rows__without_advice_of_its_own(reason):
    column = {"null_customer": "customer_id", "null_amount": "amount"}[reason]
    at = orders().schema.names.index(column)
    table = orders().set_column(at, column, pa.nulls(len(STATUSES), pa.int64()))
    assert said(table) == (
        f"there are no orders, because all rows were dropped: 1,200 of 1,200 as {reason}."
    )


def test_no_rows__of_an_input_without_rows(tmp_path):
    expected = "there are no orders, because the input has no rows."
    assert said(orders(0)) == expected
    pa.csv.write_csv(orders(0), tmp_path / "orders.csv")
    assert said(tmp_path / "orders.csv") == expected


def test_no_rows__of_a_batch_of_a_state(tmp_path):
    state = rfm.State.create(tmp_path / "state", where="status=Paid")
    [warning] = state.ingest(orders(), batch_id="day").warnings
    assert warning.code == "no_rows"
