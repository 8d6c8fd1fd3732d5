"""Spark reads every column of the files that rfm writes, with equal values."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.simulate import simulate

AS_OF = "2025-12-31"
# With groups they make more rows than a page of a column has, 131,072.
CUSTOMERS = 100_000
DAY = datetime.datetime(2025, 1, 1, 1, 2, 3)
EARLY = datetime.datetime(1969, 1, 1)
# By name: the values of an attribute, and the type that Spark reads.
ATTRIBUTES = {
    "int8": (pa.array([1, None, -3], pa.int8()), pa.int8()),
    "uint8": (pa.array([1, None, 255], pa.uint8()), pa.int16()),
    "uint16": (pa.array([1, None, 2**16 - 1], pa.uint16()), pa.int32()),
    "uint32": (pa.array([1, None, 2**32 - 1], pa.uint32()), pa.int64()),
    "uint64": (pa.array([1, None, 2**64 - 1], pa.uint64()), pa.decimal128(20)),
    "float32": (pa.array([1.5, None, -3], pa.float32()), pa.float32()),
    "float64": (pa.array([0.1, None, -3], pa.float64()), pa.float64()),
    "bool": (pa.array([True, None, False]), pa.bool_()),
    "date": (pa.array([DAY.date(), None, EARLY.date()]), pa.date32()),
    "local": (pa.array([DAY, None, EARLY], pa.timestamp("us")), pa.timestamp("us")),
    "instant": (
        pa.array([DAY, None, EARLY], pa.timestamp("us", "UTC")),
        pa.timestamp("us", "UTC"),
    ),
    "decimal": (
        pa.array([Decimal("0.01"), None, Decimal("-9.99")], pa.decimal128(9, 2)),
        pa.decimal128(9, 2),
    ),
    "wide": (
        pa.array([Decimal("1e-10"), None, Decimal(-(10**27))], pa.decimal128(38, 10)),
        pa.decimal128(38, 10),
    ),
    "text": (pa.array(["süd", None, ""]), pa.string()),
    "large_text": (pa.array(["süd", None, ""], pa.large_string()), pa.string()),
    "words": (pa.array(["a", None, "b"]).dictionary_encode(), pa.string()),
    "bytes": (pa.array([b"\0\xff", None, b""]), pa.binary()),
    "two_bytes": (pa.array([b"\0\xff", None, b"ab"], pa.binary(2)), pa.binary()),
    "struct": (
        pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": ""}]),
        pa.struct({"a": pa.int64(), "b": pa.string()}),
    ),
    "list": (pa.array([[1, 2], None, []]), pa.list_(pa.field("element", pa.int64()))),
}
IDS = {
    "int64": pa.array([5, -(2**63), 2**63 - 1]),
    "uint64": pa.array([5, 2**63, 2**64 - 1], pa.uint64()),
    "string": pa.array(["", "é\0", "x" * 300]),
    "binary": pa.array([b"", b"\0\xff", b"x"]),
}


def orders_of(ids: pa.Array) -> pa.Table:
    return pa.table({"customer_id": ids, "order_time": [DAY] * 3, "amount": [1.5, 2.5, 3.5]})


def same_rows(found: pa.Table, expected: pa.Table, *keys: str) -> bool:
    """Compare values; Spark has no dictionaries and no unsigned integers."""
    expected = expected.cast(found.schema)
    order = [(key, "ascending") for key in keys]
    return found.sort_by(order).equals(expected.sort_by(order))


@pytest.fixture(scope="module")
def lines():
    return simulate(customers=CUSTOMERS, orders=2 * CUSTOMERS, ids="dense", lines=True).read_all()


@pytest.mark.parametrize("place", ["customers.parquet", "parts"])
def test_spark__reads_every_column_of_a_file_and_of_parts(spark, tmp_path, lines, place):
    options = {
        "as_of": AS_OF, "by": "channel", "facts": True, "clv": True,
        "weights": [1, 2, Decimal("0.5")],
    }  # fmt: skip
    if place == "parts":
        options["clv_model"] = rfm.fit_clv(lines, as_of=AS_OF, by="channel")
    else:
        options["overall"] = True
    rfm.score(lines, output=tmp_path / place, **options)
    written = pq.read_table(tmp_path / place)  # with the rows of all groups together
    read = spark.read.parquet(str(tmp_path / place))
    assert read.columns == written.column_names
    assert same_rows(read.toArrow(), written, "channel", "customer_id")


def test_spark__reads_attributes_of_every_type(spark, tmp_path):
    columns = {name: values for name, (values, _) in ATTRIBUTES.items()}
    pq.write_table(pa.table({"customer_id": [1, 2, 3]} | columns), tmp_path / "attributes.parquet")
    result = rfm.score(
        orders_of(pa.array([1, 2, 3])), as_of=AS_OF, output=tmp_path / "customers.parquet",
        attributes=tmp_path / "attributes.parquet",
    )  # fmt: skip
    read = spark.read.parquet(str(tmp_path / "customers.parquet")).toArrow()
    assert {name: read.schema.field(name).type for name in ATTRIBUTES} == {
        name: kind for name, (_, kind) in ATTRIBUTES.items()
    }
    assert same_rows(read, result.customers, "customer_id")


@pytest.mark.parametrize("kind", IDS)
def test_spark__reads_ids(spark, tmp_path, kind):
    place = tmp_path / "customers.parquet"
    result = rfm.score(orders_of(IDS[kind]), as_of=AS_OF, output=place)
    assert result.customers.schema.field("customer_id").type == IDS[kind].type
    assert same_rows(spark.read.parquet(str(place)).toArrow(), result.customers, "monetary")


def test_spark__reads_uuids_only_as_bytes_by_a_given_schema(spark, tmp_path):
    from pyspark.errors import AnalysisException

    place = str(tmp_path / "customers.parquet")
    ids = [uuid.UUID(int=n) for n in (1, 2**64, 2**128 - 1)]
    rfm.score(
        orders_of(pa.array([each.bytes for each in ids], pa.uuid())), as_of=AS_OF, output=place
    )
    with pytest.raises(AnalysisException, match="UUID"):
        spark.read.parquet(place)
    read = spark.read.schema("customer_id binary, monetary decimal(18, 2)").parquet(place)
    found = read.toArrow().sort_by("monetary")["customer_id"]
    assert found.to_pylist() == [each.bytes for each in ids]


def test_our_reading__reads_what_spark_writes(spark, tmp_path):
    """Spark stores times as timestamps of 96 bits if it is told to."""
    orders = simulate(customers=1_000, orders=5_000, lines=True).read_all()
    frame = spark.createDataFrame(orders.drop_columns(["channel"]))
    expected = rfm.score(orders, as_of=AS_OF, order="order_id").customers
    for kind in ("INT96", "TIMESTAMP_MICROS"):
        spark.conf.set("spark.sql.parquet.outputTimestampType", kind)
        frame.repartition(3).write.parquet(str(tmp_path / kind))
        found = rfm.score(tmp_path / kind, as_of=AS_OF, order="order_id").customers
        assert same_rows(found, expected, "customer_id")
