"""`rfm label` and `rfm labels` as users run them."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm_api
from rfm_engine.output import write
from rfm_engine.simulate import simulate

TREATED = """
name = "price"
title = "Price sensitivity"
metric = "discount_rate"
cuts = "quantile"
levels = ["low", "high"]
min_orders = 3

[treatments]
Champions = "early access"
"Champions/price=high" = "bundles"
"""


@pytest.fixture
def label(rfm, tmp_path, monkeypatch):
    """A folder with orders and their snapshot; runs `rfm label` on them."""
    monkeypatch.chdir(tmp_path)
    orders = simulate(customers=200, orders=1_000, lines=True)
    write(orders, orders.schema, "orders.parquet")
    options = ["--order", "order_id", "--as-of", "2025-12-31", "-o", "customers.parquet"]
    assert rfm("score", "orders.parquet", *options).exit_code == 0
    (tmp_path / "price.toml").write_text(TREATED)

    def run(names, *words, output="labelled.parquet"):
        given = ["--rows", "orders.parquet", "--labels", names, "-o", output]
        return rfm("label", "customers.parquet", *given, *words)

    return run


def test_label__counts_the_customers_of_each_level(label):
    run = label("price.toml,daypart", "--discount", "discount", "--json")
    assert run.exit_code == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["customers"] == 200
    assert all(sum(levels.values()) == 200 for levels in found["labels"].values())
    low, high = (found["labels"]["price"][level] for level in ("low", "high"))
    assert low > 0 < high
    run = label("price.toml", "--discount", "discount")
    assert f"low {low}" in run.stdout
    assert run.stdout.splitlines()[-1] == "200 customers in labelled.parquet"


def test_label__combines_segments_and_levels(label, tmp_path):
    assert label("price.toml", "--discount", "discount").exit_code == 0
    rows = pq.read_table(tmp_path / "labelled.parquet").to_pylist()
    for row in rows:
        assert row["segment/price"] == f"{row['segment']}/{row['price_label']}"
        expected = None
        if row["segment"] == "Champions":
            expected = "bundles" if row["price_label"] == "high" else "early access"
        assert row["treatment"] == expected
    assert {row["treatment"] for row in rows} == {None, "bundles", "early access"}


def test_label__of_a_column_of_the_customers(label, tmp_path):
    (tmp_path / "spend.toml").write_text(
        'name = "spend"\ntitle = "Spend"\nmetric = "monetary"\nmin_orders = 2\n'
        'thresholds = [100, 400.5]\nlevels = ["small", "middle", "large"]\n'
    )
    assert label("spend.toml").exit_code == 0
    rows = pq.read_table(tmp_path / "labelled.parquet").to_pylist()
    for row in rows:
        expected = "large" if row["monetary"] > Decimal("400.5") else "middle"
        expected = "small" if row["monetary"] <= 100 else expected
        assert row["spend_label"] == ("unknown" if row["frequency"] < 2 else expected)
    assert "spend_value" not in rows[0]
    assert len({row["spend_label"] for row in rows}) == 4


def test_labelled_snapshot__is_a_snapshot(label, rfm, tmp_path):
    assert label("price.toml", "--discount", "discount").exit_code == 0
    run = rfm("insight", "stats", "labelled.parquet", "--split", "segment,price_label", "--json")
    rows = json.loads(run.stdout)["stats"]["rows"]
    [whole] = [row for row in rows if row["total"]]
    assert sum(row["customers"] for row in rows if not row["total"]) == whole["customers"] == 200
    assert rfm_api.read_snapshot(tmp_path / "labelled.parquet").n_customers == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["price.toml"], "must have the column of discounts; got none. Name it with --discount."),
        (["price.toml", "--discount", "rebate"], "discount column 'rebate' must exist in "),
        (["product"], "label product must have a column of rows to compare; got none. Name it"),
        (["product", "--product", "sku"], "product column 'sku' must exist in orders.parquet"),
        (["fashion"], "got 'fashion'. rfm labels list describes them."),
        (["dayprt"], "got 'dayprt'. Did you mean 'daypart'?"),
        (["scheme.toml"], "numbers of the snapshot; got 'bogus'. Correct it, or score again with"),
        (["near.toml"], "; got 'deal_shares'. Did you mean 'deal_share'?"),
        (["text.toml"], "metric of label 'text' must be one of discount_rate, "),
        (["daypart", "--as-of", "2025-12-30"], "--as-of must be '2025-12-31', as in the snapshot"),
    ],
)
def test_mistakes__are_one_line_and_nothing_is_written(label, tmp_path, words, said):
    (tmp_path / "scheme.toml").write_text(TREATED.replace("discount_rate", "bogus"))
    (tmp_path / "near.toml").write_text(TREATED.replace("discount_rate", "deal_shares"))
    text = TREATED.replace("discount_rate", "segment").replace('"price"', '"text"')
    (tmp_path / "text.toml").write_text(text)
    run = label(*words)
    assert run.exit_code == 2
    [line] = run.stderr.splitlines()
    assert said in line
    assert not (tmp_path / "labelled.parquet").exists()


def test_label__reads_discounts_of_a_folder_of_rows(rfm, label, tmp_path):
    options = ["--order", "order_id", "--as-of", "2025-12-31", "--buckets", "2"]
    named = ["--discount", "discount"]
    assert rfm("normalize", "orders.parquet", *options, *named, "-o", "rows").exit_code == 0
    words = ["--labels", "price.toml", "-o", "of-folder.parquet"]
    run = rfm("label", "customers.parquet", "--rows", "rows", *words)
    assert run.exit_code == 0, run.stderr
    assert label("price.toml", *named).exit_code == 0
    found = pq.read_table(tmp_path / "of-folder.parquet").sort_by("customer_id")
    assert found.equals(pq.read_table(tmp_path / "labelled.parquet").sort_by("customer_id"))
    assert rfm("normalize", "orders.parquet", *options, "-o", "plain").exit_code == 0
    run = rfm("label", "customers.parquet", "--rows", "plain", *words)
    assert run.exit_code == 2
    assert run.stderr == (
        "error: rows must have the column of --discount; got none. Name it, and normalise the "
        "orders again if they are in a folder.\n"
    )


def test_labels__are_listed_and_shown(rfm):
    run = rfm("labels", "list")
    assert "price" in run.stdout.split()
    run = rfm("labels", "show", "price")
    assert run.stdout.startswith("price: Price sensitivity")
    assert "-- title: " in run.stdout


def test_lint__prints_errors_and_notes(rfm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "price.toml"
    place.write_text(TREATED)
    assert rfm("labels", "lint", "price.toml").stdout == "price.toml: nothing found\n"
    run = rfm("labels", "lint", "price.toml", "--scheme", "classic")
    assert run.exit_code == 0
    lines = run.stdout.splitlines()
    assert "price.toml: note: segment 'Hibernating' has no treatment" in lines
    assert lines[-1] == "price.toml: no errors"
    place.write_text(TREATED.replace("price=high", "price=hihg"))
    run = rfm("labels", "lint", "price.toml")
    assert run.exit_code == 2
    key = "'Champions/price=hihg'"
    said = f"treatment {key} is for a level that the label does not have"
    assert run.stdout == f"price.toml: error: {said}\n"
    said = "label 'price.toml' must have no errors; got 1 error. Fix what stdout lists."
    assert run.stderr == f"error: {said}\n"


def test_treatments__of_several_labels_are_those_named_first(label, tmp_path):
    spend = (
        'name = "{}"\ntitle = "Spend"\nmetric = "frequency"\nthresholds = [7]\n'
        'levels = ["few", "many"]\n[treatments]\nChampions = "{}"\n{}'
    )
    one = '"Champions/two=many" = "two of one"\n"Champions/one=many" = "one of one"\n'
    two = '"Champions/two=many" = "two of two"\n"Champions/one=few" = "few of two"\n'
    (tmp_path / "one.toml").write_text(spend.format("one", "one", one))
    (tmp_path / "two.toml").write_text(spend.format("two", "two", two))
    for names, many, few in (
        ("one.toml,two.toml", "two of one", "few of two"),
        ("two.toml,one.toml", "two of two", "few of two"),
        ("one.toml", "one of one", "one"),
        ("two.toml", "two of two", "two"),
    ):
        assert label(names).exit_code == 0
        rows = pq.read_table(tmp_path / "labelled.parquet").to_pylist()
        best = [row for row in rows if row["segment"] == "Champions"]
        assert {row["treatment"] for row in rows if row["segment"] != "Champions"} == {None}
        assert {(row["frequency"] > 7, row["treatment"]) for row in best} == {
            (True, many), (False, few)
        }  # fmt: skip


def test_label__without_customers(rfm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.csv").write_text("customer_id,order_time,amount\n1,2025-01-01,-1\n")
    assert rfm("score", "none.csv", "-o", "none.parquet").exit_code == 0
    words = ["--rows", "none.csv", "--labels", "daypart", "-o", "labelled.parquet"]
    run = rfm("label", "none.parquet", *words)
    assert run.stdout == "daypart: no customers\n0 customers in labelled.parquet\n", run.stderr
