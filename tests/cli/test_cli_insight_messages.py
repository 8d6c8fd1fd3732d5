"""What `rfm insight` says about names that do not exist, and about rows of other customers."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate

COLUMNS = ["--order", "order_id", "--as-of", "2025-12-31"]


@pytest.fixture
def shop(rfm, tmp_path, monkeypatch):
    """A folder with orders, their snapshot, and their rows in buckets with `channel`."""
    monkeypatch.chdir(tmp_path)
    orders = simulate(customers=60, orders=400, lines=True)
    write(orders, orders.schema, "orders.parquet")
    assert rfm("score", "orders.parquet", *COLUMNS, "-o", "customers.parquet").exit_code == 0
    words = [*COLUMNS, "--carry", "channel", "--buckets", "2", "-o", "rows"]
    assert rfm("normalize", "orders.parquet", *words).exit_code == 0
    return tmp_path


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["afinity", "customers.parquet"], "got 'afinity'. Did you mean 'affinity'?"),
        (["everything", "customers.parquet"], "rfm insight list describes them."),
        (["affinity"], "run FILE.sql SNAPSHOT; got no SNAPSHOT. See --help."),
        (
            ["affinity", "customers.parquet", "--rows", "rows", "--attribute", "chanel"],
            "Did you mean 'channel'? If not, normalise the orders again with --carry chanel.",
        ),
        (
            ["affinity", "customers.parquet", "--rows", "rows", "--attribute", "seller"],
            ". Normalise the orders again with --carry seller.",
        ),
        (
            ["stats", "customers.parquet", "--split", "segmnt"],
            "rfm_score, segment. Did you mean 'segment'?",
        ),
        (
            ["stats", "customers.parquet", "--split", "country"],
            "Score again with the option that adds it.",
        ),
        (
            ["cross-shop", "customers.parquet", "--rows", "rows", "--attribute", "channel",
             "--who", "segment=Champions"],
            "condition must be valid; got 'segment=Champions'. Write it like segment ==",
        ),
        (
            ["stats", "orders.parquet"],
            "got 'orders.parquet', which rfm score did not write. Run rfm score orders.parquet -o "
            "customers.parquet first.",
        ),
    ],
)  # fmt: skip
def test_names__that_do_not_exist_are_answered_with_similar_ones(rfm, words, said):
    run = rfm("insight", *words)
    assert run.exit_code == 2
    assert said in run.stderr


def test_rows__that_are_fewer_are_refused_with_both_numbers(rfm, shop):
    orders = pq.read_table(shop / "orders.parquet")
    pq.write_table(orders.slice(1), "fewer.parquet")
    run = rfm("insight", "gaps", "customers.parquet", "--rows", "fewer.parquet")
    assert run.exit_code == 3
    assert run.stderr == (
        "error: rows must be those of the snapshot 'customers.parquet', which has "
        f"{len(orders):,} counted rows; got {len(orders) - 1:,}. As --rows, give the orders that "
        "were scored.\n"
    )


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("amount", 1.0, "which has a net amount of "),
        ("order_id", 7, " orders; got "),
    ],
)
def test_rows__of_other_orders_are_refused_by_what_differs(rfm, shop, column, value, said):
    orders = pq.read_table(shop / "orders.parquet")
    place = orders.column_names.index(column)
    signs = [abs(amount) / amount for amount in orders["amount"].to_pylist()]
    values = [value * sign if column == "amount" else value for sign in signs]
    changed = pa.array(values, orders[column].type)
    pq.write_table(orders.set_column(place, column, changed), "changed.parquet")
    run = rfm("insight", "gaps", "customers.parquet", "--rows", "changed.parquet")
    assert run.exit_code == 3
    assert said in run.stderr


@pytest.mark.usefixtures("shop")
def test_attribute__of_the_customers_is_refused(rfm):
    words = ["customers.parquet", "--rows", "orders.parquet", "--attribute", "customer_id"]
    run = rfm("insight", "affinity", *words)
    assert run.exit_code == 2
    assert run.stderr.startswith("error: --attribute must not name a column that normalised rows")


@pytest.mark.usefixtures("shop")
def test_attribute__of_the_groups_compares_all_groups_together(rfm):
    words = [*COLUMNS, "--by", "channel", "--overall", "-o", "both.parquet"]
    assert rfm("score", "orders.parquet", *words).exit_code == 0
    words = ["both.parquet", "--rows", "orders.parquet", "--attribute", "channel", "--min", "0"]
    found = json.loads(rfm("insight", "affinity", *words, "--json").stdout)
    rows = found["affinity"]["rows"]
    assert all(row["value"] == row["channel"] for row in rows if row["channel"] is not None)
    assert {row["share_all"] == 1 for row in rows if row["channel"] is not None} == {True}
    assert {row["value"] for row in rows if row["channel"] is None} == {
        row["channel"] for row in rows if row["channel"] is not None
    }


def test_rows__of_other_customers_are_refused(rfm, shop):
    orders = pq.read_table(shop / "orders.parquet")
    others = pc.add(orders["customer_id"], 1)
    place = orders.column_names.index("customer_id")
    pq.write_table(orders.set_column(place, "customer_id", others), "others.parquet")
    run = rfm("insight", "gaps", "customers.parquet", "--rows", "others.parquet")
    assert run.exit_code == 3
    assert "which has these customers; got others. As --rows, give the orders" in run.stderr


def test_days__of_an_order_with_rows_on_several_days_are_counted(rfm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = (
        "customer_id,order_id,order_time,amount\n1,a,2025-01-01,1\n1,a,2025-01-02,1\n"
        "1,b,2025-01-02,1\n1,b,2025-01-03,-1\n2,,2025-01-01,2\n2,,2025-01-01,3\n3,c,2025-01-04,-1\n"
    )
    Path("orders.csv").write_text(rows)
    words = ["--order", "order_id", "--frequency", "days", "--as-of", "2025-02-01"]
    for refunds in ("net", "net-order"):
        more = [*words, "--refunds", refunds, "-o", "customers.parquet", "--json"]
        scored = json.loads(rfm("score", "orders.csv", *more).stdout)
        assert sum(each["orders"] for each in scored["segments"]) == 3
        run = rfm("insight", "gaps", "customers.parquet", "--rows", "orders.csv", "--json")
        assert run.exit_code == 0, run.stderr


def test_rows__of_another_day_are_refused_with_both_remedies(rfm, shop):
    assert (shop / "rows").exists()
    words = ["--order", "order_id", "--as-of", "2025-12-30", "-o", "before.parquet"]
    assert rfm("score", "orders.parquet", *words).exit_code == 0
    run = rfm("insight", "gaps", "before.parquet", "--rows", "rows")
    assert run.exit_code == 2
    assert "with the options of the snapshot, or give the rows of this snapshot." in run.stderr


@pytest.mark.usefixtures("shop")
def test_hidden_values__are_counted_with_the_reason(rfm):
    words = ["customers.parquet", "--rows", "orders.parquet", "--attribute", "channel"]
    run = rfm("insight", "affinity", *words, "--min", "1000")
    assert run.stdout.splitlines()[-1] == "hidden: 4 values with fewer than 1,000 customers (--min)"
    run = rfm("insight", "bridge", *words, "--min", "1000")
    last = run.stdout.splitlines()[-1]
    assert last.startswith("hidden: ")
    assert last.endswith(" with too few exposed customers or controls")


@pytest.mark.usefixtures("shop")
def test_help__shows_all_forms_on_lines_of_their_own(rfm):
    lines = [line.strip() for line in rfm("insight", "--help").stdout.splitlines()]
    forms = [line.split("   ")[0] for line in lines if line.startswith("rfm insight ")]
    assert forms == [
        "rfm insight list",
        "rfm insight NAME[,NAME...] SNAPSHOT",
        "rfm insight all SNAPSHOT",
        "rfm insight show NAME [SNAPSHOT]",
        "rfm insight run FILE.sql SNAPSHOT",
    ]
