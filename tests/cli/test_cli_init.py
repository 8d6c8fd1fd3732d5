"""`rfm init`, then `rfm score` without options: five export shapes have the right totals."""

from __future__ import annotations

import csv
import json
import tomllib
from decimal import Decimal

import pytest

from tests.guesses import exports, totals

SHAPES = {
    "online_retail.csv": {
        "customer": "CustomerID", "time": "InvoiceDate", "amount": "UnitPrice",
        "order": "InvoiceNo", "quantity": "Quantity", "ids": "int",
        "time-format": "%m/%d/%Y %H:%M", "csv-encoding": "cp1252",
    },
    "shopify.csv": {
        "customer": "Email", "time": "Created at", "amount": "Total", "order": "Name",
        "currency": "Currency", "where": ["Financial Status!=voided"],
    },
    "woocommerce.csv": {
        "customer": "Email (Billing)", "time": "Order Date", "amount": "Order Total Amount",
        "order": "Order Number", "distinct": ["Order Number"],
        "where": ["Order Status=Completed,Processing"],
    },
    "stripe.csv": {
        "customer": "Customer ID", "time": "Created (UTC)", "amount": "Amount", "order": "id",
        "currency": "Currency", "where": ["Status=Paid"],
    },
    "stripe_all_columns.csv": {
        "customer": "Customer ID", "time": "Created (UTC)", "amount": "Amount", "order": "id",
        "currency": "Currency", "where": ["Status=Paid"],
    },
    "cdnow.txt": {
        "customer": "customer_id", "time": "date", "amount": "dollar_value",
        "csv-delimiter": "space", "time-format": "%Y%m%d",
    },
}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_words(options):
    """Return options without the order of the values in a condition."""
    conditions = [each.partition("=") for each in options.get("where", [])]
    return options | {"where": [(name, {*values.split(",")}) for name, _, values in conditions]}


def answer_of(summary):
    segments = summary["segments"]
    return totals.Answer(
        summary["customers"],
        sum(each["orders"] for each in segments),
        sum(Decimal(each["monetary"]) for each in segments),
    )


@pytest.mark.parametrize("name", SHAPES)
def test_init__makes_the_next_score_right(rfm, here, name):
    shape = name.partition(".")[0]
    getattr(exports, shape)(here / name)
    run = rfm("init", name)
    assert run.exit_code == 0, run.stderr
    options = tomllib.loads((here / "rfm.toml").read_text())
    assert by_words(options) == by_words(SHAPES[name])
    scored = rfm("score", name, "--json")
    assert scored.exit_code == 0, scored.stderr
    assert "options from rfm.toml" in scored.stderr
    summary = json.loads(scored.stdout)
    assert answer_of(summary) == getattr(totals, shape.removesuffix("_all_columns"))(here / name)
    assert summary["warnings"] == []


@pytest.mark.usefixtures("here")
def test_init__reads_the_file_that_cdnow_published(rfm, cdnow_master):
    assert rfm("init", cdnow_master).exit_code == 0
    scored = rfm("score", cdnow_master, "--json")
    assert answer_of(json.loads(scored.stdout)) == (23_570, 69_659, Decimal("2500315.63"))


def test_init__keeps_finished_orders_if_further_lines_are_empty(rfm, here):
    exports.woocommerce(here / "full.csv")
    table = [*totals.rows_of(here / "full.csv")]
    with (here / "orders.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, exports.WOOCOMMERCE)
        writer.writeheader()
        for before, row in zip([{}, *table], table, strict=False):
            if before.get("Order Number") == row["Order Number"]:
                row |= dict.fromkeys(exports.WOOCOMMERCE[:22], "")
            writer.writerow(row)
    assert rfm("init", "orders.csv").exit_code == 0
    summary = json.loads(rfm("score", "orders.csv", "--json").stdout)
    assert answer_of(summary) == totals.woocommerce(here / "full.csv")


def test_init__drops_further_lines_of_shopify_orders_as_null_amounts(rfm, here):
    place = exports.shopify(here / "orders.csv")
    assert rfm("init", place).exit_code == 0
    rows = json.loads(rfm("score", place, "--json").stdout)["rows"]
    table = [*totals.rows_of(place)]
    voided = sum(row["Financial Status"] == "voided" for row in table)
    further = sum(not row["Total"] for row in table)
    assert {k: n for k, n in rows["dropped"].items() if n} == {
        "filtered": voided, "null_amount": further
    }  # fmt: skip


def test_init__writes_alternatives_of_doubtful_guesses_as_comments(rfm, here):
    place = exports.stripe(here / "payments.csv")
    run = rfm("init", place)
    assert "    not certain: rfm.toml has another value as a comment" in run.stdout
    text = (here / "rfm.toml").read_text()
    assert '# where = ["Status=Paid", "Amount Refunded=0.00"]' in text
    (here / "rfm.toml").write_text(
        "\n".join(
            line.removeprefix("# ") if line.startswith("# where") else line
            for line in text.splitlines()
            if not line.startswith("where")
        )
    )
    summary = json.loads(rfm("score", place, "--json").stdout)
    kept = [
        row
        for row in totals.rows_of(place)
        if row["Status"] == "Paid" and row["Amount Refunded"] == "0.00"
    ]
    assert summary["rows"]["counted"] == len(kept)


def test_init__prints_each_guess_with_its_reason(rfm, here):
    place = exports.stripe(here / "payments.csv")
    lines = rfm("init", place).stdout.splitlines()
    keys = [*tomllib.loads((here / "rfm.toml").read_text())]
    guesses = "\n".join(lines[: lines.index("")]).replace("\n    ", "\t").split("\n")
    assert [line.partition(" = ")[0] for line in guesses] == keys
    assert all("\t" in line for line in guesses)
    assert lines[-1].split() == ["rfm", "score", str(place)]


def test_init__as_json(rfm, here):
    place = exports.stripe(here / "payments.csv")
    found = json.loads(rfm("init", place, "--json").stdout)
    options = tomllib.loads((here / "rfm.toml").read_text())
    assert found["file"] == "rfm.toml"
    assert found["options"] == options
    [where] = [each for each in found["guesses"] if each["option"] == "where"]
    assert where["value"] == ["Status=Paid"]
    assert [each["value"] for each in where["others"]] == [["Status=Paid", "Amount Refunded=0.00"]]
    assert rfm("init", place, "--replace", "--quiet").stdout == ""


def test_init__keeps_typed_options(rfm, here):
    place = exports.stripe(here / "payments.csv")
    typed = ("--customer", "Customer Email", "--timezone", "Europe/Berlin", "--where", "Mode=Live")
    run = rfm("init", place, "-o", "other.toml", *typed, "--where", "Status!=Failed")
    assert run.exit_code == 0, run.stderr
    options = tomllib.loads((here / "other.toml").read_text())
    assert options["customer"] == "Customer Email"
    assert options["timezone"] == "Europe/Berlin"
    assert options["where"] == ["Mode=Live", "Status!=Failed"]
    assert options["amount"] == "Amount"
    assert f"{place} --config other.toml" in run.stdout
    summary = json.loads(rfm("score", place, "--json", "--config", "other.toml").stdout)
    assert summary["options"]["where"] == ["Mode=Live", "Status!=Failed"]
    assert summary["options"]["timezone"] == "Europe/Berlin"


def test_init__refuses_an_existing_file(rfm, here):
    place = exports.cdnow(here / "cdnow.txt")
    (here / "rfm.toml").write_text("mine = 1\n")
    run = rfm("init", place)
    assert run.exit_code == 2
    assert "must not exist" in run.stderr
    assert "--replace" in run.stderr
    assert (here / "rfm.toml").read_text() == "mine = 1\n"
    assert rfm("init", place, "--replace").exit_code == 0
    assert tomllib.loads((here / "rfm.toml").read_text())["customer"] == "customer_id"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("a,b\nx,y\nz,w\n", ["--time", "--amount"]),
        ("who,when,what\nx,2025-01-01,y\nz,2025-01-02,w\n", ["--customer", "--amount"]),
        ("email,amount\nx@example.com,7.00\n", ["--time"]),
        ("email,order_date,amount\n", ["must have rows", "got only the names of the columns"]),
    ],
)
def test_init__writes_nothing_without_customer_time_or_amount(rfm, here, text, flags):
    (here / "odd.csv").write_text(text)
    run = rfm("init", "odd.csv")
    assert run.exit_code == 2
    assert len(run.stderr.splitlines()) == 1
    assert all(flag in run.stderr for flag in flags)
    assert not (here / "rfm.toml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["init"], "Missing argument"),
        (["init", "none.csv"], "none.csv must exist"),
        (["init", "-"], "init must read files"),
        (["init", "cdnow.txt", "--customer", "who"], "column 'who' must exist"),
        (["init", "cdnow.txt", "-o", "none/rfm.toml"], "the folder of 'none/rfm.toml' must exist"),
        (["init", "cdnow.txt", "-o", "."], "-o must be a file; got the folder '.'"),
        (["init", "cdnow.txt", "-o", "cdnow.txt", "--replace"], "-o must not be an input"),
        (["init", "cdnow.txt", "--csv-decimal", ";"], "--csv-decimal must be '.' or ','"),
        (["init", "bare.txt"], "must contain the names of the columns; got the value '00001'"),
    ],
)
def test_init__refuses(rfm, here, words, said):
    exports.cdnow(here / "cdnow.txt")
    (here / "bare.txt").write_text("00001 19970101 1 11.77\n00002 19970112 1 12.00\n")
    run = rfm(*words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert not (here / "rfm.toml").exists()
