"""Test that spark.score has the result of `score` in a session of Spark."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.laws.test_spark_jobs import assert_equal
from tests.shapes import AS_OF


def orders_of(n, n_customers):
    """Return order lines with text ids, null ids, refunds and customers who only have refunds."""
    drawn = np.random.default_rng(1)
    customers = (n_customers * drawn.random(n) ** 2.2).astype(np.int64)
    refunded = (customers % 50 == 7) | (drawn.random(n) < 0.05)
    minor = drawn.integers(0, 900_000, n) * np.where(refunded, -1, 1)
    seconds = 1_704_067_200 + drawn.integers(0, 730 * 86_400, n)
    return pa.table({
        "customer_id": [None if c % 997 == 5 else f"kunde-{c:06d}-ä" for c in customers.tolist()],
        "order_id": drawn.integers(0, n // 3, n),
        "order_time": pa.array(seconds, pa.timestamp("s")).cast(pa.timestamp("us")),
        "amount": minor / 100,
    })  # fmt: skip


def frame_of(spark, table, n_partitions=None):
    """Return a DataFrame of the table; times without a zone remain so."""
    zoneless = [
        f"cast(`{field.name}` as timestamp_ntz) as `{field.name}`"
        if pa.types.is_timestamp(field.type) and field.type.tz is None
        else f"`{field.name}`"
        for field in table.schema
    ]
    frame = spark.createDataFrame(table).selectExpr(*zoneless)
    return frame if n_partitions is None else frame.repartition(n_partitions)


class Collected:
    """A result whose customers are a table."""

    def __init__(self, result):
        self._result = result
        self.customers = result.customers.toArrow()

    def __getattr__(self, name):
        return getattr(self._result, name)


@pytest.fixture(scope="module")
def orders():
    return orders_of(200_000, 30_000)


@pytest.fixture(scope="module")
def small():
    return orders_of(600, 80)


@pytest.mark.parametrize(
    ("n_rows", "n_partitions", "buckets"), [(20_000, 1, 3), (200_000, 6, 4), (20_000, 50, 1)]
)
def test_score__is_equal_for_any_partitions_and_buckets(
    spark, orders, n_rows, n_partitions, buckets
):
    rows = orders.take(pa.array(np.random.default_rng(n_partitions).permutation(n_rows)))
    frame = frame_of(spark, rows, n_partitions)
    options = {"order": "order_id", "as_of": "newest", "window": "18mo", "scheme": "five-types"}
    with rfm.spark.score(frame, buckets=buckets, **options) as found:
        assert_equal(Collected(found), rfm.score(rows, **options))


@pytest.mark.parametrize(("customer", "amount", "time"), [
    ("cast(c as tinyint)", "a / 100d", "d"),
    ("c * 1000000007L", "cast(a as decimal(10, 3))", "cast(d as timestamp) + interval 7 hours"),
    ("cast(c as decimal(20, 0))", "a", "cast(d as timestamp_ntz) + interval 23 hours 59 minutes"),
    ("cast(concat('x', c) as binary)", "cast(a as float)", "d"),
    ("null", "cast(a as bigint) * 100", "d"),
])  # fmt: skip
def test_score__takes_the_types_of_spark(spark, customer, amount, time):
    drawn = np.random.default_rng(5)
    columns = drawn.integers(0, 40, 300), drawn.integers(-500, 12_000, 300)
    days = [date(2025, 1, 1) + timedelta(days=n) for n in drawn.integers(0, 300, 300).tolist()]
    rows = list(zip(*(column.tolist() for column in columns), days, strict=True))
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        frame = spark.createDataFrame(rows, "c int, a int, d date").selectExpr(
            f"{customer} as customer_id", f"{amount} as amount", f"{time} as order_time"
        )
        options = {"as_of": AS_OF, "timezone": "Asia/Tokyo", "clv": True, "weights": [1, "0.5", 2]}
        with rfm.spark.score(frame, buckets=2, **options) as found:
            assert_equal(Collected(found), rfm.score(frame.toArrow(), **options))
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_score__finds_columns_with_odd_names_and_large_types(spark, small):
    names = {"customer_id": "kunde.id", "order_time": "a `time`", "amount": "Amount (€)"}
    table = small.rename_columns([names.get(name, name) for name in small.column_names])
    frame = frame_of(spark, small).withColumnsRenamed(names)
    options = {
        "as_of": AS_OF, "customer": "kunde.id", "time": "a `time`", "amount": "Amount (€)",
    }  # fmt: skip
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        found = rfm.spark.score(frame, **options)
    finally:
        spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
    with found:
        assert_equal(Collected(found), rfm.score(table, **options))


def test_score__keeps_the_zone_of_times_if_timestamps_have_none_by_default(spark, small):
    spark.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
    try:
        found = rfm.spark.score(frame_of(spark, small), as_of=AS_OF)
    finally:
        spark.conf.unset("spark.sql.timestampType")
    with found:
        assert_equal(Collected(found), rfm.score(small, as_of=AS_OF))


def test_score__keeps_totals_in_a_staging_folder(spark, small, tmp_path):
    frame, place = frame_of(spark, small), tmp_path / "staging"
    found = rfm.spark.score(frame, as_of=AS_OF, staging=place, clv=True)
    assert_equal(Collected(found), rfm.score(small, as_of=AS_OF, clv=True))
    assert list(place.glob("*.parquet"))
    assert not spark.sparkContext._jsc.getPersistentRDDs()
    with pytest.raises(rfm.UsageError, match=r"staging must be a new folder; got .*, which exists"):
        rfm.spark.score(frame, as_of=AS_OF, staging=place)


def test_score__of_no_rows_has_no_customers(spark, small):
    frame = frame_of(spark, small).where("amount > 1e9")
    with rfm.spark.score(frame, as_of="newest", scheme="five-types") as found:
        assert_equal(
            Collected(found), rfm.score(small.slice(0, 0), as_of="newest", scheme="five-types")
        )


def test_result__frees_totals_and_can_still_be_computed(spark, small):
    with rfm.spark.score(frame_of(spark, small), as_of=AS_OF) as found:
        assert len(spark.sparkContext._jsc.getPersistentRDDs()) == 1
    assert not spark.sparkContext._jsc.getPersistentRDDs()
    assert_equal(Collected(found), rfm.score(small, as_of=AS_OF))


def test_score__raises_errors_of_workers_in_the_driver(spark, small):
    frame = frame_of(spark, small, 3)
    with pytest.raises(rfm.DataError, match=r"refund.* in a batch of a partition"):
        rfm.spark.score(frame, as_of=AS_OF, refunds="error")
    assert not spark.sparkContext._jsc.getPersistentRDDs()


def test_score__tells_which_folder_a_refused_run_leaves(spark, small, tmp_path):
    frame, place = frame_of(spark, small, 1), tmp_path / "staging"
    with pytest.raises(rfm.DataError, match="refund") as found:
        rfm.spark.score(frame, as_of=AS_OF, refunds="error", staging=place, buckets=1)
    assert found.value.__notes__ == [f"Delete the folder for staging, '{place}', if it exists."]
    assert place.exists()


@pytest.mark.parametrize(("columns", "options", "message"), [
    ("*", {"customer": "custmer_id"}, "Did you mean 'customer_id'?"),
    ("*", {"buckets": 0}, "buckets must be a whole number from 1 to 100,000; got 0"),
    ("*", {"buckets": 10**12}, "buckets must be a whole number from 1 to 100,000; got 10"),
    ("*", {"staging": ""}, "staging must be a new folder; got an empty text"),
    ("*; 1 as Amount", {}, "must occur once in orders; got 'amount' and 'Amount', which are one"),
    ("*", {"by": "order_id"}, "by must not be used with spark.score, because it gives each group"),
    ("*; 1 as amount", {}, "amount"),
    ("*; map(1, 2) as m", {"amount": "m"}, "amount column 'm' must contain .*; got map"),
    ("*; interval 1 month as i", {"time": "i"}, "'i' of orders must have a type .*; got int"),
    ("*; parse_json('1') as v", {"amount": "v"}, "amount column 'v' must .*; got"),
])  # fmt: skip
def test_score__refuses_what_is_wrong_before_a_job(spark, small, columns, options, message):
    frame = frame_of(spark, small).selectExpr(*columns.split("; "))
    with pytest.raises((rfm.UsageError, rfm.DataError), match=message):
        rfm.spark.score(frame, **({"as_of": AS_OF} | options))


def test_score__refuses_what_is_no_frame(small):
    with pytest.raises(rfm.UsageError, match=r"must be a Spark DataFrame; got pyarrow\.lib\.Table"):
        rfm.spark.score(small, as_of=AS_OF)


def test_score__refuses_streams(spark):
    stream = spark.readStream.format("rate").load()
    with pytest.raises(rfm.UsageError, match="df must be a DataFrame that ends; got a streaming"):
        rfm.spark.score(stream, as_of=AS_OF)
    with pytest.raises(rfm.UsageError, match="orders must be a DataFrame that ends; got a stream"):
        rfm.score(stream, as_of=AS_OF)
