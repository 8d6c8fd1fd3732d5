"""A file of row groups that were encoded separately is identical to the file of one writer."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine import output
from rfm_engine.parquet.concatenation import Stitch
from rfm_engine.parquet.encoding import Memory, _options, write_table
from rfm_engine.parquet.footer import read_footer

NOON = datetime.datetime(2026, 10, 31, 12, tzinfo=datetime.UTC)
LABELS = pa.array(["At Risk", "Champions", "None yet"])


def every_type(n: int) -> pa.Table:
    """Return rows of all types that the output has, and a null in every column."""
    rows = range(n)
    columns = {
        "int": pa.array([i * 7919 - 2**63 for i in rows], pa.int64()),
        "uint": pa.array([2**64 - 1 - i * i for i in rows], pa.uint64()),
        "wide": pa.array([i * 2**60 % (2**63 - 25) for i in rows], pa.int64()),
        "text": pa.array([f"{i}é" * (i % 3) for i in rows], pa.string()),
        "bytes": pa.array([bytes([i % 256, 0, 255]) for i in rows], pa.large_binary()),
        "uuid": pa.array([uuid.UUID(int=i << 77).bytes for i in rows], pa.uuid()),
        "last_order": pa.array(
            [NOON + datetime.timedelta(i) for i in rows], pa.timestamp("us", "UTC")
        ),
        "recency_days": pa.array([i % 50 for i in rows], pa.int32()),
        "monetary": pa.array([Decimal(i - 20) / 100 for i in rows], pa.decimal128(18, 2)),
        "share": pa.array([i / 3 for i in rows], pa.float64()),
        "r_score": pa.array([i % 5 for i in rows], pa.int8()),
        "segment": pa.DictionaryArray.from_arrays(
            pa.array([i % 3 if i % 11 else None for i in rows], pa.int16()), LABELS
        ),
    }
    table = pa.table(columns).replace_schema_metadata({b"rfm_engine": b'{"as_of": null}'})
    gaps = [
        pa.chunked_array([pa.array([None], column.type), *column.slice(1).chunks])
        for column in table.columns
    ]
    return pa.table(gaps, schema=table.schema) if n else table


def cut(table: pa.Table, cuts: list[int]) -> list[pa.Table]:
    places = [0, *sorted(min(at, table.num_rows) for at in cuts), table.num_rows]
    return [table.slice(start, end - start) for start, end in pairwise(places)]


def write_stitched(path: Path, groups: list[pa.Table], schema: pa.Schema) -> None:
    output.write_groups([partial(pa.concat_tables, [g]) for g in groups], schema, path, threads=3)


def write_plainly(path: Path, groups: list[pa.Table], schema: pa.Schema) -> None:
    """Write with one pyarrow writer."""
    options = _options(groups[0]) | {"store_decimal_as_integer": True}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for group in groups:
            if group.num_rows:
                writer.write_table(group)


@given(st.integers(1, 80), st.lists(st.integers(0, 80), max_size=30))
def test_stitch__is_the_file_of_one_writer(tmp_path_factory, n, cuts):
    folder = tmp_path_factory.mktemp("stitch")
    table = every_type(n)
    # Without the columns for which the choice of an encoding depends on the values of the group.
    groups = cut(table.drop_columns(["int", "uint", "wide"]), cuts)
    for write, name in ((write_stitched, "a.parquet"), (write_plainly, "b.parquet")):
        write(folder / name, groups, groups[0].schema)
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


@given(st.integers(0, 80), st.lists(st.integers(0, 80), max_size=30))
def test_stitch__reads_back_equal_everywhere(tmp_path_factory, n, cuts):
    folder = tmp_path_factory.mktemp("stitch")
    table = every_type(n)
    stitched, plain = folder / "a.parquet", folder / "b.parquet"
    write_stitched(stitched, cut(table, cuts), table.schema)
    pq.write_table(table, plain)
    back = pq.read_table(stitched)
    assert back.to_pylist() == table.to_pylist()  # the dictionaries differ, their values do not
    assert back.schema.equals(table.schema, check_metadata=True)
    columns = "* replace (last_order::varchar as last_order)"
    rows = [duckdb.sql(f"select {columns} from '{p}'").fetchall() for p in (stitched, plain)]
    assert rows[0] == rows[1]
    assert pl.read_parquet(stitched).equals(pl.read_parquet(plain))


@pytest.mark.parametrize("n_groups", [0, 1, 14, 15, 300])
def test_stitch__footer_describes_the_file(tmp_path: Path, n_groups: int) -> None:
    table = every_type(2 * n_groups)
    path = tmp_path / "a.parquet"
    write_stitched(path, [table.slice(2 * i, 2) for i in range(n_groups)], table.schema)
    metadata = pq.read_metadata(path)
    assert metadata.num_rows == 2 * n_groups
    assert metadata.num_row_groups == n_groups
    assert metadata.created_by.startswith("parquet-cpp")
    assert set(metadata.metadata) == {b"ARROW:schema", b"rfm_engine"}
    with pa.OSFile(str(path)) as file:
        groups = read_footer(file, "a.parquet")
    assert [group.n_rows for group in groups] == [2] * n_groups
    spans = [(c.start, c.start + c.n_bytes) for group in groups for c in group.chunks]
    assert [start for start, _ in spans] == [4, *(end for _, end in spans)][: len(spans)]


def test_stitch__statistics_are_those_of_the_group(tmp_path: Path) -> None:
    table = every_type(60)
    write_stitched(tmp_path / "a.parquet", [table.slice(0, 20), table.slice(20)], table.schema)
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    found = [metadata.row_group(i).column(7).statistics for i in range(2)]
    assert [(s.min, s.max, s.null_count) for s in found] == [(1, 19, 1), (0, 49, 0)]


def test_stitch__moves_page_indexes_too(tmp_path: Path) -> None:
    table = every_type(60)
    groups = [table.slice(i, 20) for i in range(0, 60, 20)]

    def encoded(group: pa.Table) -> memoryview:
        stream = Memory()
        with pq.ParquetWriter(stream, table.schema, write_page_index=True) as writer:
            if group.num_rows:
                writer.write_table(group)
        return stream.view()

    path = tmp_path / "a.parquet"
    with pa.OSFile(str(path), "wb") as file:
        stitch = Stitch(file, encoded(table.slice(0, 0)))
        for group in groups:
            stitch.append(encoded(group))
        stitch.close()
    column = pq.read_metadata(path).row_group(2).column(0)
    assert column.has_offset_index
    assert column.has_column_index
    assert pq.read_table(path).to_pylist() == table.to_pylist()
    counted = duckdb.sql(f"select count(*) from '{path}' where recency_days < 10").fetchall()
    assert counted == [(19,)]
    found = pl.scan_parquet(path).filter(pl.col("recency_days") < 10).collect()
    assert len(found) == 19


def test_stitch__takes_several_row_groups_at_once(tmp_path: Path) -> None:
    table = every_type(50)
    empty, stream = Memory(), Memory()
    write_table(table.slice(0, 0), table.schema, empty)
    pq.write_table(table, stream, row_group_size=20, store_decimal_as_integer=True)
    with pa.OSFile(str(tmp_path / "a.parquet"), "wb") as file:
        stitch = Stitch(file, empty.view())
        for _ in range(2):
            stitch.append(stream.view())
        stitch.close()
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == table.to_pylist() * 2
