"""`rfm.toml` in the working directory holds options for the commands that score and read."""

from __future__ import annotations

import json

import pytest

ORDERS = "who,order_time,amount\nx,2025-01-31,7.50\nx,2025-02-01,1.00\ny,2025-02-03,3.00\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(ORDERS)
    return tmp_path


def test_rfm_toml__is_read_and_named(rfm, here):
    (here / "rfm.toml").write_text('customer = "who"\nrefunds = "drop"\n')
    run = rfm("score", "shop.csv", "--json", "--refunds", "net")
    assert run.exit_code == 0, run.stderr
    assert run.stderr.splitlines()[0] == "options from rfm.toml"
    options = json.loads(run.stdout)["options"]
    assert (options["customer"], options["refunds"]) == ("who", "net")
    assert "rfm.toml" not in rfm("score", "shop.csv", "--quiet").stderr


@pytest.mark.parametrize(
    "words",
    [
        ["explain", "shop.csv", "--id", "x"],
        ["normalize", "shop.csv", "-o", "rows.parquet"],
        ["state", "create", "shop"],
    ],
)
def test_rfm_toml__is_read_by_other_commands(rfm, here, words):
    (here / "rfm.toml").write_text('customer = "who"\n')
    run = rfm(*words)
    assert run.exit_code == 0, run.stderr
    assert "options from rfm.toml" in run.stderr
    refused = rfm(*words, "--no-config")
    assert "rfm.toml" not in refused.stderr


def test_rfm_toml__is_read_when_a_state_is_created_and_not_for_its_input(rfm, here):
    (here / "rfm.toml").write_text('customer = "who"\nthreads = 1\n')
    assert rfm("state", "create", "shop").exit_code == 0
    (here / "rfm.toml").write_text('customer = "nobody_has_this"\nthreads = 1\n')
    ingested = rfm("ingest", "shop", "shop.csv")
    assert ingested.exit_code == 0, ingested.stderr
    scored = rfm("score", "shop", "--json")
    assert scored.exit_code == 0, scored.stderr
    assert json.loads(scored.stdout)["customers"] == 2
    typed = rfm("score", "shop", "--customer", "id")
    assert typed.exit_code == 4


def test_rfm_toml__is_ignored_on_request(rfm, here):
    (here / "rfm.toml").write_text("nonsense")
    run = rfm("score", "shop.csv", "--customer", "who", "--no-config")
    assert run.exit_code == 0, run.stderr
    assert "config file 'rfm.toml' must be TOML" in rfm("score", "shop.csv").stderr


def test_rfm_toml__gives_way_to_a_named_file(rfm, here):
    (here / "rfm.toml").write_text("nonsense")
    (here / "mine.toml").write_text('customer = "who"\n')
    run = rfm("score", "shop.csv", "--config", "mine.toml")
    assert run.exit_code == 0, run.stderr
    assert "options from" not in run.stderr


@pytest.mark.parametrize("order", [1, -1])
def test_rfm_toml__a_named_file_cannot_be_ignored(rfm, here, order):
    (here / "mine.toml").write_text('customer = "who"\n')
    flags = [["--config", "mine.toml"], ["--no-config"]][::order]
    run = rfm("score", "shop.csv", *flags[0], *flags[1])
    assert run.exit_code == 2
    assert "got both" in run.stderr


@pytest.mark.parametrize(
    "words", [["init", "shop.csv", "-o", "new.toml", "--customer", "who"], ["schemes", "list"]]
)
def test_rfm_toml__is_not_read_by_commands_that_read_no_orders(rfm, here, words):
    (here / "rfm.toml").write_text("nonsense")
    run = rfm(*words)
    assert run.exit_code == 0, run.stderr
    assert "rfm.toml" not in run.stderr


def test_rfm_toml__tables_are_for_one_command(rfm, here):
    (here / "rfm.toml").write_text(
        'customer = "who"\nrefunds = "drop"\n[score]\nrefunds = "error"\n[state]\nkeep = 5\n'
        '[normalize]\ncarry = ["amount"]\n'
    )
    scored = rfm("score", "shop.csv", "--json")
    assert json.loads(scored.stdout)["options"]["refunds"] == "error"
    assert rfm("normalize", "shop.csv", "-o", "rows.csv").exit_code == 0
    assert "amount" in (here / "rows.csv").read_text().splitlines()[0]
    (here / "rfm.toml").write_text('customer = "who"\n[score]\nbinz = 4\n')
    refused = rfm("score", "shop.csv")
    assert refused.exit_code == 2
    assert "got 'binz'" in refused.stderr
    assert rfm("explain", "shop.csv", "--id", "x").exit_code == 0


def test_rfm_toml__has_lists_of_options_that_only_one_command_has(rfm, here):
    (here / "rfm.toml").write_text(
        'customer = "who"\n[events]\ntype = ["first_order"]\nnth = [5]\n'
    )
    for day in ("2026-01-01", "2026-01-02"):
        assert rfm("history", "add", "h", "shop.csv", "--as-of", day).exit_code == 0
    run = rfm("events", "h", "--json")
    assert run.exit_code == 0, run.stderr


def test_rfm_toml__cannot_be_the_output(rfm, here):
    (here / "rfm.toml").write_text('customer = "who"\n')
    run = rfm("score", "shop.csv", "-o", "rfm.toml")
    assert run.exit_code == 2
    assert (here / "rfm.toml").read_text() == 'customer = "who"\n'


def test_rfm_toml__of_another_export_is_named_in_the_error(rfm, here):
    (here / "rfm.toml").write_text('customer = "kunde"\n')
    run = rfm("score", "shop.csv")
    assert run.exit_code == 2
    assert run.stderr.splitlines()[1] == (
        "error: customer column 'kunde' must exist in shop.csv; got who, order_time, amount. Name "
        "it with --customer. --customer is set in rfm.toml: change it there, or ignore the "
        "file with --no-config."
    )
    assert "is set in" not in rfm("score", "shop.csv", "--customer", "kunden").stderr
    run = rfm("score", "shop.csv", "--config", here / "rfm.toml")
    assert run.stderr.endswith(f"--customer is set in {here}/rfm.toml: change it there.\n")


def test_rfm_toml__in_a_folder_of_orders_is_no_input(rfm, here):
    (here / "rfm.toml").write_text('customer = "who"\n')
    run = rfm("score", ".", "--json")
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout)["customers"] == 2


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["score", "shop.csv"], "shop.csv"),
        (["score", "shop.csv", "--currency", "who"], "shop.csv"),
        (["score", "s*.csv"], "'s*.csv'"),
        (["score", "shop.csv", "again.csv"], "FILE"),
        (["explain", "shop.csv", "--id", "x"], "shop.csv"),
        (["normalize", "shop.csv", "-o", "rows.csv"], "shop.csv"),
    ],
)
def test_missing_columns__without_options_lead_to_rfm_init(rfm, here, words, place):
    (here / "again.csv").write_text(ORDERS)
    run = rfm(*words)
    assert run.exit_code == 2
    assert run.stderr.count("\n") == 1
    hint = f" `rfm init {place}` guesses the columns.\n"
    assert run.stderr.endswith(hint)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words", [["--time", "when"], ["--customer", "who", "--where", "status=paid"]]
)
def test_missing_columns__that_options_name_do_not_lead_to_rfm_init(rfm, words):
    run = rfm("score", "shop.csv", *words)
    assert run.exit_code == 2
    assert "rfm init" not in run.stderr
