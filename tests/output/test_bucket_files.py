"""Rows divided into files by customer: their file, their order, and what is replaced."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.kernels.arrays import frozen
from rfm_engine.normalize import write_normalized
from rfm_engine.orders.buckets import buckets_of, find_remainders
from rfm_engine.output import bucket_files, bucket_slots
from rfm_engine.output.atomic import MARKER
from tests import strategies
from tests.shapes import AS_OF, random_orders

MASK = 2**64 - 1


def bucket_of(value, n_buckets):
    """Return the bucket of an id, computed in plain Python."""
    if isinstance(value, int):
        value = (value & MASK).to_bytes(8, "little")
    data = value.encode() if isinstance(value, str) else getattr(value, "bytes", value)
    mixed = 0xCBF29CE484222325
    for byte in data:
        mixed = (mixed ^ byte) * 0x100000001B3 & MASK
    return (mixed ^ mixed >> 32) % n_buckets


@given(
    kind=st.sampled_from(sorted(strategies.KEY_POOLS)),
    n_buckets=st.integers(1, 1000),
    start=st.integers(0, 2),
)
def test_buckets_of__is_the_documented_function(kind, n_buckets, start):
    arrow, pool = strategies.KEY_POOLS[kind]
    ids = pa.array(pool, arrow).slice(start)
    if pa.types.is_dictionary(arrow):
        ids = ids.dictionary_decode()
    expected = [bucket_of(value, n_buckets) for value in ids.to_pylist()]
    assert buckets_of(ids, n_buckets).tolist() == expected


def test_buckets_of__is_as_the_page_says():
    assert buckets_of(pa.array(["a", "b", "é1", ""]), 7).tolist() == [1, 5, 4, 6]
    assert buckets_of(pa.array([1, -1, 2, 3]), 7).tolist() == [1, 6, 2, 3]


@pytest.mark.parametrize("n_buckets", [1, 2, 3, 7, 64, 641, 999, 1000])
def test_find_remainders__is_exact_next_to_multiples(n_buckets):
    near = [n_buckets * factor for factor in (0, 1, 2**32, 2**53, 2**54 + 1)]
    near += [MASK - MASK % n_buckets, 2**63, 2**32 * (2**32 // n_buckets), MASK]
    numbers = [each + step for each in near for step in (-1, 0, 1) if 0 <= each + step <= MASK]
    found = np.empty(len(numbers), np.uint16)
    find_remainders(frozen(np.array(numbers, np.uint64)), n_buckets, found)
    assert found.tolist() == [each % n_buckets for each in numbers]


def test_buckets_of__spreads_ids_of_every_kind_evenly():
    numbers = np.arange(64_000)
    texts = [f"C{n:09}" for n in numbers]
    for ids in (numbers, numbers * 1024, numbers[::-1] << 40, texts):
        counts = np.bincount(buckets_of(pa.array(ids), 64), minlength=64)
        assert counts.min() > 800
        assert counts.max() < 1200


def written(orders, place, **options):
    write_normalized(orders, place, **{"as_of": AS_OF} | options)
    paths = sorted(place.glob("part-*.parquet"))
    assert {*place.iterdir()} == {*paths, place / MARKER}
    return [pq.read_table(path) for path in paths]


@pytest.mark.parametrize("most_bytes", [1, 4000, 1 << 27])
@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_write_normalized__each_customer_is_in_one_file(tmp_path, monkeypatch, kind, most_bytes):
    monkeypatch.setattr("rfm_engine.normalize._MOST_BUCKET_BYTES", most_bytes)
    table = random_orders(2000, 300)
    table = table.set_column(0, "customer_id", table["customer_id"].cast(kind))
    table = table.append_column("number", pa.array(range(2000)))
    options = {"carry": "number", "threads": 2}
    buckets = written(table.to_batches(300), tmp_path / "b", buckets=7, **options)
    assert len(buckets) == 7
    whole = pa.table(rfm.normalized(table, as_of=AS_OF, **options))
    for number, bucket in enumerate(buckets):
        mine = [bucket_of(each, 7) == number for each in whole["customer_id"].to_pylist()]
        assert bucket.equals(whole.filter(pa.array(mine)))  # in the order of the input


@pytest.mark.parametrize("most_rows", [30, 1 << 20])
def test_write_normalized__the_files_are_the_same_for_any_threads_and_process(
    tmp_path, monkeypatch, most_rows
):
    monkeypatch.setattr(bucket_slots, "_MOST_ROWS", most_rows)
    table = random_orders(3000, 200)
    texts = {"word": [f"w{i // 9}" for i in range(3000)], "text": [f"{i}" for i in range(3000)]}
    for name, column in texts.items():
        table = table.append_column(name, pa.array(column))
    places = [tmp_path / str(threads) for threads in (1, 2, 4)]
    for threads, place in zip((1, 2, 4), places, strict=True):
        written(table.to_batches(500), place, buckets=5, threads=threads, carry=[*texts])
    for path in places[0].iterdir():
        assert {(place / path.name).read_bytes() for place in places} == {path.read_bytes()}


def test_write_normalized__buckets_without_rows_have_files(tmp_path):
    buckets = written(random_orders(5, 2), tmp_path / "b", buckets=50)
    assert len(buckets) == 50
    assert sum(map(len, buckets)) == 5
    assert len({str(bucket.schema) for bucket in buckets}) == 1
    assert written(random_orders(0, 2), tmp_path / "none", buckets=3)[0].num_rows == 0
    assert pq.read_table(tmp_path / "none").num_rows == 0


def test_write_normalized__replaces_only_what_is_ours(tmp_path):
    place = tmp_path / "b"
    written(random_orders(50, 9), place, buckets=9)
    assert len(written(random_orders(50, 9), place, buckets=2)) == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").touch()
    with pytest.raises(rfm.UsageError, match="must be new, empty or one written by rfm"):
        write_normalized(random_orders(5, 2), tmp_path / "other", as_of=AS_OF, buckets=2)


@pytest.mark.parametrize("buckets", [None, 3])
def test_write_normalized__what_fails_leaves_the_old_output(tmp_path, buckets):
    place = tmp_path / "b"
    table = random_orders(50, 9)
    write_normalized(table, place, as_of=AS_OF, buckets=buckets)
    before = {path.name: path.read_bytes() for path in place.iterdir()}

    def producer():
        yield from table.to_batches()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_normalized(producer(), place, as_of=AS_OF, buckets=buckets)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_write_normalized__full_disk_says_that_the_output_is_as_it_was(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bucket_files.Stitch, "append_group", full)
    with pytest.raises(OSError, match="No space") as raised:
        write_normalized(random_orders(50, 9), tmp_path / "b", as_of=AS_OF, buckets=2)
    assert raised.value.__notes__ == ["The output place is unchanged."]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("buckets", [0, 1001, 2.0, True, "7"])
def test_write_normalized__refuses_what_is_no_number_of_buckets(tmp_path, buckets):
    with pytest.raises(rfm.UsageError, match="buckets must be a whole number from 1 to 1000"):
        write_normalized(random_orders(5, 2), tmp_path / "b", as_of=AS_OF, buckets=buckets)


@pytest.mark.parametrize(
    ("ending", "kind", "name"),
    [
        (".csv", pa.list_(pa.int8()), "CSV"),
        (".csv.gz", pa.binary(), "CSV"),
        (".parquet", pa.month_day_nano_interval(), "Parquet"),
        ("", pa.month_day_nano_interval(), "Parquet"),
    ],
)
def test_write_normalized__types_that_a_format_cannot_hold(tmp_path, ending, kind, name):
    table = random_orders(3, 2).append_column("odd", pa.nulls(3, kind))
    with pytest.raises(rfm.DataError, match=f"column 'odd' must.*{name}"):
        write_normalized(table, tmp_path / f"out{ending}", as_of=AS_OF, carry="odd")
    assert list(tmp_path.iterdir()) == []
    write_normalized(table, tmp_path / "out.arrow", as_of=AS_OF, carry="odd")


def test_write_normalized__row_groups_are_bounded_by_rows_and_bytes(tmp_path, monkeypatch):
    table = random_orders(1000, 9).append_column("id", pa.array([uuid.UUID(int=7).bytes] * 1000))
    place = tmp_path / "rows.parquet"
    batches = table.to_batches(100)
    for name, most, groups in (("_GROUP_ROWS", 250, 4), ("_GROUP_BYTES", 1, 10)):
        with monkeypatch.context() as patch:
            patch.setattr(f"rfm_engine.normalize.{name}", most)
            write_normalized(batches, place, as_of=AS_OF, carry="id")
        assert pq.ParquetFile(place).num_row_groups == groups
        assert pq.read_table(place).equals(pa.table(rfm.normalized(table, as_of=AS_OF, carry="id")))
