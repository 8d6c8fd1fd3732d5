"""Commands read Delta and Iceberg tables wherever they accept orders."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import rfm_engine

TABLE = "delta:shop/orders"


@pytest.fixture
def lake(orders, tmp_path, monkeypatch):
    """Write a Delta table with deleted orders; return a plain file of the orders that are left."""
    from deltalake import DeltaTable, write_deltalake

    monkeypatch.chdir(tmp_path)
    write_deltalake("shop/orders", pq.read_table(orders))
    DeltaTable("shop/orders").delete("amount < 10")
    pq.write_table(DeltaTable("shop/orders").to_pyarrow_table(), "left.parquet")
    return "left.parquet"


def said(run):
    assert run.exit_code == 0, run.stderr
    return run.stdout


def test_score__reads_a_version_and_says_which(rfm, lake, orders):
    for place, plain, version in ((TABLE, lake, 1), (f"{TABLE}@0", orders, 0)):
        found = json.loads(said(rfm("score", place, "-o", "a.parquet", "--json")))
        wanted = json.loads(said(rfm("score", plain, "-o", "b.parquet", "--json")))
        assert found["options"].pop("tables") == [f"{TABLE}@{version}"]
        for summary in (found, wanted):
            del summary["seconds"], summary["peak_memory_bytes"], summary["options"]["memory_limit"]
        assert found == wanted
        own, other = map(pq.read_table, ("a.parquet", "b.parquet"))
        assert own.sort_by("customer_id") == other.sort_by("customer_id")
        held = rfm_engine.read_snapshot("a.parquet").options
        assert held["tables"] == [f"{TABLE}@{version}"]


def test_commands__read_tables(rfm, lake):
    for place, name in ((TABLE, "t"), (lake, "p")):
        said(rfm("score", place, "-o", f"{name}.parquet", "--save-model", f"{name}.json", "-q"))
        said(rfm("normalize", place, "-o", f"rows-{name}.parquet", "-q"))
        said(rfm("history", "add", f"history-{name}", place, "--as-of", "2025-10-31", "-q"))
    both = [pq.read_table(f"rows-{name}.parquet") for name in ("t", "p")]
    assert sorted(map(str, both[0].to_pylist())) == sorted(map(str, both[1].to_pylist()))
    about = json.loads(both[0].schema.metadata[b"rfm_engine_rows"])
    assert about["options"]["tables"] == [f"{TABLE}@1"]
    assert said(rfm("drift", "t.json", TABLE)) == said(rfm("drift", "p.json", lake))
    customer = both[0]["customer_id"][0].as_py()
    explain = [said(rfm("explain", place, "--id", customer)) for place in (TABLE, lake)]
    assert explain[0] == explain[1]
    reading = ["--rows", TABLE], ["--rows", lake]
    found = [said(rfm("insight", "hours", "t.parquet", *rows)) for rows in reading]
    assert found[0] == found[1]
    # A later version of the table is no other option of reading.
    said(rfm("history", "add", "history-t", f"{TABLE}@0", "--as-of", "2025-11-30", "-q"))


def test_init__guesses_from_a_table(rfm, lake):
    said(rfm("init", TABLE, "-o", "a.toml"))
    said(rfm("init", lake, "-o", "b.toml"))
    assert Path("a.toml").read_text().replace(TABLE, lake) == Path("b.toml").read_text()
    run = rfm("init", TABLE, lake, "-o", "c.toml")
    assert run.exit_code == 2
    assert "init must read only tables or only files; got delta:shop/orders@1 and" in run.stderr


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("delta:shop", "delta:shop must be a Delta table; got no _delta_log in shop."),
        (
            "delta:shop/orders@7",
            "delta:shop/orders@7 must be a version of the table; got 1 as",
        ),
        (
            "delta:shop/orders@0..1",
            "a range of versions must be ingested into a state",
        ),
        ("iceberg:lake", "a table must be given with CATALOG.TABLE; got 'iceberg:lake'."),
    ],
)
@pytest.mark.usefixtures("lake")
def test_score__refuses_wrong_places_with_one_line(rfm, place, message):
    run = rfm("score", place, "-q")
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.startswith(f"error: {message}")
    assert run.stderr.count("\n") == 1


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("place", "package", "extra"),
    [(TABLE, "deltalake", "delta"), ("iceberg:a.b", "pyiceberg.io.pyarrow", "iceberg")],
)
def test_score__names_the_extra_that_is_missing(rfm, monkeypatch, place, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    run = rfm("score", place, "-q")
    assert run.exit_code == 2
    assert f"the extra [{extra}]; got none. Run: pip install '{package[:8]}" in run.stderr


@pytest.mark.usefixtures("lake")
def test_report__shows_tables_without_their_folders(rfm, tmp_path):
    said(rfm("score", f"delta:{tmp_path}/shop/orders", "-o", "a.parquet", "-q"))
    said(rfm("report", "a.parquet", "-o", "a.json", "-q"))
    text = (tmp_path / "a.json").read_text()
    assert '"delta:orders@1"' in text
    assert str(tmp_path) not in text
    said(rfm("report", "a.parquet", "-o", "b.html", "--show-paths", "-q"))
    assert f"delta:{tmp_path}/shop/orders@1" in (tmp_path / "b.html").read_text()
