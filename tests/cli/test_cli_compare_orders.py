"""Tables of `rfm compare` that read orders, as users run them."""

from __future__ import annotations

import json
from collections import defaultdict

import pyarrow as pa
import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate


@pytest.fixture
def compare(rfm, tmp_path, monkeypatch):
    """A folder with orders of two sellers and a history; runs `rfm compare` with the orders."""
    monkeypatch.chdir(tmp_path)
    orders = simulate(customers=300, orders=1_500).read_all()
    sellers = pa.array(["east", "west"] * (len(orders) // 2), pa.string())
    orders = orders.append_column("seller", sellers)
    write(orders.to_reader(), orders.schema, "orders.parquet")

    def run(table, *words, by=False):
        place, groups = ("sellers", ["--by", "seller"]) if by else ("all", [])
        if not (tmp_path / place).exists():
            for day in ("2025-06-30", "2025-12-31"):
                made = rfm("history", "add", place, "orders.parquet", "--as-of", day, *groups, "-q")
                assert made.exit_code == 0, made.stderr
        return rfm("compare", place, "--table", table, *words)

    return run


ROWS = ("--rows", "orders.parquet")


@pytest.mark.parametrize("by", [False, True])
def test_second_order__prints_some_days_of_each_group(compare, by):
    rows = json.loads(compare("second-order", *ROWS, "--json", by=by).stdout)["rows"]
    curves = {}
    for row in rows:
        curves.setdefault(row.get("seller"), []).append(row)
    assert [*curves] == (["east", "west"] if by else [None])
    printed = defaultdict(dict)
    for line in compare("second-order", *ROWS, by=by).stdout.splitlines()[2:]:
        *seller, day, _, _, survival = line.replace(",", "").split()
        printed[seller[0] if by else None][int(day)] = survival
    for seller, own in curves.items():
        known, shown = [row["day"] for row in own], printed[seller]
        assert len(shown) < len(known)
        assert {*shown} <= {*known}
        assert [*shown][-1] == known[-1]
        assert max(day for day in known if day <= 30) in shown
        assert shown[known[-1]] == f"{own[-1]['survival']:.1%}"


@pytest.mark.usefixtures("compare")
def test_second_order__without_customers_prints_heads(rfm):
    for day in ("1999-06-30", "1999-12-31"):
        rfm("history", "add", "early", "orders.parquet", "--as-of", day, "-q")
    run = rfm("compare", "early", "--table", "second-order", *ROWS)
    assert run.exit_code == 0, run.stderr
    assert run.stdout.splitlines()[0].split() == ["day", "events", "at_risk", "survival"]


@pytest.mark.usefixtures("compare")
def test_summary__without_customers_in_groups_says_so(rfm):
    for day in ("1999-06-30", "1999-12-31"):
        rfm("history", "add", "early", "orders.parquet", "--as-of", day, "--by", "seller", "-q")
    run = rfm("compare", "early")
    assert run.exit_code == 0, run.stderr
    assert run.stdout.count("no customers") == 2


def test_aipl__without_contacts_warns(compare, tmp_path):
    run = compare("aipl", *ROWS)
    assert run.exit_code == 0
    assert run.stderr.startswith(
        "warning: aipl without --touches only has the stages none, P and L"
    )
    assert compare("aipl", *ROWS, "-q").stderr == ""
    (tmp_path / "t.csv").write_text("customer_id,time,kind\n5,2025-12-01,click\n")
    run = compare("aipl", *ROWS, "--touches", "t.csv", "--json")
    assert run.stderr == ""
    rows = {row["stage"]: row for row in json.loads(run.stdout)["rows"]}
    assert (rows["I"]["before"], rows["I"]["after"]) == (0, 1)


def test_lifecycle__says_when_the_first_period_begins(compare):
    for span, after in (((), "2024-12-31"), (("--span", "90d"), "2025-04-01")):
        found = json.loads(compare("lifecycle", *ROWS, *span, "--json").stdout)
        assert found["after"] == after


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["period"],
            "--rows must be given for period, because it needs the orders of the customer",
        ),
        (
            ["matrix", "--span", "3mo"],
            "--span must be used with lifecycle or period; got it with ma",
        ),
        (
            ["period", *ROWS, "--span", "3 months"],
            "--span must be days or months such as 181d or 6",
        ),
        (["aipl", *ROWS, "--touches", "no.csv"], "no.csv"),
        (["lifecycle", *ROWS, "--order-days", "3"], "--order-days must be used with aipl; got it"),
    ],
)
def test_tables__refuse(compare, words, said):
    run = compare(*words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
