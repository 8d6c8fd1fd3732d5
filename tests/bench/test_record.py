"""Records are read back as they were saved, and drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rfm_engine.bench import tables, words
from rfm_engine.bench.chart import draw
from rfm_engine.bench.record import EngineRecord, FloorSample, Record, Sample, load_record
from rfm_engine.errors import UsageError


def engine(name: str, *seconds: float) -> EngineRecord:
    warm = [Sample(taken, 2 * taken, 10**9) for taken in seconds]
    return EngineRecord(name, "1.0", cold=Sample(9.0, 9.0, 10**9), warm=warm, start_up=warm[:1])


RECORD = Record(
    work={"rows": 10**8, "bytes": 10**9, "id_type": "int64", "ids": None, "lines": False,
          "in_memory": False, "threads": 2, "rfm_options": []},
    machine={"processor": "P", "processors": 2, "memory_bytes": 2**34, "system": "S"},
    versions={"python": "3"},
    engines=[
        engine("rfm", 4.0, 5.0, 6.0), engine("duckdb", 10.0, 12.0, 11.0),
        EngineRecord("polars", None, "failed", "out of memory"),
    ],
    answer={"customers": 10**7, "orders": 1, "monetary_minor": 1, "columns": {}},
    floor=[FloorSample(1.5, 0.5), FloorSample(1.0, 0.5), FloorSample(2.0, 0.5)],
)  # fmt: skip


def test_record__comes_back_as_it_was_saved(tmp_path):
    RECORD.save(tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == RECORD


def test_record__of_another_schema_is_refused(tmp_path):
    replace(RECORD, schema=99).save(tmp_path / "r.json")
    with pytest.raises(UsageError, match="schema 1; got 99"):
        load_record(tmp_path / "r.json")


def test_table__has_medians_ratios_and_what_failed():
    assert words.title(RECORD) == "100 M orders, 10 M customers, int64 ids: Parquet to Parquet"
    rows = {row[0]: row[1:] for row in tables.rows(RECORD)}
    assert rows["rfm"][:4] == ["5.00", "4.00-6.00", "1.00x", "20.0 M"]
    assert rows["duckdb"][:3] == ["11.00", "10.00-12.00", "2.20x"]
    assert rows["polars"][0] == "-"
    assert tables.notes(RECORD) == ["polars: failed, out of memory"]
    assert rows["floor"][0] == "2.00"
    assert rows["start-up duckdb"][0] == "10.00"
    assert {len(row) for row in tables.rows(RECORD)} == {len(tables.heads(RECORD))}


def test_chart__of_the_same_numbers_has_the_same_bytes(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw([RECORD, RECORD], tmp_path / name, mark="of these numbers")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "of these numbers" in (tmp_path / "a.svg").read_text()
