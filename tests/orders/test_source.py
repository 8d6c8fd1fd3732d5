"""Every kind of file returns the same rows; other files are refused with their name."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.pieces import MOST_ROWS
from tests.orders.drain import drain, drained, places

NEEDED = ("amount", "customer")
ORDERS = pa.table(
    {
        "customer": pa.array([7, None, 9, 2**62, -1]),
        "note": pa.array(["x"] * 5).dictionary_encode(),
        "amount": pa.array([1.5, 2.5, None, 4.5, 5.5]),
    }
)


def write_parquet(path: Path, table: pa.Table = ORDERS) -> None:
    pq.write_table(table, path, row_group_size=2)


def write_ipc_file(path: Path, table: pa.Table = ORDERS) -> None:
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def write_ipc_stream(path: Path, table: pa.Table = ORDERS) -> None:
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def write_feather(path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(path), "wb") as out,
        pa.ipc.new_file(out, ORDERS.schema, options=options) as writer,
    ):
        writer.write_table(ORDERS)


WRITERS = [write_parquet, write_ipc_file, write_ipc_stream, write_feather]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "whatever"])
@pytest.mark.parametrize("write", WRITERS)
def test_open_sources__files_of_any_name_give_the_needed_columns_in_order(tmp_path, write, ending):
    path = tmp_path / f"orders.{ending}"
    write(path)
    [source] = open_sources(path, [*NEEDED, "amount"])
    expected = ORDERS.select(list(NEEDED))
    assert (source.name, source.text, source.repeatable) == (str(path), False, True)
    assert source.n_rows in (None, 5)
    for _ in range(2):
        got = drain(source)
        assert got.equals(expected)
    for read in source.reads():
        assert all(batch.schema.equals(source.schema) for batch, _ in read)


def test_parquet__small_row_groups_are_joined(tmp_path):
    write_parquet(tmp_path / "o.parquet")
    [source] = open_sources(tmp_path / "o.parquet", NEEDED)
    [(place, rows)] = places(source)
    assert (place.row_group, place.first_row, rows) == (0, 0, 5)
    assert [read.shared for read in source.reads()] == [True]


def test_parquet__a_large_row_group_is_a_read_of_its_own(tmp_path):
    path = tmp_path / "o.parquet"
    table = pa.table({"a": pa.array(range(2_500_000), pa.int32())})
    pq.write_table(table, path, row_group_size=1_200_000)
    [source] = open_sources(path, ["a"])
    assert source.n_rows == 2_500_000
    reads = source.reads()
    assert [read.shared for read in reads] == [False, False, False]
    assert [(p.row_group, p.first_row) for p, _ in places(source)] == [
        (0, 0), (0, 1 << 20), (1, 0), (1, 1 << 20), (2, 0),
    ]  # fmt: skip
    got: dict[int, pa.Table] = {}

    def take(index: int) -> None:
        got[index] = pa.Table.from_batches([batch for batch, _ in reads[index]])

    threads = [threading.Thread(target=take, args=(i,)) for i in reversed(range(3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pa.concat_tables([got[i] for i in range(3)]).equals(table)


def test_parquet__an_abandoned_read_closes_its_file(tmp_path):
    path = tmp_path / "o.parquet"
    pq.write_table(pa.table({"a": range(600_000)}), path)
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("needs /proc")
    [source] = open_sources(path, ["a"])
    before = len(list(descriptors.iterdir()))
    iterator = iter(source.reads()[0])
    next(iterator)
    assert len(list(descriptors.iterdir())) == before + 1
    iterator.close()
    assert len(list(descriptors.iterdir())) == before


def test_parquet__dots_in_names_mean_top_level_columns(tmp_path):
    table = pa.table({"a": [1], "a.b": [2], "s": [{"b": 3}]})
    pq.write_table(table, tmp_path / "o.parquet")
    assert drained(tmp_path / "o.parquet", "a.b", "a").to_pylist() == [{"a.b": 2, "a": 1}]
    with pytest.raises(UsageError, match=r"column 's\.b' must exist"):
        drained(tmp_path / "o.parquet", "s.b")


def test_parquet__long_text_makes_small_batches(tmp_path):
    path = tmp_path / "o.parquet"
    values = [f"{i:05}" + "x" * 70_000 for i in range(1_100)]
    pq.write_table(pa.table({"a": values}), path, use_dictionary=False)
    [source] = open_sources(path, ["a"])
    assert max(rows for _, rows in places(source)) == 1024


def test_parquet__no_rows_is_no_error(tmp_path):
    path = tmp_path / "o.parquet"
    write_parquet(path, ORDERS.slice(0, 0))
    [source] = open_sources(path, NEEDED)
    assert (source.n_rows, source.reads()) == (0, [])


def test_ipc__large_batches_are_cut_so_that_threads_can_share_them(tmp_path):
    table = pa.table({"a": pa.nulls(MOST_ROWS + 3, pa.int8())})
    with pa.OSFile(str(tmp_path / "o"), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    [source] = open_sources(tmp_path / "o", ["a"])
    assert [(p.first_row, n) for p, n in places(source)] == [(0, MOST_ROWS), (MOST_ROWS, 3)]
    assert [read.shared for read in source.reads()] == [True]


def test_open_sources__several_files_are_not_shared_among_threads(tmp_path):
    for write in WRITERS:
        write(tmp_path / f"{write.__name__}.bin")
    arrow_csv.write_csv(ORDERS.select(list(NEEDED)), tmp_path / "o.csv")
    sources = open_sources([tmp_path / p.name for p in sorted(tmp_path.iterdir())], NEEDED)
    assert [s.text for s in sources] == [True, False, False, False, False]
    assert not any(read.shared for source in sources for read in source.reads())


def test_open_sources__a_misspelt_column_names_the_file_and_the_closest(tmp_path):
    path = tmp_path / "o.parquet"
    write_parquet(path)
    with pytest.raises(UsageError) as caught:
        open_sources(path, ["amout"])
    assert str(caught.value) == (
        f"column 'amout' must exist in {path}; got customer, note, amount. "
        "Did you mean 'amount'? Name the column to read."
    )
    with pytest.raises(UsageError, match=r"got c0, .*, c19 and 10 more"):
        open_sources(pa.table({f"c{i}": [1] for i in range(30)}), ["zzz"])


@pytest.mark.parametrize("write", [write_parquet, write_ipc_file, write_ipc_stream])
def test_open_sources__a_column_that_stands_twice_is_ambiguous(tmp_path, write):
    path = tmp_path / "o"
    write(path, pa.table([[1], [2], [3]], names=["a", "a", "b"]))
    with pytest.raises(DataError, match=f"column 'a' must occur once in {path}; got it 2 times"):
        open_sources(path, ["a"])
    assert drained(path, "b").to_pylist() == [{"b": 3}]


@pytest.mark.parametrize("name", ["o.parquet", "o.csv", "o.csv.gz", "o"])
def test_open_sources__an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match="must contain rows; got an empty file"):
        open_sources(tmp_path / name, ["a"])


def test_open_sources__an_unknown_format_is_refused(tmp_path):
    write_parquet(tmp_path / "o.parquet")
    (tmp_path / "README.md").write_text("# orders")
    with pytest.raises(DataError, match=r"README\.md must be Parquet, Arrow IPC or CSV"):
        open_sources(tmp_path, NEEDED)


def test_open_sources__a_file_that_may_not_be_read_is_a_usage_error(tmp_path):
    path = tmp_path / "o.parquet"
    write_parquet(path)
    path.chmod(0)
    try:
        path.open("rb").close()
    except PermissionError:
        pass
    else:
        pytest.skip("root reads everything")
    with pytest.raises(UsageError, match="must be readable; got permission denied"):
        open_sources(path, NEEDED)


@pytest.mark.parametrize(
    "orders",
    [3, None, b"orders", {"customer": [1]}, {1}, [], (), ["a.parquet", ORDERS], [ORDERS], [1]],
)
def test_open_sources__refuses_what_holds_no_orders(orders):
    with pytest.raises(UsageError):
        open_sources(orders, ["a"])


def test_drift__a_column_missing_in_one_file_names_both(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "2.parquet")
    for order in (["1.parquet", "2.parquet"], ["2.parquet", "1.parquet"]):
        with pytest.raises(DataError, match=r"'b' .*1\.parquet and not in .*2\.parquet"):
            open_sources([tmp_path / name for name in order], ["a", "b"])
