"""Orders in memory and in streams: tables, frames, relations, readers, iterators."""

from __future__ import annotations

import threading

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.entry import Place, open_sources
from rfm_engine.orders.sources.pieces import MOST_ROWS
from tests.orders.drain import drain, places

ROWS = {"customer": [7, 8, 9], "note": ["x", "y", "z"], "amount": [1.5, None, 2.5]}
NEEDED = ("amount", "customer")
TABLE = pa.table(ROWS)
EXPECTED = TABLE.select(list(NEEDED)).to_pylist()


def batches():
    yield from TABLE.to_batches(max_chunksize=2)


class OnceOnly:
    """A minimal object of a library that this package does not know."""

    def __arrow_c_stream__(self, requested_schema=None):
        return TABLE.__arrow_c_stream__(requested_schema)


def relation():
    connection = duckdb.connect()
    connection.register("orders", TABLE)
    return connection.sql('select *, 1 as "q""x" from orders')


REPEATABLE = {
    "table": lambda: TABLE,
    "chunked": lambda: pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]),
    "batch": lambda: TABLE.to_batches()[0],
    "batches": lambda: list(batches()),
    "dataset": lambda: ds.dataset(TABLE),
    "pandas": lambda: TABLE.to_pandas(),
    "pandas by index": lambda: TABLE.to_pandas().set_index("customer"),
    "polars": lambda: pl.DataFrame(ROWS),
    "polars lazy": lambda: pl.LazyFrame(ROWS),
    "duckdb": relation,
    "foreign": OnceOnly,
}
ONCE = {
    "reader": lambda: TABLE.to_reader(max_chunksize=2),
    "generator": batches,
    "iterator": lambda: iter(list(batches())),
}


@pytest.mark.parametrize("make", REPEATABLE.values(), ids=REPEATABLE)
def test_memory__what_can_be_read_again_is(make):
    [source] = open_sources(make(), [*NEEDED, "amount"])
    assert (source.name, source.text, source.repeatable) == ("orders", False, True)
    assert source.n_rows in (None, 3)
    assert source.schema.names == list(NEEDED)
    for _ in range(3):
        assert drain(source).to_pylist() == EXPECTED


@pytest.mark.parametrize("make", ONCE.values(), ids=ONCE)
def test_memory__a_stream_is_read_once(make):
    [source] = open_sources(make(), NEEDED)
    assert not source.repeatable
    assert [read.shared for read in source.reads()] == [True]
    with pytest.raises(UsageError, match="must be read only once; got a second read"):
        source.reads()


@pytest.mark.parametrize("make", ONCE.values(), ids=ONCE)
def test_memory__a_stream_keeps_its_order_and_counts_rows(make):
    [source] = open_sources(make(), NEEDED)
    [read] = source.reads()
    got = list(read)
    assert [place for _, place in got] == [Place("orders", None, 0), Place("orders", None, 2)]
    assert pa.Table.from_batches([batch for batch, _ in got]).to_pylist() == EXPECTED


@pytest.mark.parametrize("make", [*REPEATABLE.values(), *ONCE.values()], ids=[*REPEATABLE, *ONCE])
def test_memory__a_missing_column_is_a_usage_error(make):
    with pytest.raises(UsageError, match=r"column 'amuont' .* in orders; .*Did you mean 'amount'"):
        open_sources(make(), ["amuont"])


def test_table__is_cut_into_reads_for_threads_without_a_copy():
    table = pa.table({"a": pa.array(range(MOST_ROWS + 10), pa.int32())})
    [source] = open_sources(table, ["a"])
    assert source.n_rows == MOST_ROWS + 10
    assert [read.shared for read in source.reads()] == [False, False]
    assert [(p.first_row, n) for p, n in places(source)] == [(0, MOST_ROWS), (MOST_ROWS, 10)]
    [read, _] = source.reads()
    [(batch, _)] = read
    address = table["a"].chunk(0).buffers()[1].address
    assert batch["a"].buffers()[1].address == address


def test_table__small_chunks_make_one_read():
    table = pa.concat_tables([TABLE] * 50)
    [source] = open_sources(table, ["customer"])
    [read] = source.reads()
    assert [place.first_row for _, place in read] == list(range(0, 150, 3))


@pytest.mark.parametrize("orders", [TABLE.slice(0, 0), TABLE.schema.empty_table().to_batches()])
def test_table__no_rows(orders):
    if not orders:
        orders = [pa.RecordBatch.from_pylist([], schema=TABLE.schema)]
    [source] = open_sources(orders, NEEDED)
    assert source.n_rows == 0
    assert drain(source).num_rows == 0


def test_stream__a_huge_batch_is_cut():
    batch = pa.record_batch({"a": pa.nulls(MOST_ROWS + 1)})
    [source] = open_sources(iter([batch]), ["a"])
    assert [n for _, n in places(source)] == [MOST_ROWS, 1]


def test_frames__columns_nobody_needs_are_not_converted():
    mixed = pd.DataFrame({"a": [1, 2], "bad": [object(), "x"]})
    assert drain(open_sources(mixed, ["a"])[0]).to_pydict() == {"a": [1, 2]}
    mixed.columns = ["a", 7]
    with pytest.raises(UsageError, match="column 'b' must exist in orders; got a, 7"):
        open_sources(mixed, ["b"])
    objects = pl.DataFrame({"a": [1, 2], "bad": pl.Series([object(), object()], dtype=pl.Object)})
    assert drain(open_sources(objects, ["a"])[0]).to_pydict() == {"a": [1, 2]}
    [source] = open_sources(relation(), ['q"x', "customer"])
    assert drain(source).to_pydict() == {'q"x': [1, 1, 1], "customer": [7, 8, 9]}


def test_frames__types_come_as_they_are():
    frame = pl.DataFrame({"a": ["x", None], "c": pl.Series(["u", "v"], dtype=pl.Categorical)})
    for orders in (frame, frame.lazy()):
        [source] = open_sources(orders, ["a", "c"])
        assert source.schema.field("a").type == pa.string_view()
        assert pa.types.is_dictionary(source.schema.field("c").type)
        assert drain(source).to_pydict() == {"a": ["x", None], "c": ["u", "v"]}
    assert open_sources(frame, ["a"])[0].n_rows == 2


def test_lazy__only_the_needed_columns_are_computed(tmp_path):
    frame = pl.LazyFrame({"a": [1], "b": ["x"]}).with_columns(
        bad=pl.col("b").map_elements(lambda _: 1 / 0, return_dtype=pl.Int64)
    )
    assert drain(open_sources(frame, ["a"])[0]).to_pydict() == {"a": [1]}
    [source] = open_sources(frame, ["bad"])
    with pytest.raises(ZeroDivisionError):
        drain(source)
    pq.write_table(TABLE, tmp_path / "o.parquet")
    [source] = open_sources(pl.scan_parquet(tmp_path / "o.parquet"), NEEDED)
    assert drain(source).to_pylist() == EXPECTED


def test_dataset__of_files_with_partitions(tmp_path):
    ds.write_dataset(TABLE, tmp_path, format="parquet", partitioning=["note"])
    dataset = ds.dataset(tmp_path, partitioning=["note"])
    [source] = open_sources(dataset, ["note", "customer"])
    assert sorted(drain(source)["customer"].to_pylist()) == [7, 8, 9]


class BrokenError(Exception):
    pass


def failing():
    yield TABLE.to_batches()[0]
    raise BrokenError("the caller's own")


@pytest.mark.parametrize(
    "orders", [failing, lambda: pa.RecordBatchReader.from_batches(TABLE.schema, failing())]
)
def test_stream__the_callers_exception_passes_unchanged(orders):
    [source] = open_sources(orders(), NEEDED)
    [read] = source.reads()
    iterator = iter(read)
    next(iterator)
    with pytest.raises(BrokenError, match="the caller's own"):
        next(iterator)


def test_stream__the_exception_of_the_first_batch_passes_too():
    def broken():
        raise BrokenError
        yield

    with pytest.raises(BrokenError):
        open_sources(broken(), NEEDED)


def test_iterator__must_yield_batches_with_the_columns():
    with pytest.raises(UsageError, match="must yield at least one record batch; got none"):
        open_sources(iter([]), NEEDED)
    with pytest.raises(UsageError, match=r"orders\[0\] must be .*; got dict"):
        open_sources(iter([ROWS]), NEEDED)
    [first] = TABLE.to_batches()
    [source] = open_sources(iter([first, first.select(["customer", "note"])]), NEEDED)
    with pytest.raises(DataError, match="batch 1 of orders must have column 'amount' once"):
        drain(source)
    [source] = open_sources(iter([first, ROWS]), NEEDED)
    with pytest.raises(UsageError, match=r"orders\[1\] must be .*; got dict"):
        drain(source)


def test_iterator__later_batches_may_have_their_columns_in_another_order():
    [first] = TABLE.to_batches()
    for orders in ([first, first.select(["customer", "amount"])],) * 2:
        [source] = open_sources(orders, NEEDED)
        assert drain(source).to_pylist() == EXPECTED * 2


def test_iterator__is_advanced_by_whichever_thread_holds_the_lock():
    [source] = open_sources((b for _ in range(200) for b in batches()), ["customer"])
    [read] = source.reads()
    iterator, lock, rows = iter(read), threading.Lock(), []

    def work() -> None:
        while True:
            with lock:
                item = next(iterator, None)
            if item is None:
                return
            rows.append(item[0].num_rows)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(rows) == 600


def test_memory__a_column_that_stands_twice_is_ambiguous():
    table = pa.table([[1], [2]], names=["a", "a"])
    for orders in (table, table.to_batches(), table.to_reader(), iter(table.to_batches())):
        with pytest.raises(DataError, match="column 'a' must occur once in orders"):
            open_sources(orders, ["a"])


FRAMES = {
    "tables": lambda: TABLE,
    "pandas": lambda: TABLE.to_pandas(),
    "polars": lambda: pl.DataFrame(ROWS),
    "polars lazy": lambda: pl.LazyFrame(ROWS),
    "duckdb": relation,
    "readers": TABLE.to_reader,
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_list__of_tables_or_frames_is_read_one_by_one(make):
    sources = open_sources([make(), make()], NEEDED)
    assert [source.name for source in sources] == ["orders[0]", "orders[1]"]
    assert [row for source in sources for row in drain(source).to_pylist()] == EXPECTED * 2
    [source] = open_sources(iter([make(), make()]), NEEDED)
    assert drain(source).to_pylist() == EXPECTED * 2


def test_list__of_batches_is_one_source_as_far_as_their_types_agree():
    [batch] = TABLE.to_batches()
    other = TABLE.set_column(0, "customer", pa.array(["7", "8", "9"])).to_batches()[0]
    assert [s.n_rows for s in open_sources([batch] * 3, NEEDED)] == [9]
    sources = open_sources([batch, batch, other, TABLE], NEEDED)
    assert [(s.name, s.n_rows) for s in sources] == [
        ("orders[0]", 6), ("orders[2]", 3), ("orders[3]", 3),
    ]  # fmt: skip


def test_list__that_lacks_a_column_in_places_says_where():
    with pytest.raises(DataError, match=r"got it in orders\[0\] and not in orders\[1\]"):
        open_sources([TABLE, TABLE.select(["note"])], NEEDED)


@pytest.mark.parametrize("make", [pd.Series, pl.Series, pa.array, lambda v: pa.chunked_array([v])])
def test_column__alone_is_refused(make):
    for orders in (make([1, 2]), [make([1, 2])]):
        with pytest.raises(UsageError, match=r"must be (a table or a frame|a path, an object)"):
            open_sources(orders, NEEDED)
