"""What `rfm insight` says about options that contradict each other or leave nothing to compute."""

from __future__ import annotations

import json

import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate

FIRST = ["customers.parquet", "--rows", "orders.parquet", "--attribute", "channel"]
LISTED = ["repeat", *FIRST[:3], "--customer-list", "list.csv"]


@pytest.fixture
def insight(rfm, tmp_path, monkeypatch):
    """Runs `rfm insight` in a folder with orders and their snapshot."""
    monkeypatch.chdir(tmp_path)
    orders = simulate(customers=60, orders=400, lines=True)
    write(orders, orders.schema, "orders.parquet")
    words = ["--order", "order_id", "--as-of", "2025-12-31", "--facts", "-o", "customers.parquet"]
    assert rfm("score", "orders.parquet", *words).exit_code == 0

    def run(*words):
        return rfm("insight", *words)

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["cohort", *FIRST[:3], "--period", "year", "--age", "30d"],
            "--period must not be combined with --age, which counts days since the first order "
            "instead of calendar periods; got both. Leave one out.",
        ),
        (
            ["gini", "customers.parquet", "--spill-dir", "nowhere"],
            "--spill-dir must be a folder with write permission; got 'nowhere'. Create it, or name "
            "another folder.",
        ),
        (["list", "gini"], "run FILE.sql SNAPSHOT; got 1 more word. See --help."),
        (["list", "gini", "gaps"], "got 2 more words. See --help."),
        (
            ["affinity", *FIRST, "--who", 'is_whale and timing == "due"'],
            "condition must name one column; got 'is_whale and timing' in 'is_whale and timing == "
            '"due"\'. A condition has no `and` or `or`: repeat --who, and customers must meet all',
        ),
        (
            ["affinity", *FIRST, "--who", 'is_whale == true or segment == "and"'],
            "A condition has no `and` or `or`: repeat --who",
        ),
        (
            ["affinity", *FIRST, "--who", 'segment = "you and me"'],
            'Write it like segment == "Champions"',
        ),
    ],
)
def test_contradictions__are_refused_in_one_line(insight, words, said):
    run = insight(*words)
    assert run.exit_code == 2, run.stderr
    [line] = run.stderr.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 3, "list.csv must contain rows; got an empty file. Export it again."),
        (
            "id,since\n1,2025-01-01\n", 2,
            "column 'customer_id' must exist in list.csv; got id, since. Rename the column of ids "
            "to 'customer_id', as in the orders.",
        ),
        (
            "customer_id,from\n1,2025-01-01\n", 2,
            "column 'since' must exist in list.csv; got customer_id, from. Correct --registered.",
        ),
    ],
)  # fmt: skip
def test_customer_list__is_refused_with_what_to_do(insight, tmp_path, text, code, said):
    (tmp_path / "list.csv").write_text(text)
    run = insight(*LISTED, "--registered", "since")
    assert (run.exit_code, run.stderr) == (code, f"error: {said}\n")


def test_rows__of_other_options_are_refused_in_words(rfm, insight):
    words = ["--as-of", "2025-12-31", "--buckets", "2", "-o", "rows"]
    assert rfm("normalize", "orders.parquet", *words).exit_code == 0
    run = insight("gaps", "customers.parquet", "--rows", "rows")
    assert run.exit_code == 2
    assert run.stderr.startswith(
        "error: --order of the rows in 'rows' must be 'order_id', as in the snapshot; got left out."
    )
    assert rfm("score", "orders.parquet", "--as-of", "2025-12-31", "-o", "b.parquet").exit_code == 0
    words = [*words[:2], "--order", "order_id", "--buckets", "2", "-o", "ordered"]
    assert rfm("normalize", "orders.parquet", *words).exit_code == 0
    run = insight("gaps", "b.parquet", "--rows", "ordered")
    assert run.stderr.startswith(
        "error: --order of the rows in 'ordered' must be left out, as in the snapshot; got "
        "'order_id'."
    )


def test_touches__name_their_columns(insight, tmp_path):
    (tmp_path / "touches.csv").write_text("customer_id,date,kind\n1,2025-01-01,click\n")
    run = insight("aipl", *FIRST[:3], "--touches", "touches.csv")
    assert run.exit_code == 2
    assert run.stderr.endswith("got customer_id, date, kind. Rename the column to 'time'.\n")


def test_memory_limit__names_the_smallest_one(insight):
    run = insight("gini", "customers.parquet", "--memory-limit", "1MB")
    assert run.exit_code == 2
    assert run.stderr.startswith("error: --memory-limit must be at least ")
    assert run.stderr.endswith("MB; got 1MB. Give more memory.\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["affinity", *FIRST, "--burn-in", "9999d"], "all_left_out",
            "no customer is left: all have their first order in the first 9,999 days of the data. "
            "Give fewer days with --burn-in.",
        ),
        (
            ["bridge", *FIRST, "--since", "1990-01-01"], "no_small_buyers",
            "no customer is a small buyer on 1990-01-01, because the first order is on ",
        ),
        (
            ["affinity", *FIRST, "--who", "frequency == 1.5"], "none_chosen",
            "no customer meets --who, so that none is compared.",
        ),
    ],
)  # fmt: skip
def test_empty_tables__have_a_warning(insight, words, code, said):
    run = insight(*words, "--json")
    assert run.exit_code == 0, run.stderr
    [found] = json.loads(run.stdout)[words[0]]["warnings"]
    assert found["code"] == code
    assert found["text"].startswith(said)
    assert f"warning: {said}" in " ".join(run.stderr.split())


def test_concentration__has_no_shares_of_a_loss(rfm, tmp_path):
    place = tmp_path / "losses.csv"
    for last in (-6, -3):
        bought = "a,2025-01-01,3\nb,2025-01-01,2\nc,2025-01-01,4\n"
        returned = f"a,2025-01-02,-4\nb,2025-01-02,-2\nc,2025-01-02,{last}\n"
        place.write_text("customer_id,order_time,amount\n" + bought + returned)
        words = ["--facts", "--json", "-o", tmp_path / "out.parquet"]
        scored = json.loads(rfm("score", place, *words).stdout)
        shares = {each["share_monetary"] for each in scored["facts"]["concentration"]["best"]}
        run = rfm("insight", "concentration", tmp_path / "out.parquet", "--json")
        rows = json.loads(run.stdout)["concentration"]["rows"]
        assert {row["share"] for row in rows} == shares == {None}
        assert rows[-1]["minor"] == 100 * (3 + last)


def test_whales__without_money_have_a_limit_of_0(rfm, tmp_path):
    place = tmp_path / "losses.csv"
    place.write_text("customer_id,order_time,amount\na,2025-01-01,3\na,2025-01-02,-7\n")
    lines = rfm("score", place, "--facts").stdout.splitlines()
    assert "whales: 0 customers (best 20% by money, above 0)" in lines
