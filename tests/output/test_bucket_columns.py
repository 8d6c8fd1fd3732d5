"""Columns of every type in the files of buckets, read by other libraries."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.normalize import write_normalized
from rfm_engine.output import bucket_parts, bucket_slots
from rfm_engine.parquet import pages
from tests.compare import digest
from tests.shapes import AS_OF, DAY_US, NEW_YEAR_2024_US, orders_table, random_orders

N = 40
WORDS = ("web", "app", "", "é" * 40, "store")
# Of each type: values that are as different as the type allows.
COLUMNS = {
    pa.int8(): (-128, 0, 127), pa.uint8(): (0, 255), pa.int16(): (-(2**15), 7),
    pa.uint16(): (0, 2**16 - 1), pa.int32(): (-(2**31), 1, 2**31 - 1), pa.uint32(): (0, 2**32 - 1),
    pa.int64(): (-(2**63), 0, 2**63 - 1), pa.uint64(): (0, 2**63, 2**64 - 1),
    pa.float32(): (1.5, -0.25), pa.float64(): (0.1, -1e300), pa.bool_(): (True, False),
    pa.date32(): (date(1, 1, 1), date(9999, 12, 31)), pa.date64(): (date(2024, 2, 29),),
    pa.time32("ms"): (time(1), time(23, 59)), pa.time64("us"): (time(2), time(3)),
    pa.timestamp("s"): (datetime(2024, 1, 1),), pa.timestamp("ms"): (datetime(1900, 1, 1),),
    pa.timestamp("us", "UTC"): (datetime(9999, 1, 1), datetime(1, 1, 1)),
    pa.timestamp("ns"): (datetime(2024, 1, 1),),
    pa.duration("us"): (timedelta(1),), pa.decimal128(18, 2): (Decimal("0.01"), Decimal("-9.99")),
    pa.decimal128(5, 1): (Decimal("1.5"),), pa.decimal128(38, 3): (Decimal("1e20"),),
    pa.string(): WORDS, pa.large_string(): WORDS, pa.binary(): (b"", b"\xff\0"),
    pa.binary(3): (b"abc", b"\0\0\0"), pa.uuid(): (uuid.UUID(int=7).bytes, uuid.UUID(int=8).bytes),
    pa.dictionary(pa.int8(), pa.string()): WORDS, pa.dictionary(pa.int32(), pa.int64()): (5, -5),
    pa.list_(pa.int64()): ([], [1, None]), pa.struct([("a", pa.int8()), ("b", pa.string())]): (
        {"a": 1, "b": "x"}, {"a": None, "b": None},
    ),
    pa.null(): (None,),
}  # fmt: skip


def written(batches, place, **options):
    """Write buckets, and check that pyarrow, DuckDB and Polars read the rows of the stream."""
    options = {"as_of": AS_OF} | options
    n_buckets = options.pop("buckets", 3)
    write_normalized(batches, place, buckets=n_buckets, **options)
    whole = pa.table(rfm.normalized(batches, **options))
    parts = [pq.read_table(place / f"part-{i:05}.parquet") for i in range(n_buckets)]
    table = pa.concat_tables(parts)
    table.validate(full=True)
    for found, field in zip(table.schema, whole.schema, strict=True):
        # Parquet has no seconds, and its dates are days.
        kind = {pa.timestamp("s"): pa.timestamp("ms"), pa.date64(): pa.date32()}.get(field.type)
        assert found.name == field.name
        assert found.type in (field.type, kind)
    assert sorted_rows(table) == sorted_rows(whole)
    return table


def sorted_rows(table):
    return sorted(map(repr, table.to_pylist()))


@st.composite
def batches(draw):
    """Draw batches with one column of each type of some, of few or of many values, with nulls."""
    n = draw(st.integers(1, N))
    kinds = draw(st.lists(st.sampled_from([*COLUMNS]), min_size=1, max_size=6, unique=True))
    columns = {}
    for number, kind in enumerate(kinds):
        values = st.sampled_from(COLUMNS[kind])
        cell = values if draw(st.booleans()) else st.one_of(st.none(), values)
        columns[f"c{number}"] = pa.array(draw(st.lists(cell, min_size=n, max_size=n)), kind)
    who = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    table = orders_table(who, [NEW_YEAR_2024_US + DAY_US * i for i in range(n)], pa.array([1] * n))
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table.to_batches(draw(st.integers(1, n)))


@given(some=batches(), rows=st.integers(1, 50), page=st.sampled_from((1, 3, 1 << 17)))
def test_buckets__have_columns_of_every_type(some, rows, page, tmp_path_factory):
    names = some[0].schema.names[3:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bucket_slots, "_MOST_ROWS", rows)
        patch.setattr(pages, "_PAGE_ROWS", page)
        written(some, tmp_path_factory.mktemp("b") / "rows", carry=names, threads=2)


@pytest.mark.parametrize("read", ["duckdb", "polars"])
def test_buckets__are_read_by_other_libraries(tmp_path, read, monkeypatch):
    monkeypatch.setattr(bucket_slots, "_MOST_ROWS", 300)
    monkeypatch.setattr(pages, "_PAGE_ROWS", 64)
    n = 2000
    rng = np.random.default_rng(1)
    table = random_orders(n, 100)
    more = {
        "few": pa.array([WORDS[i % 5] if i % 7 else None for i in range(n)]),
        "many": pa.array([f"text {i}" if i % 3 else None for i in range(n)]),
        "number": pa.array(rng.integers(-(2**63), 2**63 - 1, n), mask=rng.random(n) < 0.3),
        "small": pa.array(rng.integers(0, 200, n).astype(np.uint8), mask=rng.random(n) < 0.3),
        "price": pa.array(rng.random(n)),
        "day_of_birth": pa.array(rng.integers(0, 20_000, n).astype("datetime64[D]")),
        "order": pa.array(rng.integers(0, 2**63 - 1, n) // 2),
    }
    for name, column in more.items():
        table = table.append_column(name, column)
    place = tmp_path / "rows"
    expected = written(
        table.to_batches(170), place, order="order", carry=[*more][:-1], threads=2,
        timezone="Asia/Tokyo",
    )  # fmt: skip
    glob = f"{place}/part-*.parquet"
    if read == "duckdb":
        found = duckdb.read_parquet(glob).to_arrow_table()
    else:
        found = pl.read_parquet(glob).to_arrow()
    columns = [found[field.name].cast(field.type) for field in expected.schema]
    rows = pa.Table.from_arrays(columns, schema=expected.schema)
    assert sorted_rows(rows) == sorted_rows(expected)
    small = duckdb.sql(f"select count(*) from '{glob}' where small between 10 and 90").fetchall()
    wanted = sum(10 <= each <= 90 for each in expected["small"].to_pylist() if each is not None)
    assert small == [(wanted,)]


def test_buckets__texts_share_a_dictionary_until_they_have_too_many_words(tmp_path, monkeypatch):
    monkeypatch.setattr(bucket_slots, "_MOST_ROWS", 100)
    monkeypatch.setattr("rfm_engine.output.bucket_files.MOST_WORDS", 20)
    n = 4000
    table = random_orders(n, 50)
    few = [WORDS[i % 5] for i in range(n)]
    growing = [f"w{i // 100}" for i in range(n)]
    repeated = ["same"] * (n // 2) + [f"t{i}" for i in range(n // 2)]
    for name, texts in (("few", few), ("growing", growing), ("repeated", repeated)):
        table = table.append_column(name, pa.array(texts))
    batches = table.to_batches(500)
    place = tmp_path / "rows"
    written(batches, place, carry=["few", "growing", "repeated"])
    file = pq.ParquetFile(place / "part-00000.parquet").metadata
    encodings = {
        name: [
            "RLE_DICTIONARY" in group.column(number).encodings
            for group in map(file.row_group, range(file.num_row_groups))
        ]
        for number, name in enumerate(file.schema.names)
        if name in ("few", "growing", "repeated")
    }
    assert all(encodings["few"])
    for name in ("growing", "repeated"):
        n_with = sum(encodings[name])
        assert 0 < n_with < len(encodings[name])
        assert encodings[name] == [True] * n_with + [False] * (len(encodings[name]) - n_with)


def test_buckets__columns_that_are_equal_at_first_may_differ_later(tmp_path):
    """In UTC, order times are the same memory as local times, until a row is dropped."""
    table = random_orders(300, 20)
    faulty = orders_table([1, None, 2], [0, 1, 2], table["amount"].slice(0, 3))
    batches = [*table.to_batches(), *faulty.cast(table.schema).to_batches(), *table.to_batches()]
    rows = written(batches, tmp_path / "rows", carry="order_time")
    assert rows["order_time"].to_pylist() == rows["local"].to_pylist()
    moved = written(batches, tmp_path / "moved", timezone="Asia/Tokyo", carry="order_time")
    assert moved["moment"].to_pylist() != moved["local"].to_pylist()


def test_buckets__may_have_texts_without_words(tmp_path):
    table = random_orders(50, 5).append_column("note", pa.nulls(50, pa.string()))
    rows = written(table.to_batches(20), tmp_path / "rows", carry="note")
    assert rows["note"].null_count == 50


def test_buckets__can_be_scored_again(tmp_path):
    table, place = random_orders(3000, 200), tmp_path / "rows"
    written(table.to_batches(300), place)
    columns = {"time": "moment", "amount": "minor", "amount_scale": 2, "as_of": AS_OF}
    again = rfm.score(place, **columns)
    assert digest(again.customers) == digest(rfm.score(table, as_of=AS_OF).customers)


@pytest.mark.parametrize("n_customers", [1, 3, 500])
def test_buckets__of_unequal_size_have_row_groups_of_bounded_size(
    tmp_path, monkeypatch, n_customers
):
    monkeypatch.setattr(bucket_slots, "_MOST_ROWS", 200)
    monkeypatch.setattr(bucket_slots, "_GAP_ROWS", 1)
    place = tmp_path / "rows"
    written(random_orders(5000, n_customers).to_batches(1000), place, buckets=5)
    for path in place.glob("part-*.parquet"):
        file = pq.ParquetFile(path).metadata
        sizes = [file.row_group(number).num_rows for number in range(file.num_row_groups)]
        assert all(150 <= size <= 201 for size in sizes[:-1])
        assert all(0 < size <= 201 for size in sizes)


def test_buckets__long_texts_are_written_before_they_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("rfm_engine.normalize._MOST_BUCKET_BYTES", 1 << 20)
    n = 2000
    table = random_orders(n, 30)
    texts = ["short"] * 100 + [f"{i}" * 1000 for i in range(n - 100)]
    table = table.append_column("note", pa.array(texts))
    batches = table.slice(0, 100).to_batches() + table.slice(100).to_batches(50)
    monkeypatch.setattr(bucket_parts, "_FEWEST_REPEATS", 1 << 40)  # never a dictionary
    place = tmp_path / "rows"
    written(batches, place, carry="note", buckets=2)
    file = pq.ParquetFile(place / "part-00000.parquet").metadata
    sizes = [file.row_group(number).total_byte_size for number in range(file.num_row_groups)]
    assert len(sizes) > 2
    assert max(sizes) < 2 << 20
