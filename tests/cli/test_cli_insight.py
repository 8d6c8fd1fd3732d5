"""`rfm insight` as users run it: tables, warnings, and what is refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.insight.tables import TABLES
from rfm_engine.output import write
from rfm_engine.result.table_origin import METADATA_KEY
from rfm_engine.simulate import simulate

TWO = {"order": "order_id", "as-of": "2025-12-31"}
NEED_ATTRIBUTE = ["affinity", "first-product", "bridge", "link", "cross-shop", "pairs"]


def flags(**options):
    return [word for name, value in options.items() for word in (f"--{name}", value)]


@pytest.fixture
def shop(rfm, tmp_path, monkeypatch):
    """A folder with orders and their snapshot."""
    monkeypatch.chdir(tmp_path)
    orders = simulate(customers=60, orders=400, lines=True)
    write(orders, orders.schema, "orders.parquet")
    assert rfm("score", "orders.parquet", *flags(**TWO), "-o", "customers.parquet").exit_code == 0
    return tmp_path


@pytest.fixture
def insight(rfm, shop):
    """Run `rfm insight` on the snapshot and the orders."""
    assert (shop / "customers.parquet").exists()

    def run(what, *words):
        return rfm("insight", what, "customers.parquet", "--rows", "orders.parquet", *words)

    return run


def test_all__skips_tables_that_lack_something(rfm, insight):
    run = insight("all", "-o", "tables")
    assert run.exit_code == 0
    [line] = [line for line in run.stderr.splitlines() if line.startswith("skipped")]
    assert line == f"skipped {', '.join(NEED_ATTRIBUTE)}: they need --attribute"
    run = rfm("insight", "all", "customers.parquet", "--json")
    assert {*json.loads(run.stdout)} == {
        "concentration", "concentration-make", "gini", "deciles", "lifecycle", "stats"
    }  # fmt: skip
    assert "they need --attribute; gaps, " in run.stderr


def test_all__writes_every_table_if_columns_are_named(insight, shop):
    words = flags(attribute="channel", product="product_id", category="seller_id")
    assert insight("all", *words, "-o", "tables").exit_code == 0
    assert {place.stem for place in (shop / "tables").iterdir()} == {*TABLES}


def test_tables__describe_themselves_in_their_metadata(insight, shop):
    run = insight("affinity", "--attribute", "channel", "--burn-in", "90d", "-o", "t.parquet")
    assert run.exit_code == 0, run.stderr
    about = json.loads(pq.read_schema(shop / "t.parquet").metadata[METADATA_KEY])
    assert about["table"] == "affinity"
    assert about["as_of"] == "2025-12-31"
    assert about["options"]["burn_in"] == 90
    assert about["about"]["chosen"] == 12


def test_early_first_orders__are_warned_about(rfm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    days = ["2025-01-01"] * 2 + ["2025-01-30"] * 2 + ["2025-01-31"] * 8
    orders = pa.table({
        "customer_id": list(range(12)), "order_time": days, "amount": [5] * 12, "source": ["a"] * 12
    })  # fmt: skip
    pq.write_table(orders, "orders.parquet")
    rfm("score", "orders.parquet", "--as-of", "2025-12-31", "-o", "customers.parquet")
    words = ["customers.parquet", "--rows", "orders.parquet", "--attribute", "source", "--json"]
    run = rfm("insight", "affinity,link", *words)
    assert run.stderr == (
        "warning: 4 of 12 customers have their first order in the first 30 days of the data. They "
        "may have bought before, so that their true first order is not in the data. Leave them out "
        "with --burn-in 30d.\n"
    )
    found = json.loads(run.stdout)
    for name in ("affinity", "link"):
        assert [each["code"] for each in found[name]["warnings"]] == ["early_first_orders"]
        assert found[name]["left_out_burn_in"] == 0
    run = rfm("insight", "affinity", *words, "--burn-in", "30d", "--min", "1")
    assert run.stderr == ""
    found = json.loads(run.stdout)["affinity"]
    assert (found["left_out_burn_in"], found["warnings"]) == (4, [])
    assert [row["customers"] for row in found["rows"]] == [8]
    assert rfm("insight", "affinity", *words, "--mode", "last").stderr == ""


def test_comparing_no_customer__is_warned_about(rfm, insight):
    words = ["--attribute", "channel", "--who", 'segment == "Champion"']
    run = insight("affinity", *words)
    assert run.exit_code == 0
    assert (
        "warning: no customer meets --who, so that none is compared. The values of 'segment' are "
        "About To Sleep, At Risk, Can't Lose Them, Champions, "
    ) in run.stderr
    assert "Promising. Correct it.\n" in run.stderr
    run = insight("affinity", *words[:3], "recency_days < 0")
    assert "so that none is compared.\n" in run.stderr
    orders = pq.read_table("orders.parquet")
    zeros = pa.array([0.0] * len(orders))
    free = orders.set_column(orders.column_names.index("amount"), "amount", zeros)
    pq.write_table(free, "free.parquet")
    rfm("score", "free.parquet", *flags(**TWO), "-o", "free-customers.parquet")
    run = rfm("insight", "affinity", "free-customers.parquet", "--rows", "free.parquet", *words[:2])
    assert run.exit_code == 0
    assert "warning: no customer is a whale, because no customer has a net amount" in run.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--as-of", "2025-12-30"], "--as-of must be '2025-12-31', as in the snapshot "),
        (["--window", "30d"], "--window must be left out, as in the snapshot "),
        (["--order", "product_id"], "--order must be 'order_id', as in the snapshot "),
        (["--where", "channel=app"], "--where must be left out, as in the snapshot "),
    ],
)
def test_options_of_reading__must_be_those_of_the_snapshot(insight, words, said):
    run = insight("gaps", *words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert insight("gaps", *flags(**TWO)).exit_code == 0


def test_options_of_reading__of_the_config_file_are_ignored(insight, shop):
    (shop / "rfm.toml").write_text('customer = "nobody"\n\n[insight]\nattribute = "channel"\n')
    run = insight("affinity", "--min", "1", "--json")
    assert run.exit_code == 0, run.stderr
    assert {row["value"] for row in json.loads(run.stdout)["affinity"]["rows"]} == {
        "app", "web", "partner", "store"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["affinity"], "--attribute must name the column whose values affinity compares"),
        (
            ["affinity", "--attribute", "chanel"],
            "attribute column 'chanel' must exist in orders.parquet; got customer_id, ",
        ),
        (["pairs", "--product", "sku"], "product column 'sku' must exist in orders.parquet; got "),
        (["affinities"], "insight table must be one of concentration, "),
        (["gaps", "--attribute", "channel"], "--attribute must be used with affinity, "),
        (["gaps,repeat", "-o", "out.parquet"], "output of several tables must be a directory"),
        (["gaps", "--json", "-o", "-"], "--json must not be combined with -o -"),
    ],
)
def test_mistakes__are_one_line(insight, words, said):
    what, *rest = words
    run = insight(what, *rest)
    assert run.exit_code == 2
    [line] = run.stderr.splitlines()
    assert said in line


def test_run__takes_a_query_of_the_user(rfm, shop):
    query = "-- inputs: orders(order_id)\nselect count(*) as n, count(order_id) as ids from orders"
    (shop / "own.sql").write_text(query)
    run = rfm(
        "insight", "run", "own.sql", "customers.parquet", "--rows", "orders.parquet", "--json"
    )
    [row] = json.loads(run.stdout)["own"]["rows"]
    frequency = pq.read_table("customers.parquet")["frequency"].to_pylist()
    assert row["n"] == row["ids"] == sum(frequency)
    run = rfm("insight", "run", "none.sql", "customers.parquet")
    assert run.exit_code == 2
    assert run.stderr == (
        "error: 'none.sql' must be a readable SQL file; got no such file. Correct the path.\n"
    )


def test_run__refuses_a_header_with_a_column_that_does_not_exist(rfm, shop):
    (shop / "own.sql").write_text("-- inputs: orders(nothing)\nselect count(*) as n from orders")
    run = rfm("insight", "run", "own.sql", "customers.parquet", "--rows", "orders.parquet")
    assert run.exit_code == 2
    [line] = run.stderr.splitlines()
    assert line.startswith("error: own.sql must be valid SQL for DuckDB; got Binder Error: ")
    assert '"nothing"' in line
