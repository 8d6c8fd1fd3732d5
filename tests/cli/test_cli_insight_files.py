"""What `rfm insight` says about files and queries that it cannot use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.normalize import write_normalized

ROWS = ["customers.parquet", "--rows", "rows"]
AS_OF = "2025-12-31"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with orders, snapshots and rows in two buckets."""
    folder = tmp_path_factory.mktemp("made")
    n = 40
    orders = pa.table(
        {
            "customer_id": [i % 9 for i in range(n)],
            "order_time": [f"2025-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
            "amount": [i % 7 for i in range(n)],
            "source": ["web", "app"] * (n // 2),
            "fine": pa.array([1 + i % 3 for i in range(n)], pa.timestamp("ns")),
            "many": [[i] for i in range(n)],
            "part": [{"a": i} for i in range(n)],
        }
    )
    pq.write_table(orders, folder / "orders.parquet")
    for name in ("customers.parquet", "customers.arrow"):
        rfm.score(orders, as_of=AS_OF, output=folder / name)
    write_normalized(
        orders, folder / "rows", as_of=AS_OF, buckets=2, carry=["source", "fine", "many", "part"]
    )
    return folder


@pytest.fixture
def shop(made, tmp_path, monkeypatch):
    """A copy of the folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def refused(run, code, said):
    assert run.exit_code == code, run.output
    [line] = run.stderr.splitlines()
    assert said in line
    assert "bug" not in line


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 1 as a, 2 as a", "columns of q.sql must have different names; got 'a' more than"),
        ("select 1; select 2", "q.sql must have one select statement; got select and select."),
        ("", "q.sql must have one select statement; got none. Write one query per file."),
        ("-- nothing", "q.sql must have one select statement; got none."),
        ("drop view customers", "q.sql must have one select statement; got drop."),
        ("-- inputs: lines(nope)\nselect 1 as a from lines", "q.sql must be valid SQL for DuckDB"),
        ("-- inputs: customers(\nselect 1 as a", "inputs of q.sql must be relations with columns"),
        ("-- inputs: customers(minor) lines(day)\nselect 1 as a", "got 'customers(minor) lines("),
        ("-- inputs:\nselect 1 as a", "inputs of q.sql must be relations with columns"),
        ("-- inputs: custmers(minor)\nselect 1 as a", "inputs of q.sql must be among customers, "),
    ],
)
def test_query__that_is_wrong_is_refused_by_the_name_of_its_file(rfm, query, said):
    Path("q.sql").write_text(query)
    refused(rfm("insight", "run", "q.sql", *ROWS), 2, said)


@pytest.mark.usefixtures("shop")
def test_query__without_rows_names_its_file(rfm):
    Path("q.sql").write_text("-- inputs: lines(day)\nselect count(*) as n from lines")
    run = rfm("insight", "run", "q.sql", "customers.parquet")
    refused(run, 2, "--rows must be given for q.sql, because it needs the orders")


@pytest.mark.usefixtures("shop")
def test_old_duckdb__is_refused(rfm, monkeypatch):
    for version, code in (("1.0.0", 2), ("2.0.0", 2), ("2.0.1", 0), ("2.10.0.dev3", 0)):
        monkeypatch.setattr(duckdb, "__version__", version)
        run = rfm("insight", "deciles", "customers.parquet")
        assert run.exit_code == code
        said = f"error: DuckDB must be 2.0.1 or later for rfm insight; got {version}. Run: pip "
        assert not code or run.stderr.startswith(said)


@pytest.mark.parametrize("name", ["rows/part-00001.parquet", "rows/_rfm_engine.parquet"])
def test_damaged_rows__are_refused_as_data(name, rfm, shop):
    place = shop / name
    place.write_bytes(place.read_bytes()[:600])
    refused(rfm("insight", "gaps", *ROWS), 3, f"{name}' ")


@pytest.mark.parametrize("name", ["customers.parquet", "customers.arrow"])
def test_damaged_snapshot__is_refused_as_data(name, rfm, shop):
    place = shop / name
    place.write_bytes(place.read_bytes()[:600])
    refused(rfm("insight", "deciles", name), 3, "must be undamaged; got ")
    assert rfm("explain", name, "--id", "1").exit_code == 3


@pytest.mark.usefixtures("shop")
def test_ids_of_another_type__are_refused_or_converted(rfm):
    orders = pq.read_table("orders.parquet")
    words = {}
    for kind in ("string", "uint64"):
        pq.write_table(
            orders.set_column(0, "customer_id", orders["customer_id"].cast(kind)), "o.parquet"
        )
        found = [
            rfm("insight", "gaps,affinity", "customers.parquet", "--rows", "o.parquet",
                "--attribute", "source", "--json"),
            rfm("label", "customers.parquet", "--rows", "o.parquet", "--labels", "daypart", "-o",
                "labelled.parquet"),
        ]  # fmt: skip
        words[kind] = found
    for run in words["string"]:
        refused(run, 3, "of the customers of the snapshot, int64; got string. Give the orders")
    for run in words["uint64"]:
        assert run.exit_code == 0, run.stderr


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("column", ["many", "part"])
@pytest.mark.parametrize("rows", ["rows", "orders.parquet"])
def test_nested_attribute__is_refused(column, rows, rfm):
    words = ["customers.parquet", "--rows", rows, "--attribute", column]
    for name in ("affinity", "pairs", "bridge", "cross-shop"):
        refused(rfm("insight", name, *words), 2, f"column {column!r} of --rows must have single")
    words = ["customers.parquet", "--rows", rows, "--product", column, "--labels", "product"]
    refused(rfm("label", *words, "-o", "l.parquet"), 2, f"column {column!r} of --rows must have")


@pytest.mark.usefixtures("shop")
def test_attribute__with_nanoseconds_is_printed_and_compared(rfm):
    words = [*ROWS, "--attribute", "fine", "--min", "0", "--json"]
    run = rfm("insight", "affinity,bridge", *words)
    assert run.exit_code == 0, run.stderr
    assert {row["value"] for row in json.loads(run.stdout)["affinity"]["rows"]} == {
        f"1970-01-01 00:00:00.00000000{i}" for i in (1, 2, 3)
    }
    assert "1970-01-01 00:00:00.000000003" in rfm("insight", "affinity", *words[:-1]).stdout


def test_options_of_the_file__that_a_table_lacks_are_skipped(rfm, shop):
    (shop / "rfm.toml").write_text('[insight]\nattribute = "source"\nregistered = "day"\ntop = 1\n')
    assert rfm("insight", "gaps", *ROWS).exit_code == 0
    run = rfm("insight", "affinity,gaps", *ROWS, "--min", "0", "--json")
    assert len(json.loads(run.stdout)["affinity"]["rows"]) == 1
    assert '"source" as attribute' in rfm("insight", "show", "affinity", *ROWS).stdout
    refused(
        rfm("insight", "gaps", *ROWS, "--attribute", "source", "-q"), 2, "--attribute must be used"
    )


def test_show__without_a_snapshot_leaves_dates_open(rfm):
    text = rfm("insight", "show", "bridge", "--until", "2025-09-01").stdout
    assert "day <= $since" in text
    assert "date '2025-09-01'" in text
    assert "null by" not in text


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["gaps", *ROWS, "--rows", "rows"],
            "--rows must be one folder of normalised rows for",
        ),
        (["gaps", "customers.parquet", "--rows", "orders.parquet"], "got 'orders.parquet'. Write"),
        (["gaps", "--rows", "orders.parquet"], "--buckets 8 -o rows."),
        (["deciles", "customers.arrow"], "snapshot must be Parquet for SQL that DuckDB can run"),
    ],
)
def test_show__refuses_files_that_duckdb_cannot_read(words, said, rfm):
    refused(rfm("insight", "show", *words), 2, said)


@pytest.mark.usefixtures("shop")
def test_show__of_groups_of_any_name_gives_the_rows_of_the_table(rfm):
    orders = pq.read_table("orders.parquet").select(["customer_id", "order_time", "amount"])
    for name in ("group_id", "order_number"):
        own = orders.append_column(name, pa.array(["a", "b"] * 20))
        pq.write_table(own, "own.parquet")
        score = ["own.parquet", "--as-of", AS_OF, "--by", name]
        run = rfm("score", *score, "-o", "own-customers.parquet", "-q")
        assert run.exit_code == 0, run.stderr
        words = ["normalize", *score, "--buckets", "2", "-o", f"own-{name}"]
        assert rfm(*words).exit_code == 0
        words = ["own-customers.parquet", "--rows", f"own-{name}"]
        text = rfm("insight", "show", "repeat", *words, "--within", "30d").stdout
        *views, query = duckdb.extract_statements(text)
        with duckdb.connect() as opened:
            for view in views:
                opened.execute(view)
            found = opened.sql(query.query).to_arrow_table().to_pylist()
        run = rfm("insight", "repeat", *words, "--within", "30d", "--json")
        rows = json.loads(run.stdout)["repeat"]["rows"]
        assert [[*row.values()] for row in found] == [[*row.values()] for row in rows]


@pytest.mark.usefixtures("shop")
def test_show__refuses_names_that_duckdb_cannot_tell_apart(rfm):
    attributes = pa.table({"customer_id": [1], "Segment": ["x"]})
    pq.write_table(attributes, "attributes.parquet")
    words = ["orders.parquet", "--as-of", AS_OF, "--attributes", "attributes.parquet"]
    assert rfm("score", *words, "-o", "own.parquet").exit_code == 0
    refused(rfm("insight", "show", "deciles", "own.parquet"), 2, "got 'segment' and 'Segment'")
