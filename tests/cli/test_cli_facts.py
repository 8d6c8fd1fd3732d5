"""`rfm score --facts`: the table, the JSON object, the outputs and the errors."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.segments.fact_columns import FACT_COLUMNS

ROWS = "customer_id,order_time,amount\n7,2026-01-01,5\n7,2026-01-11,6\n8,2026-01-02,1\n"


@pytest.fixture
def few(tmp_path):
    place = tmp_path / "few.csv"
    place.write_text(ROWS)
    return place


def test_facts__are_in_every_output(rfm, few, tmp_path):
    for ending in (".parquet", ".csv", ".arrow", ".csv.gz", ""):
        assert rfm("score", few, "--facts", "-o", tmp_path / f"out{ending}").exit_code == 0
    assert pq.read_schema(tmp_path / "out.parquet").names[-len(FACT_COLUMNS) :] == [*FACT_COLUMNS]
    with (tmp_path / "out.csv").open(newline="") as file:
        first, second = sorted(csv.DictReader(file), key=lambda row: row["customer_id"])
    assert [first[name] for name in FACT_COLUMNS] == [
        "true", "1", "100", "864000000000", "864000000000", "2026-01-21", "on time", "high value",
        "fm",
    ]  # fmt: skip
    assert second["gap_us"] == ""
    snapshot = rfm_engine.read_snapshot(tmp_path / "out.arrow")
    assert (snapshot.facts.whales, snapshot.facts.whale_least) == (1, 1100)


def test_facts__are_printed_below_the_table(rfm, few):
    lines = rfm("score", few, "--facts").stdout.splitlines()
    assert "whales: 1 customer (best 20% by money, at least 11.00), 91.7% of the money" in lines
    assert (
        "the best 1% have 91.7% of the money, 5% 91.7%, 10% 91.7%, 20% 91.7%; Gini 0.417" in lines
    )
    assert "average cycle: 10.0 days between two orders of a customer" in lines
    lines = rfm("score", few, "--facts", "--whale-by", "orders", "--whales", "60 %").stdout
    said = "(best 60 % by orders, at least 1), 100.0% of the money"
    assert f"whales: 2 customers {said}" in " ".join(lines.split())
    few.write_text("\n".join(ROWS.splitlines()[:2]))
    words = " ".join(rfm("score", few, "--facts").stdout.split())
    assumed = "average cycle: 30.0 days, assumed because no customer has two orders"
    assert assumed in words


def test_facts__of_groups_are_printed_without_a_limit(rfm, few):
    grouped = ROWS.replace("\n", ",de\n").replace("amount,de", "amount,land")
    few.write_text(grouped)
    run = rfm("score", few, "--facts", "--by", "land", "--overall")
    lines = [line for line in run.stdout.splitlines() if line.startswith(("whales", "average"))]
    assert lines == [
        "whales: 1 customer (best 20% of each group by money), 91.7% of the money",
        "whales: 1 customer (best 20% by money, at least 11.00), 91.7% of the money",
        "average cycle: 10.0 days between two orders of a customer",
    ]


def test_facts__are_a_key_of_the_json_object(rfm, few):
    found = json.loads(rfm("score", few, "--facts", "--json").stdout)
    facts = found["facts"]
    assert facts["whales"] == {
        "share": "20%", "by": "monetary", "customers": 1, "monetary": "11.00",
        "share_monetary": 11 / 12, "least": "11.00",
    }  # fmt: skip
    assert (facts["cycle_us"], facts["has_cycle"]) == (864_000_000_000, True)
    assert facts["concentration"]["best"][-1] == {
        "percent": 100, "customers": 2, "monetary": "12.00", "share_monetary": 1.0
    }  # fmt: skip
    assert facts["concentration"]["make"][0] == {"percent": 50, "customers": 1}
    assert facts["concentration"]["gini"] == 10 / 24
    options = [found["options"][name] for name in ("facts", "whales", "whale_by")]
    assert options == [True, "20%", "monetary"]
    none = json.loads(rfm("score", few, "--json").stdout)
    assert "facts" not in none
    assert [none["options"][name] for name in ("facts", "whales", "whale_by")] == [
        False, None, None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--whales", "5%"], "--whales must be used with --facts; got it alone. Add --facts."),
        (
            ["--facts", "--whales", "0.2"],
            "--whales must be a share of the customers like 20% or 0.5%, above 0% and up to 100%; "
            "got '0.2'. Give a percentage with at most two decimals.",
        ),
        (
            ["--facts", "--whale-by", "income"],
            "--whale-by must be monetary, orders or a column of --attributes; got 'income' without "
            "--attributes. Give the file that has this column.",
        ),
    ],
)
def test_options__that_cannot_be_used_are_refused(rfm, few, words, said):
    run = rfm("score", few, *words)
    assert (run.exit_code, run.stderr) == (2, f"error: {said}\n")


def test_facts__can_be_in_the_config_file(rfm, few, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfm.toml").write_text('facts = true\nwhales = "50%"\n')
    found = json.loads(rfm("score", few, "--json", "--quiet").stdout)
    assert found["facts"]["whales"]["share"] == "50%"


def test_explain__of_whales_without_money_has_a_limit_of_0(rfm, tmp_path):
    place = tmp_path / "losses.csv"
    place.write_text("customer_id,order_time,amount\na,2025-01-01,3\na,2025-01-02,-7\n")
    (tmp_path / "mine.toml").write_text(
        'otherwise = "rest"\n[[segments]]\nname = "whale"\nwhen = ["is_whale"]\n'
        '[[segments]]\nname = "other"\nwhen = ["not is_whale"]\n'
    )
    run = rfm("explain", place, "--scheme", tmp_path / "mine.toml", "--id", "a")
    assert run.exit_code == 0, run.stderr
    assert "monetary at most 0; this customer has -4.00" in run.stdout
