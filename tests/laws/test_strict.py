"""Test `strict`: every fault is refused, and the message contains its position."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from pyarrow import parquet as pq

import rfm_engine as rfm
from tests import reference, strategies
from tests.compare import expected_scores, scores_of
from tests.shapes import AS_OF

FAULTS = ("null_customer", "null_time", "bad_time", "null_amount", "nonfinite_amount")


@given(orders=strategies.orders(), as_of=strategies.as_of_dates())
def test_strict__refuses_exactly_what_the_twin_finds_faulty(orders, as_of):
    lines = "order_id" if "order_id" in orders.table.column_names else None
    pieces = "quantity" if "quantity" in orders.table.column_names else None
    expected = reference.score(
        orders.rows,
        as_of=as_of,
        timezone=orders.timezone,
        zoned=orders.zoned,
        scale=orders.scale,
        has_order=lines is not None,
    )
    options = {"timezone": orders.timezone, "order": lines, "quantity": pieces, "strict": True}
    if any(expected.dropped[fault] for fault in FAULTS) or expected.amounts_rounded:
        with pytest.raises(rfm.DataError):
            rfm.score(orders.table, as_of=as_of, **options)
    else:
        result = rfm.score(orders.table, as_of=as_of, **options)
        assert scores_of(result.customers) == expected_scores(expected)


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("customer_id", None, "null_customer"),
        ("order_time", None, "null_time"),
        ("order_time", 2**61, "bad_time"),
        ("amount", None, "null_amount"),
        ("amount", float("nan"), "nonfinite_amount"),
        ("amount", float("-inf"), "nonfinite_amount"),
        ("amount", 0.125, "amounts_rounded"),
    ],
)
def test_strict__names_file_row_group_and_row(tmp_path, column, value, fault):
    columns = {
        "customer_id": ["a"] * 10,
        "order_time": [1_704_067_200_000_000] * 10,
        "amount": [1.5] * 10,
    }
    columns[column] = [*columns[column][:7], value, *columns[column][8:]]
    types = (pa.string(), pa.timestamp("us"), pa.float64())
    arrays = [pa.array(columns[name], kind) for name, kind in zip(columns, types, strict=True)]
    path = tmp_path / "faulty.parquet"
    pq.write_table(pa.table(arrays, names=list(columns)), path, row_group_size=5)
    with pytest.raises(rfm.DataError, match=rf"{fault}.*faulty\.parquet, row group 1, row 3\b"):
        rfm.score(path, as_of=AS_OF, strict=True)
