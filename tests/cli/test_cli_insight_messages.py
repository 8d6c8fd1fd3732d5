"""What `rfm insight` says about names that do not exist, and about rows of other customers."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": -100.0}, "which has a net amount of "),
        ({"order_id": 7}, " orders; got "),
    ],
)
def test_rows__of_other_orders_are_refused_by_what_differs(rfm, shop, change, said):
    rows = pq.read_table(shop / "orders.parquet").to_pylist()
    whole = len(rows)
    pq.write_table(pq.read_table(shop / "orders.parquet").slice(1), "fewer.parquet")
    run = rfm("insight", "gaps", "customers.parquet", "--rows", "fewer.parquet")
    assert run.exit_code == 3
    assert run.stderr == (
        "error: rows must be those of the snapshot 'customers.parquet', which has "
        f"{whole:,} counted rows; got {whole - 1:,}. As --rows, give the orders that were scored.\n"
    )
    table = pq.read_table(shop / "orders.parquet")
    (name, value), *_ = change.items()
    column = table[name].to_pylist()
    column[0] = value
    place = table.column_names.index(name)
    table = table.set_column(place, name, [column])
    pq.write_table(table, "changed.parquet")
    run = rfm("insight", "gaps", "customers.parquet", "--rows", "changed.parquet")
    assert run.exit_code == 3
    assert said in run.stderr


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
