"""`rfm ingest` adds versions of a Delta table, and says which.

`deltalake` is imported late, because not every process of the tests needs it.
"""

from __future__ import annotations

import json

import pytest

from rfm_engine.simulate import simulate


@pytest.fixture
def table(tmp_path, monkeypatch, rfm):
    """Write a table of three versions, of which the second one only rewrites files."""
    from deltalake import DeltaTable, write_deltalake

    monkeypatch.chdir(tmp_path)
    rows = simulate(customers=50, orders=300).read_all()
    write_deltalake("orders", rows.slice(0, 100))
    write_deltalake("orders", rows.slice(100, 100), mode="append")
    DeltaTable("orders").optimize.compact()
    write_deltalake("orders", rows.slice(200), mode="append")
    assert rfm("state", "create", "state").exit_code == 0
    return f"delta:{tmp_path}/orders"


def test_ingest__lists_each_version(rfm, table):
    assert rfm("ingest", "state", "delta:orders@0..0").exit_code == 0
    assert rfm("ingest", "state", "delta:orders@0..3").stdout.splitlines() == [
        f"{table}@0: already ingested in batch {table}@0, skipped",
        f"{table}@2: OPTIMIZE added no rows, skipped",
        f"batch {table}@1: 100 of 100 rows added",
        f"batch {table}@3: 100 of 100 rows added",
        "2 batches: 200 of 200 rows added; the state is at generation 4",
    ]
    assert rfm("ingest", "state", "delta:orders").stdout.splitlines() == [
        f"{table}@3: already ingested in batch {table}@3, skipped",
        "nothing to add; the state stays at generation 4",
    ]


def test_ingest__says_in_json_what_each_version_has_added(rfm, table):
    done = json.loads(rfm("ingest", "state", "delta:orders@0..3", "--json").stdout)
    assert (done["generation"], done["batch"]) == (4, f"{table}@3")
    assert done["rows"]["counted"] == 300
    assert [(each["batch"], each["rows"]["counted"]) for each in done["batches"]] == [
        (f"{table}@{version}", 100) for version in (0, 1, 3)
    ]
    assert done["without_rows"] == {f"{table}@2": "OPTIMIZE"}


def test_ingest__names_versions_between_those_it_has_and_how_to_add_them(rfm, table):
    rfm("ingest", "state", "delta:orders@0..0")
    done = json.loads(rfm("ingest", "state", "delta:orders@3..3", "--json").stdout)
    assert done["gaps"] == [f"{table}@1..1"]
    lines = rfm("ingest", "state", "delta:orders").stdout.splitlines()
    assert f"{table}@1..1: in no batch; add it with rfm ingest state {table}@1..1" in lines
    shown = rfm("state", "show", "state").stdout
    assert f"batch {table}@0 is kept: 100 rows" in shown


EXITS = [
    (("delta:orders@1..4",), 2, "delta:{root}/orders@4 must exist; got 3 as the newest version"),
    (("delta:orders@1..2", "--batch-id", "x"), 2, "--batch-id and --replace-batch must be omitted"),
    (("delta:orders@2..1",), 2, "must be given with the older version first"),
    (("delta:none",), 2, "none must exist; got no such file or folder"),
    (("delta:orders", "orders.parquet"), 2, "must be ingested alone; got 2 inputs"),
    (("iceberg:lake.orders",), 2, "which has all rows of a table"),
]


@pytest.mark.parametrize(("words", "code", "said"), EXITS, ids=str)
@pytest.mark.usefixtures("table")
def test_ingest__refuses_with_the_exit_code_of_the_contract(rfm, tmp_path, words, code, said):
    run = rfm("ingest", "state", *words)
    assert (run.exit_code, run.stderr.count("\n")) == (code, 1)
    assert said.format(root=tmp_path) in run.stderr


@pytest.mark.usefixtures("table")
def test_ingest__refuses_a_version_that_removes_rows(rfm):
    from deltalake import DeltaTable

    DeltaTable("orders").delete()
    run = rfm("ingest", "state", "delta:orders@0..4")
    assert (run.exit_code, run.stderr.count("\n")) == (3, 1)
    assert "must only add rows; got a version that removes rows by DELETE" in run.stderr
