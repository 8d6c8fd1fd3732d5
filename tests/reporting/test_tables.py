"""Sections of the report document from tables in files."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES as OF_INSIGHT
from rfm_engine.movement.tables import TABLES as OF_MOVEMENT
from rfm_engine.reporting.document.affinity import affinity_entry
from rfm_engine.reporting.document.cohorts import cohorts_of
from rfm_engine.reporting.document.movement import comparison_of, movement_of
from rfm_engine.reporting.document.retention import retention_of
from rfm_engine.reporting.document.tables import CONCENTRATION, tables_in
from rfm_engine.result.table_origin import METADATA_KEY
from tests.reporting.shops import ORDERS, scored

BEGIN, END = "2026-02-28", "2026-03-31"
OPTIONS = {"attribute": "shop", "min_customers": 1, "min_item": 0, "min_pair": 0}
AS_OF_INSIGHT = {
    "first-product", "bridge", "gaps", "repeat", "new-returning", "lifecycle", "aipl", "link",
    "stats", "hours", "cross-shop", "pairs", "deciles",
}  # fmt: skip


def insight(folder, snapshot, name, **options):
    table = rfm.insight.run(name, snapshot, rows=ORDERS, **options)
    pq.write_table(table, folder / f"any name of {name}.parquet")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "tables"
    place.mkdir()
    return place


@pytest.mark.parametrize("options", [{}, {"by": "shop"}])
def test_tables__give_the_sections_of_a_comparison(tmp_path, folder, options):
    before, after = (scored(tmp_path, day, **options) for day in (BEGIN, END))
    compared = comparison_of(before, after, None, {})
    for number, name in enumerate(("matrix", "effects", "retention")):
        pq.write_table(compared.table(name).table, folder / f"{number}.parquet")
    insight(folder, after, "cohort")
    found = tables_in(folder, after, before)
    assert found.movement == movement_of(compared)
    assert found.retention == retention_of(compared)
    assert found.cohorts == cohorts_of(after, ORDERS, {})
    assert (found.tables, found.ignored) == ([], [])
    assert tables_in(folder, after).movement == found.movement | {"cuts_moved": None}


def test_tables__all_fit_into_the_document(tmp_path, folder):
    before, after = (scored(tmp_path, day, facts=True) for day in (BEGIN, END))
    compared = comparison_of(before, after, ORDERS, {})
    for name in OF_MOVEMENT:
        pq.write_table(compared.table(name).table, folder / f"compared {name}.parquet")
    for name, each in answer([*OF_INSIGHT], after, ORDERS, OPTIONS | {"threads": 1}).items():
        pq.write_table(each.table, folder / f"{name}.parquet")
    found = tables_in(folder, after, before)
    text = json.dumps(found)
    assert str(tmp_path) not in text
    assert not any(customer in text for customer in ("anna", "bob", "carl"))
    kinds = [each["table"] for each in found.tables]
    assert {*kinds} >= AS_OF_INSIGHT | {"second-order", "period", "classes"}
    assert {*found.concentration} == {*CONCENTRATION}
    assert len(found.affinity) == 1
    for each in found.tables:
        assert all(len(row) == len(each["columns"]) for row in each["rows"])


def test_plain_table__has_money_in_major_units(tmp_path, folder):
    insight(folder, scored(tmp_path, END), "stats")
    [found] = tables_in(folder, scored(tmp_path, END)).tables
    names = [(each["name"], each["kind"]) for each in found["columns"]]
    assert names == [
        ("total", "flag"), ("segment", "text"), ("customers", "count"), ("orders", "count"),
        ("monetary", "money"), ("share_customers", "share"), ("share_minor", "share"),
        ("mean", "money"), ("whales", "count"),
    ]  # fmt: skip
    assert [row[:5] for row in found["rows"] if row[0]] == [[True, None, 3, 5, "47.25"]]


def test_plain_table__has_50_rows(tmp_path, folder):
    insight(folder, scored(tmp_path, END), "deciles")
    [place] = folder.glob("*.parquet")
    rows = pq.read_table(place)
    pq.write_table(pa.concat_tables([rows] * 20), place)
    [found] = tables_in(folder, scored(tmp_path, END)).tables
    n = 20 * len(rows)
    assert (len(found["rows"]), found["left_out"]) == (50, n - 50)


def test_tables__of_customers_are_not_read(tmp_path, folder):
    snapshot = scored(tmp_path, END)
    place = tmp_path / "history"
    history = rfm.History.create(place)
    history.build(ORDERS, as_of=[BEGIN, END])
    events = history.events(BEGIN, END)
    pq.write_table(snapshot.customers, folder / "snapshot.parquet")
    pq.write_table(events if isinstance(events, pa.Table) else events.table, folder / "e.parquet")
    insight(folder, snapshot, "stats", split="customer_id")
    script = tmp_path / "deciles.sql"
    script.write_text("select customer_id from customers")
    pq.write_table(rfm.insight.run(script, snapshot), folder / "own.parquet")
    pq.write_table(pa.table({"customer_id": ["anna"]}), folder / "plain.parquet")
    found = tables_in(folder, snapshot)
    assert found.ignored == [
        "any name of stats.parquet", "e.parquet", "own.parquet", "plain.parquet",
        "snapshot.parquet",
    ]  # fmt: skip
    assert found[:-1] == (None, None, None, None, [], [], [], {})


def test_tables__of_other_dates_are_refused(tmp_path, folder):
    before, after = (scored(tmp_path, day) for day in (BEGIN, END))
    insight(folder, before, "gini")
    with pytest.raises(rfm.UsageError, match=f"gini.parquet' must have the date {END}"):
        tables_in(folder, after)
    for path in folder.iterdir():
        path.unlink()
    compared = comparison_of(before, after, None, {})
    pq.write_table(compared.table("matrix").table, folder / "m.parquet")
    assert tables_in(folder, after).movement is not None
    with pytest.raises(rfm.UsageError, match=r"m.parquet' must have the date 2026-03-01"):
        tables_in(folder, after, scored(tmp_path, "2026-03-01"))


def test_tables__of_one_section_are_refused(tmp_path, folder):
    before, after = (scored(tmp_path, day) for day in (BEGIN, END))
    table = comparison_of(before, after, None, {}).table("matrix").table
    for name in "ab":
        pq.write_table(table, folder / f"{name}.parquet")
    with pytest.raises(rfm.UsageError, match=r"one table matrix; got a.parquet, b.parquet"):
        tables_in(folder, after)


def test_tables__are_in_an_undamaged_folder(tmp_path, folder):
    snapshot = scored(tmp_path, END)
    with pytest.raises(rfm.UsageError, match="must be a folder of tables"):
        tables_in(folder / "none", snapshot)
    (folder / "bad.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(rfm.DataError, match=r"insight file 'bad.parquet' must be undamaged"):
        tables_in(folder, snapshot)


def test_affinity__names_what_is_compared(tmp_path, folder):
    snapshot = scored(tmp_path, END, facts=True)
    insight(folder, snapshot, "affinity", attribute="shop", min_customers=1)
    [found] = tables_in(folder, snapshot).affinity
    untested = {"low": None, "high": None, "clear": None}  # customers are too few
    assert found == {
        "attribute": "shop", "group": "is_whale", "mode": "first", "customers": 3, "in_group": 2,
        "rows": [
            {"value": "A", "customers": 2, "in_group": 2, "lift": 1.5, **untested},
            {"value": "B", "customers": 1, "in_group": 0, "lift": 0.0, **untested},
        ],
        "left_out": 0,
    }  # fmt: skip


def test_affinity__shows_the_first_tested_values():
    rows = [
        {
            "value": n, "customers": 50, "in_group": 10, "share_all": 0.5, "share_group": 0.25,
            "lift": 0.5, "lift_low": 0.3, "lift_high": 0.8, "p": 0.01, "q": 0.001 * (40 + n),
        }
        for n in range(25)
    ]  # fmt: skip
    rows.append(rows[0] | {"value": None, "p": None, "q": None})
    found = affinity_entry(rows, {"attribute": "n", "who": ["frequency > 2"], "mode": "last"})
    assert (found["customers"], found["in_group"]) == (100, 40)
    assert (found["group"], len(found["rows"]), found["left_out"]) == ("frequency > 2", 20, 6)
    assert [each["clear"] for each in found["rows"]] == [n <= 10 for n in range(20)]


def test_origin__without_known_names_is_ignored(tmp_path, folder):
    table = pa.table({"a": [1]})
    for number, origin in enumerate(({"table": "labels", "options": {}}, {"table": "gini"})):
        own = table.replace_schema_metadata({METADATA_KEY: json.dumps(origin)})
        pq.write_table(own, folder / f"{number}.parquet")
    assert tables_in(folder, scored(tmp_path, END)).ignored == ["0.parquet", "1.parquet"]
