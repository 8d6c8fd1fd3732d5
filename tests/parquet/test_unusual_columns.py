"""Columns with unusual types under the names of result columns, and unusual dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.normalize import write_normalized
from rfm_engine.parquet import row_groups
from rfm_engine.parquet.concatenation import Stitch
from rfm_engine.parquet.encoding import Memory, empty_file
from rfm_engine.parquet.row_groups import encode_group

DAY = datetime(2025, 1, 2, 3, 4, 5)
COLUMNS = {
    **{
        f"first_order {unit}": pa.array([DAY] * 9, pa.timestamp(unit)) for unit in ("s", "ms", "ns")
    },
    "last_order date": pa.array([DAY.date()] * 9),
    "last_order text": pa.array(["monthly"] * 9),
    "recency_days bool": pa.array([True, False, True] * 3),
    "recency_days small": pa.array([1, -2, 3] * 3, pa.int16()),
    "frequency text": pa.array(["monthly"] * 9),
    "frequency float": pa.array([0.5] * 9),
    "frequency unsigned": pa.array([2**32 - 1] * 9, pa.uint32()),
    "monetary float": pa.array([0.5] * 9),
    "monetary wide": pa.array([Decimal("1.25")] * 9, pa.decimal128(38, 2)),
    "monetary small": pa.array([Decimal("1.25")] * 9, pa.decimal128(5, 2)),
    "r_score text": pa.array(["high"] * 9),
    "r_score uuid": pa.array([bytes(16)] * 9, pa.uuid()),
    "segment large": pa.array(["a", "b", "a"] * 3).cast(pa.large_string()).dictionary_encode(),
    "segment ints": pa.array([7, 8, 7] * 3).dictionary_encode(),
}


@pytest.fixture(autouse=True)
def own_encoders(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(row_groups, "_FEWEST_ROWS", 1)
    return


def write(place: Path, table: pa.Table) -> None:
    memory = Memory()
    with pa.OSFile(str(place), "wb") as file:
        stitch = Stitch(file, empty_file(table.schema).view())
        memory.begin()
        encode_group(table, memory)
        stitch.append(memory.view())
        stitch.close()


def check(tmp_path: Path, table: pa.Table) -> None:
    """Compare what readers find with what they find in a file of Arrow."""
    ours, arrows = tmp_path / "ours.parquet", tmp_path / "arrows.parquet"
    write(ours, table)
    pq.write_table(table, arrows)
    assert pq.read_table(ours).to_pylist() == table.to_pylist()
    assert pl.read_parquet(ours).equals(pl.read_parquet(arrows))
    rows = [duckdb.sql(f"from '{place}'").fetchall() for place in (ours, arrows)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("kind", COLUMNS)
def test_encode_group__of_a_usual_name_with_another_type(tmp_path, kind):
    check(tmp_path, pa.table({kind.split(" ")[0]: COLUMNS[kind]}))


def test_encode_group__of_columns_that_are_never_null(tmp_path):
    usual = {
        "customer_id": pa.array(range(9)), "first_order": pa.array([DAY] * 9, pa.timestamp("us")),
        "r_score": pa.array([5] * 9, pa.int8()), "segment": pa.array(["a"] * 9).dictionary_encode(),
        "uuid": pa.array([bytes(16)] * 9, pa.uuid()),
    }  # fmt: skip
    fields = [pa.field(name, array.type, nullable=False) for name, array in usual.items()]
    check(tmp_path, pa.table(list(usual.values()), pa.schema(fields)))


def test_encode_group__of_a_dictionary_that_repeats_a_value(tmp_path):
    indices = pa.array([0, 1, 2] * 3, pa.int16())
    column = pa.DictionaryArray.from_arrays(indices, pa.array(["a", "b", "a"]))
    check(tmp_path, pa.table({"segment": column}))


def test_encode_group__of_chunks_with_different_dictionaries(tmp_path):
    chunks = [pa.array(text).dictionary_encode() for text in (["a", "b"], ["b", "c"], ["c", "a"])]
    check(tmp_path, pa.table({"segment": pa.chunked_array(chunks)}))


def test_normalized__carries_times_in_seconds_unchanged(tmp_path):
    n = 9
    orders = pa.table({
        "customer_id": range(n), "order_time": [DAY] * n, "amount": [1] * n,
        "first_order": pa.array([DAY] * n, pa.timestamp("s")), "frequency": ["monthly"] * n,
    })  # fmt: skip
    place = tmp_path / "rows.parquet"
    write_normalized(orders, place, as_of="2025-12-31", carry=["first_order", "frequency"])
    found = duckdb.sql(f"select distinct first_order, frequency from '{place}'").fetchall()
    assert found == [(DAY, "monthly")]
