"""Test the stream of normalised rows: columns, types, errors, and ways of reading it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.orders import stream
from tests.shapes import AS_OF, cents, orders_table, random_orders

DAY_US = 86_400_000_000


def rows_of(orders, **options):
    return pa.table(rfm.normalized(orders, **{"as_of": AS_OF} | options))


def with_columns(n=3, **columns):
    return orders_table([1] * n, [0] * n, [cents(100)] * n, **columns)


def batches_of(*tables):
    return [batch for table in tables for batch in table.to_batches()]


def test_normalized__has_the_documented_columns():
    orders = pa.table(
        {
            "who": pa.array([2**63, 7, None], pa.uint64()),
            "when": pa.array(["2025-03-30T02:30", "2025-03-30", "2025-03-30"]),
            "price": pa.array([1050, 20, 30], pa.int16()),
            "n": pa.array([3, 1, 1], pa.uint8()),
            "shop": pa.array(["a", None, "b"]).dictionary_encode(),
            "order": pa.array(["x", None, "y"], pa.string_view()),
        }
    )
    rows = rfm.normalized(
        orders, as_of="2025-12-31", customer="who", time="when", amount="price", quantity="n",
        by="shop", order="order", amount_scale=2, timezone="Europe/Berlin", carry=("n", "when"),
    )  # fmt: skip
    assert [(field.name, str(field.type)) for field in rows.schema] == [
        ("customer_id", "uint64"), ("shop", "string"), ("order_id", "string"),
        ("moment", "timestamp[us, tz=UTC]"), ("local", "timestamp[us]"), ("day", "date32[day]"),
        ("minor", "int64"), ("quantity", "int64"), ("n", "uint8"), ("when", "string"),
    ]  # fmt: skip
    # The local time 02:30 does not exist on that day.
    assert pa.table(rows).to_pylist() == [
        {
            "customer_id": 2**63, "shop": "a", "order_id": "x",
            "moment": datetime(2025, 3, 30, 1, 30, tzinfo=UTC),
            "local": datetime(2025, 3, 30, 3, 30), "day": date(2025, 3, 30),
            "minor": 3150, "quantity": 3, "n": 3, "when": "2025-03-30T02:30",
        },
        {
            "customer_id": 7, "shop": None, "order_id": None,
            "moment": datetime(2025, 3, 29, 23, tzinfo=UTC),
            "local": datetime(2025, 3, 30), "day": date(2025, 3, 30),
            "minor": 20, "quantity": 1, "n": 1, "when": "2025-03-30",
        },
    ]  # fmt: skip
    assert rows.rows.dropped["null_customer"] == 1
    assert (rows.rows.read, rows.rows.counted, rows.scale) == (3, 2, 2)


def test_normalized__metadata_say_how_the_rows_came_about():
    orders = random_orders(50, 5).append_column("note", pa.array(["x"] * 50))
    options = {"timezone": "Asia/Kathmandu", "window": "99d", "where": "note=x", "carry": "note"}
    rows = rfm.normalized(orders, as_of="newest", **options)
    said = json.loads(rows.schema.metadata[b"rfm_engine_rows"])
    result = rfm.score(orders, as_of="newest", timezone="Asia/Kathmandu")
    assert said["version"] == rfm.__version__
    assert said["as_of"] == str(result.as_of) == str(rows.as_of)
    assert (said["scale"], said["timezone"], said["buckets"]) == (2, "Asia/Kathmandu", None)
    assert said["options"]["where"] == ["note=x"]
    assert (said["options"]["window"], said["options"]["carry"]) == ("99d", ["note"])
    assert pa.table(rows).schema.metadata == rows.schema.metadata


def test_normalized__csv_reads_ids_as_it_is_told(tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("customer_id,order_time,amount,order_id,n\n007,2025-01-01,1.5,08,2\n")
    text = rows_of(file, order="order_id", quantity="n", carry="amount").to_pylist()
    assert [(row["customer_id"], row["order_id"]) for row in text] == [("007", "08")]
    assert [(row["minor"], row["quantity"], row["amount"]) for row in text] == [(300, 2, "1.5")]
    [row] = rows_of(file, order="order_id", ids="int").to_pylist()
    assert (row["customer_id"], row["order_id"]) == (7, 8)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.string(), pa.large_string(), pa.large_string()),
        (pa.string_view(), pa.string(), pa.large_string()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), pa.string()),
        (pa.null(), pa.date32(), pa.date32()),
        (pa.date32(), pa.null(), pa.date32()),
        (pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ms")),
        (pa.decimal64(9, 2), pa.decimal128(20, 2), pa.decimal128(20, 2)),
        (pa.list_(pa.string()), pa.list_(pa.string()), pa.list_(pa.string())),
    ],
    ids=str,
)
def test_carry__takes_the_type_that_holds_all(first, second, together):
    tables = [with_columns(extra=pa.nulls(3, kind)) for kind in (first, second)]
    rows = rows_of(tables, carry="extra")
    assert rows.schema.field("extra").type == together
    assert rows["extra"].to_pylist() == [None] * 6


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.int64(), pa.uint64()),
        (pa.int64(), pa.float64()),
        (pa.string(), pa.int64()),
        (pa.string(), pa.binary()),
        (pa.timestamp("us"), pa.timestamp("us", "UTC")),
        (pa.decimal128(9, 2), pa.decimal128(9, 3)),
    ],
    ids=str,
)
def test_carry__kinds_that_differ_are_refused_naming_both(first, second):
    tables = [with_columns(extra=pa.nulls(3, kind)) for kind in (first, second)]
    with pytest.raises(rfm.DataError, match=r"type of 'extra' \(carry\).*orders\[1\].*orders\[0\]"):
        rfm.normalized(tables, as_of=AS_OF, carry="extra")
    items = (batch for table in tables for batch in table.to_batches())
    rows = rfm.normalized(items, as_of=AS_OF, carry="extra")
    assert pa.table(rows).num_rows == 6  # a column of only nulls fits any type
    numbers = [pa.array([1, 2, 3]), pa.array(["1", "2", "3"])]
    items = iter(batches_of(*(with_columns(extra=each) for each in numbers)))
    with pytest.raises(rfm.DataError, match="carried column 'extra' must be int64 as in earlier"):
        list(rfm.normalized(items, as_of=AS_OF, carry="extra"))


def test_carry__later_batches_are_cast_to_the_promised_type():
    numbers = [pa.array([1, 2, 3], pa.int16()), pa.array([4, 5, 6], pa.int64())]
    items = iter(batches_of(*(with_columns(extra=each) for each in numbers)))
    assert rows_of(items, carry="extra")["extra"].to_pylist() == [1, 2, 3, 4, 5, 6]
    large = [pa.array([1, 2, 3], pa.int16()), pa.array([4, 5, 1 << 20])]
    items = iter(batches_of(*(with_columns(extra=each) for each in large)))
    with pytest.raises(rfm.DataError, match=r"must be int16 .* row 4 or after"):
        list(rfm.normalized(items, as_of=AS_OF, carry="extra"))


def test_carry__refuses_what_cannot_be():
    table = with_columns(n=1, shop=pa.array([1]), moment=pa.array([1]))
    with pytest.raises(rfm.UsageError, match=r"column 'shopp' must exist .* Did you mean 'shop'"):
        rfm.normalized(table, as_of=AS_OF, carry="shopp")
    with pytest.raises(rfm.UsageError, match="carry must name each column once"):
        rfm.normalized(table, as_of=AS_OF, carry=["shop", "shop"])
    for name, options in (("moment", {}), ("customer_id", {}), ("shop", {"by": "shop"})):
        with pytest.raises(rfm.UsageError, match=f"already have; got '{name}'"):
            rfm.normalized(table, as_of=AS_OF, carry=name, **options)
    with pytest.raises(rfm.UsageError, match="group column must not be named like"):
        rfm.normalized(table, as_of=AS_OF, by="moment")
    views = with_columns(n=1, deep=pa.nulls(1, pa.list_(pa.string_view())))
    with pytest.raises(rfm.DataError, match="'deep' must have a type whose rows can be filtered"):
        rfm.normalized(views, as_of=AS_OF, carry="deep")


@pytest.mark.parametrize("names", [("customer_id",), ("note",)])
def test_normalized__text_that_is_not_utf_8_is_refused(names):
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff"))
    table = orders_table(bad, [0], [cents(1)], note=bad)
    if names == ("note",):
        table = table.set_column(0, "customer_id", pa.array([1]))
    with pytest.raises(rfm.DataError, match="must be valid UTF-8"):
        list(rfm.normalized(table, as_of=AS_OF, carry="note"))


def test_normalized__refuses_states_totals_and_unknown_options(tmp_path):
    state = rfm.State.create(tmp_path / "state")
    with pytest.raises(rfm.UsageError, match="got a state, which contains totals"):
        rfm.normalized(state, as_of=AS_OF)
    table = with_columns()
    refused = "customer_level must not be used with normalised rows"
    with pytest.raises(rfm.UsageError, match=refused):
        rfm.normalized(table, as_of=AS_OF, customer_level=True)
    for name in ("clv", "refund", "bins"):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            rfm.normalized(table, as_of=AS_OF, **{name: 1})


def test_normalized__newest_needs_orders_that_can_be_read_twice():
    table = random_orders(10, 3)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    with pytest.raises(rfm.UsageError, match="as_of must be a date for the rows of a stream"):
        rfm.normalized(reader, as_of="newest")
    assert rows_of(reader).num_rows == 10


def test_normalized__errors_of_rows_are_those_of_score():
    table = random_orders(1000, 20)
    faulty = pa.concat_tables([table, orders_table([None], [0], [cents(1)])])
    options = {"as_of": AS_OF, "strict": True}
    with pytest.raises(rfm.DataError) as scored:
        rfm.score(faulty, **options)
    with pytest.raises(rfm.DataError) as read:
        list(rfm.normalized(faulty, **options))
    assert str(read.value) == str(scored.value)
    with pytest.raises(pa.ArrowInvalid) as consumed:
        pa.table(rfm.normalized(faulty, **options))
    assert str(scored.value) in str(consumed.value)
    relation = duckdb.from_arrow(rfm.normalized(faulty, **options))
    with pytest.raises(duckdb.Error) as queried:
        relation.fetchall()
    assert str(scored.value) in str(queried.value)


def test_normalized__exceptions_of_the_producer_come_out_of_iteration():
    def producer():
        yield random_orders(10, 3).to_batches()[0]
        raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError, match="of the caller"):
        list(rfm.normalized(producer(), as_of=AS_OF))


def test_normalized__is_read_once_by_any_consumer():
    table = random_orders(100, 10)
    total = sum(int(each.scaleb(2)) for each in table["amount"].to_pylist())
    rows = rfm.normalized(table, as_of=AS_OF)
    assert duckdb.sql("select sum(minor) from rows").fetchall() == [(total,)]
    with pytest.raises(rfm.UsageError, match="read only once"):
        list(rows)
    frame = pl.DataFrame(rfm.normalized(table, as_of=AS_OF))
    assert frame["minor"].sum() == total
    rows = rfm.normalized(table, as_of=AS_OF)
    assert rows.rows.read == 0
    next(iter(rows))
    assert rows.rows.read == 100


def test_normalized__kinds_that_show_too_late_are_refused():
    late = [pa.nulls(3), pa.array(["a", "b", "c"])]
    items = iter(batches_of(*(with_columns().set_column(0, "customer_id", each) for each in late)))
    with pytest.raises(rfm.DataError, match=r"kind of 'customer_id'.*text in orders from row 4 on"):
        list(rfm.normalized(items, as_of=AS_OF))


def test_normalized__of_equal_rows_the_first_counts():
    table = random_orders(5000, 50)
    table = table.append_column("key", pa.array(range(5000)))
    first, second = (table.append_column("file", pa.array([n] * 5000)) for n in (1, 2))
    rows = rows_of([first, second], distinct="key", carry="file", threads=4)
    assert rows["file"].unique().to_pylist() == [1]
    assert rows.num_rows == 5000


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view(), pa.large_string()], ids=str)
@pytest.mark.parametrize("encode", [False, True])
def test_normalized__cuts_batches_whose_text_is_long(monkeypatch, kind, encode):
    texts = pa.array([f"{n % 3}" * 100 for n in range(64)], kind)
    table = orders_table(list(range(64)), [DAY_US] * 64, [cents(n) for n in range(64)])
    if encode:
        texts = texts.cast(pa.string()).dictionary_encode()
    table = table.append_column("note", texts)
    monkeypatch.setattr(stream, "_MOST_BYTES", 1000)
    batches = list(rfm.normalized(table, as_of=AS_OF, carry="note"))
    assert len(batches) >= 8
    rows = pa.Table.from_batches(batches)
    assert rows["customer_id"].to_pylist() == list(range(64))
    assert rows["note"].to_pylist() == [f"{n % 3}" * 100 for n in range(64)]
