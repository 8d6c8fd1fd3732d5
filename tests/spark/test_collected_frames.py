"""`rfm.score` reads a Spark DataFrame, and collects only the needed columns."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.simulate import simulate

AS_OF = "2025-12-31"


@pytest.fixture(scope="module")
def lines():
    return simulate(customers=300, orders=1_500, lines=True).read_all().drop_columns("channel")


@pytest.mark.parametrize("time", ["timestamp", "timestamp_ntz"])
def test_score__reads_a_frame_with_unneeded_columns_that_fail(spark, lines, time):
    frame = spark.createDataFrame(lines).repartition(3).selectExpr(
        "customer_id as `the id.of`", f"cast(order_time as {time}) as order_time",
        "cast(amount as decimal(18, 2)) as amount", "order_id",
        "raise_error('unneeded') as failing",
    )  # fmt: skip
    options = {"as_of": AS_OF, "order": "order_id"}
    found = rfm.score(frame, customer="the id.of", **options)
    expected = rfm.score(lines, **options)
    named = found.customers.rename_columns(expected.customers.column_names)
    assert rows_of(named) == rows_of(expected.customers)
    assert found.rows == expected.rows


def test_score__reads_frames_in_a_list_and_twice(spark, lines):
    frame = spark.createDataFrame(lines)
    old, new = frame.where("order_id % 2 = 0"), frame.where("order_id % 2 = 1")
    found = rfm.score([old, new], as_of="newest", window="12mo")
    expected = rfm.score(lines, as_of="newest", window="12mo")
    assert rows_of(found.customers) == rows_of(expected.customers)


def test_score__names_a_column_that_a_frame_lacks(spark, lines):
    with pytest.raises(rfm.UsageError, match="Did you mean 'amount'"):
        rfm.score(spark.createDataFrame(lines), as_of=AS_OF, amount="amout")


def test_score__names_a_type_that_arrow_lacks(spark, lines):
    frame = spark.createDataFrame(lines).selectExpr("*", "interval 1 month as since")
    with pytest.raises(
        rfm.DataError, match=r"column 'since' of orders must have a type .*; got int"
    ):
        rfm.score(frame, as_of=AS_OF, time="since")


def rows_of(customers: pa.Table) -> list[dict[str, object]]:
    return customers.sort_by("customer_id").to_pylist()
