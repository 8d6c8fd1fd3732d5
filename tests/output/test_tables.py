"""Outputs: every format can be read back, and a place has the whole table or its old content."""

from __future__ import annotations

import datetime
import gzip
import os
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from rfm_engine import output
from rfm_engine.errors import DataError, UsageError
from rfm_engine.output import atomic, formats

NOON = datetime.datetime(2026, 10, 31, 12, tzinfo=datetime.UTC)
SEGMENTS = pa.array(["At Risk", "Champions"])


def customers(n: int = 10, start: int = 0) -> pa.RecordBatch:
    ids = range(start, start + n)
    segments = pa.DictionaryArray.from_arrays(pa.array([i % 2 for i in ids], pa.int8()), SEGMENTS)
    return pa.record_batch(
        {
            "customer_id": pa.array(ids, pa.int64()),
            "last_order": pa.array([NOON] * n, pa.timestamp("us", "UTC")),
            "monetary": pa.array([Decimal(i) / 100 for i in ids], pa.decimal128(18, 2)),
            "segment": segments,
        }
    )


SCHEMA = customers().schema.with_metadata({b"as_of": b"2026-10-31"})
BATCHES = [customers(4), customers(0), customers(6, start=4)]
WHOLE = pa.Table.from_batches(BATCHES, SCHEMA)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_GROUP_ROWS", 3)


def test_write__arrow_is_uncompressed_in_batches_of_65536_rows(tmp_path: Path) -> None:
    """Lookups map the file into memory and search in it."""
    n, place = 140_000, tmp_path / "out.arrow"
    output.write([customers(n)], SCHEMA, place)
    with pa.memory_map(str(place)) as file:
        whole = file.read_buffer()
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(at) for at in range(reader.num_record_batches)]
        assert [batch.num_rows for batch in batches] == [65_536, 65_536, n - 2 * 65_536]
        buffers = [each for batch in batches for column in batch for each in column.buffers()]
        places = [buffer.address - whole.address for buffer in buffers if buffer is not None]
        assert 0 < min(places) <= max(places) < whole.size


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out"])
@pytest.mark.usefixtures("small_groups")
def test_write__reads_back_equal(tmp_path: Path, name: str) -> None:
    output.write(iter(BATCHES), SCHEMA, str(tmp_path / name), threads=2)
    kind = "ipc" if name.endswith("arrow") else "parquet"
    back = pyarrow.dataset.dataset(tmp_path / name, format=kind).to_table()
    assert back.sort_by("customer_id") == WHOLE
    assert back.schema.metadata[b"as_of"] == b"2026-10-31"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.csv", "out"])
def test_write__no_rows_is_a_table_with_columns(tmp_path: Path, name: str) -> None:
    output.write([], SCHEMA, tmp_path / name)
    kind = {".arrow": "ipc", ".csv": "csv"}.get(Path(name).suffix, "parquet")
    back = pyarrow.dataset.dataset(tmp_path / name, format=kind)
    assert back.schema.names == SCHEMA.names
    assert back.count_rows() == 0


@pytest.mark.usefixtures("small_groups")
def test_write__directory_is_the_same_for_any_number_of_threads(tmp_path: Path) -> None:
    for threads in (1, 3):
        output.write(BATCHES, SCHEMA, tmp_path / str(threads), threads=threads)
    one, three = tmp_path / "1", tmp_path / "3"
    assert names(one) == [atomic.MARKER, *(f"part-0000{i}.parquet" for i in range(4))]
    assert names(one) == names(three)
    for name in names(one):
        assert (one / name).read_bytes() == (three / name).read_bytes()


def test_write__directory_reads_in_polars_duckdb_and_pyarrow(tmp_path: Path) -> None:
    out = tmp_path / "out"
    output.write(BATCHES, SCHEMA, out)
    assert pl.scan_parquet(out).collect().shape == (10, 4)
    assert duckdb.sql(f"from '{out}/*.parquet'").shape == (10, 4)
    assert pq.read_table(out).num_rows == 10


@pytest.mark.usefixtures("small_groups")
def test_write__row_groups_do_not_follow_batches(tmp_path: Path) -> None:
    output.write([customers(1, start=i) for i in range(8)], SCHEMA, tmp_path / "a.parquet")
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(i).num_rows for i in range(3)] == [3, 3, 2]


@pytest.mark.parametrize("name", ["out.csv.gz", "OUT.CSV.GZ"])
def test_write__gzip_is_the_same_csv_at_any_time(tmp_path: Path, name: str) -> None:
    output.write(BATCHES, SCHEMA, tmp_path / "plain.csv")
    output.write(BATCHES, SCHEMA, tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert gzip.decompress(data) == (tmp_path / "plain.csv").read_bytes()
    assert data[4:8] == bytes(4)  # the time of modification
    output.write(BATCHES, SCHEMA, tmp_path / "again.csv.gz")
    assert (tmp_path / "again.csv.gz").read_bytes() == data


@pytest.mark.parametrize("name", ["x.xlsx", "x.json", "x.feather", "x.parquet.bak", "x.csv.zip"])
def test_write__unknown_endings_are_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    known = r"\.parquet, \.arrow, \.csv, \.csv\.gz, .* got '\.\w+' .* add a trailing /\."
    with pytest.raises(UsageError, match=known):
        output.write(BATCHES, SCHEMA, tmp_path / name)
    assert names(tmp_path) == []


def test_write__a_trailing_slash_makes_a_directory_of_any_name(tmp_path: Path) -> None:
    for name in ("x.xlsx", "x.parquet"):
        output.write(BATCHES, SCHEMA, f"{tmp_path / name}/")
        assert pq.read_table(tmp_path / name).num_rows == 10


def test_write__csv_is_plain_text(tmp_path: Path) -> None:
    one = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    table = pa.table(
        {
            "id": pa.array([b"?" * 16, one.bytes, None], pa.uuid()).slice(1),
            "t": pa.array([NOON, None], pa.timestamp("us", "UTC")),
            "fine": pa.array([Decimal("1E-8"), None], pa.decimal128(18, 8)),
            "money": pa.array([Decimal("-0.10"), None], pa.decimal128(18, 2)),
            "segment": pa.array(["", None]).dictionary_encode(),
        }
    )
    output.write(table.to_batches(), table.schema, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines() == [
        '"id","t","fine","money","segment"',
        f'"{one}",2026-10-31 12:00:00.000000Z,"0.00000001",-0.10,""',
        ",,,,",
    ]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(2)])
def test_write__binary_has_no_csv(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"id": pa.array([b"ab"], kind)})
    with pytest.raises(DataError, match=r"column 'id' must be .*; got .*binary.*Write \.parquet"):
        output.write(table.to_batches(), table.schema, tmp_path / "a.csv")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out"])
@pytest.mark.usefixtures("small_groups")
def test_write__tells_rows(tmp_path: Path, name: str) -> None:
    told: list[int] = []
    output.write(BATCHES, SCHEMA, tmp_path / name, threads=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 10


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_write__mode_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        output.write(BATCHES, SCHEMA, tmp_path / "a.parquet")
        output.write(BATCHES, SCHEMA, tmp_path / "parts")
    finally:
        os.umask(before)
    assert (tmp_path / "a.parquet").stat().st_mode & 0o777 == mode
    assert (tmp_path / "parts" / "part-00000.parquet").stat().st_mode & 0o777 == mode
    assert (tmp_path / "parts").stat().st_mode & 0o777 == mode | (mode & 0o444) >> 2


def test_write__stdout_is_an_ipc_stream() -> None:
    program = """
import pyarrow as pa
from rfm_engine import output
batch = pa.record_batch({"a": pa.array(["x", "y"]).dictionary_encode()})
output.write([batch, batch], batch.schema, "-")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert pa.ipc.open_stream(run.stdout).read_all()["a"].to_pylist() == ["x", "y"] * 2


@pytest.mark.parametrize("place", ["s3://bucket/x.parquet", "file:///tmp/x.parquet", ""])
def test_check_output__must_be_a_local_path(place: str) -> None:
    with pytest.raises(UsageError, match="must be a local path; got"):
        output.check_output(place)


@pytest.mark.parametrize(
    ("place", "contract"),
    [
        ("missing/a.parquet", "must exist"),
        ("file/a.parquet", "must exist"),
        ("foreign", "must be new, empty or one written by rfm"),
        ("file", "must be a directory; got a file"),
        ("folder.parquet", "must be a regular file; got a directory"),
        ("pipe.csv", "must be a regular file; got a special file"),
        ("loop.parquet", "must "),
        ("n" * 300 + ".csv", "must be a place that can be written"),
    ],
)
def test_check_output__refuses_unsafe_places(tmp_path: Path, place: str, contract: str) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "loop.parquet").symlink_to(tmp_path / "loop.parquet")
    os.mkfifo(tmp_path / "pipe.csv")
    before = names(tmp_path)
    with pytest.raises(UsageError, match=contract) as refusal:
        output.write(BATCHES, SCHEMA, tmp_path / place)
    assert "\n" not in str(refusal.value)
    assert names(tmp_path) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_check_output__parent_must_be_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UsageError, match="must be writable"):
        output.check_output(tmp_path / "a.parquet")


def test_same_place__sees_through_names(tmp_path: Path) -> None:
    one = tmp_path / "one.parquet"
    one.touch()
    (tmp_path / "link.parquet").symlink_to(one)
    (tmp_path / "hard.parquet").hardlink_to(one)
    (tmp_path / "out").mkdir()
    assert output.same_place(tmp_path / "out" / ".." / "one.parquet", one)
    assert output.same_place(tmp_path / "link.parquet", one)
    assert output.same_place(one, tmp_path / "hard.parquet")
    assert output.same_place(tmp_path / "out" / "part-00000.parquet", tmp_path / "out")
    assert not output.same_place(one, tmp_path / "two.parquet")
    assert not output.same_place("s3://bucket/one.parquet", one)
    assert not output.same_place("-", "-")
