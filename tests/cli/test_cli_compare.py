"""`rfm compare` as users run it: the summary, tables, files, and what is refused."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from rfm_cli.movement_grid import grid_lines
from rfm_engine import History
from rfm_engine.movement.tables import TABLES
from rfm_engine.output import write
from rfm_engine.simulate import simulate

DAYS = ("2025-06-30", "2025-09-30", "2025-12-31")


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A history with three dates."""
    place = tmp_path_factory.mktemp("compared") / "history"
    orders = simulate(customers=500, orders=5000).read_all()
    made = History.create(place)
    for day in DAYS:
        made.add(orders, as_of=day)
    return place


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The orders of the history."""
    place = tmp_path_factory.mktemp("rows") / "orders.parquet"
    orders = simulate(customers=500, orders=5000)
    write(orders, orders.schema, place)
    return place


def test_summary__is_about_the_two_newest_dates(rfm, history):
    run = rfm("compare", history)
    assert run.exit_code == 0
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0].startswith("2025-09-30 to 2025-12-31: ")
    for head in ("Customers by segment", "Why segments changed", "How customers", "Where most"):
        assert any(line.startswith(head) for line in lines), head
    assert max(map(len, lines)) <= 100


def test_json__has_the_tables_that_are_printed_alone(rfm, history):
    found = json.loads(rfm("compare", history, "--from", DAYS[0], "--json").stdout)
    assert (found["from"], found["to"]) == (DAYS[0], DAYS[2])
    for name in ("matrix", "effects", "classes"):
        run = rfm("compare", history, "--from", DAYS[0], "--table", name, "--json")
        assert json.loads(run.stdout)["rows"] == found[name]
    stayed = sum(row["customers"] for row in found["matrix"] if row["from"] == row["to"])
    assert found["in_same_segment"] == stayed
    assert found["stay_rate"] == stayed / (found["customers_from"] - found["left"])
    assert "stayed" not in found  # a class of customers has this name


@pytest.mark.parametrize("name", TABLES)
def test_table__is_printed_and_written(rfm, history, rows, tmp_path, name):
    words = ("compare", history, "--table", name, "--rows", rows)
    printed = rfm(*words)
    assert printed.exit_code == 0, printed.stderr
    assert len(printed.stdout.splitlines()) > 2
    run = rfm(*words, "-o", tmp_path / "out.parquet")
    assert run.exit_code == 0
    assert "out.parquet" in run.stdout
    rows = json.loads(rfm(*words, "--json").stdout)["rows"]
    assert pq.read_table(tmp_path / "out.parquet").num_rows == len(rows)


def test_dates__must_be_in_the_history(rfm, history, orders, tmp_path):
    run = rfm("compare", history, "--from", "2025-06-29")
    assert run.exit_code == 2
    assert "must have the date 2025-06-29; got 3 dates, the nearest 2025-06-30" in run.stderr
    place = tmp_path / "young"
    rfm("history", "add", place, orders, "--as-of", DAYS[0], "-q")
    run = rfm("compare", place)
    assert run.exit_code == 2
    assert "with 1 up to the second one. Add another with rfm history add" in run.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "20250630"], "--from must be a date like 2026-10-31; got '20250630'"),
        (["--to", "newest"], "--to must be a date like 2026-10-31; got 'newest'"),
        (["--to", DAYS[0]], "a comparison must have two dates; got history {} with 1 up to the se"),
        (["--to", "2025-06-29"], "must have the date 2025-06-29; got 3 dates, the nearest 2025-06"),
        (["--to", "2026-06-29"], "must have the date 2026-06-29; got 3 dates, the nearest 2025-06"),
        (["--from", "2026-01-01"], "must have the date 2026-01-01; got 3 dates, the nearest 2025"),
        (["--from", DAYS[1], "--to", "2025-06-01"], "must have the date 2025-06-01; got 3 dates"),
        (["--from", DAYS[1], "--to", DAYS[0]], f"--from must be before --to; got {DAYS[1]} and"),
        (["--from", DAYS[1], "--to", DAYS[1]], f"--from must be before --to; got {DAYS[1]} and"),
        (["--from", DAYS[2]], f"--from must be before --to; got {DAYS[2]} and {DAYS[2]}, the new"),
    ],
)
def test_dates__that_are_wrong_are_named(rfm, history, words, said):
    run = rfm("compare", history, *words)
    assert run.exit_code == 2
    assert said.format(repr(str(history))) in run.stderr
    assert run.stderr.count("\n") == 1


def test_misuse(rfm, history, tmp_path):
    run = rfm("compare", history, "--table", "matrices")
    assert run.exit_code == 2
    assert "must be one of matrix" in run.stderr
    assert rfm("compare", tmp_path / "nothing").exit_code == 4
    run = rfm("compare", history, "-o", tmp_path / "out.csv")
    assert run.exit_code == 2
    assert "-o must be used with --table" in run.stderr
    run = rfm("compare", history, "--table", "classes", "--effects", "shapley")
    assert run.exit_code == 2
    assert "--effects must be used with effects; got it with classes" in run.stderr
    run = rfm("compare", history, "--table", "retention", "--within", "30d")
    assert run.exit_code == 2
    assert "--rows must be given for --within" in run.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--within", "30d"], "--within must be used with --table retention; got it without. Add"),
        (["--span", "90d"], "--span must be used with --table lifecycle or period; got it without"),
        (["--touches", "t.csv"], "--touches must be used with --table aipl; got it without"),
        (["--order-days", "9"], "--order-days must be used with --table aipl; got it without"),
        (["--customer-list", "c.csv"], "--customer-list must be used with --table aipl; got it wi"),
        (["--rows", "no.csv"], "no.csv must exist"),
        (["--table", "matrix", "--rows", "no.csv"], "no.csv must exist"),
        (["--table", "aipl", "--customer-list", "no.csv"], "no.csv must exist"),
        (["--table", "aipl", "--touches", "no.csv"], "no.csv must exist"),
    ],
)
def test_options__without_effect_and_missing_files_are_refused(rfm, history, words, said):
    run = rfm("compare", history, *words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_summary__has_the_effects_that_are_asked_for(rfm, history):
    run = rfm("compare", history, "--effects", "shapley")
    found = json.loads(rfm("compare", history, "--effects", "shapley", "--json").stdout)
    lines = run.stdout.splitlines()
    head = next(line.split() for line in lines if line.startswith("segment"))
    assert head[-2:] == ["customer_x2", "threshold_x2"]
    assert max(map(len, lines)) <= 100
    champions = found["effects"][0]
    shown = next(line.split() for line in lines if line.startswith("Champions ") and "+" in line)
    assert int(shown[-1].replace(",", "")) == champions["threshold_x2"]


def test_config__may_have_options_of_other_tables(rfm, history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfm.toml").write_text('[compare]\neffects = "shapley"\n')
    assert rfm("compare", history, "--table", "matrix").exit_code == 0
    found = json.loads(rfm("compare", history, "--table", "effects", "--json", "-q").stdout)
    assert "customer_x2" in found["rows"][0]
    (tmp_path / "rfm.toml").write_text('[compare]\nspan = "9d"\ntouches = "no.csv"\n')
    assert rfm("compare", history).exit_code == 0


def test_groups__are_added_up_for_people(rfm, tmp_path):
    place, orders = tmp_path / "grouped", tmp_path / "lines.parquet"
    lines = simulate(customers=60, orders=400, lines=True)
    write(lines, lines.schema, orders)
    for day in DAYS[1:]:
        run = rfm("history", "add", place, orders, "--as-of", day, "--by", "channel", "-q")
        assert run.exit_code == 0, run.stderr
    found = json.loads(rfm("compare", place, "--json").stdout)
    assert {"channel"} < {*found["matrix"][0]}
    assert found["customers_from"] == sum(
        row["customers"] for row in found["matrix"] if row["from"] != "(entered)"
    )
    first = rfm("compare", place).stdout.splitlines()[0]
    assert f"{found['customers_from']:,} customers" in first


def test_ranks__have_no_effects(rfm, orders, tmp_path):
    place = tmp_path / "ranked"
    for day in DAYS[1:]:
        rfm("history", "add", place, orders, "--as-of", day, "--method", "ntile", "-q")
    run = rfm("compare", place)
    assert run.exit_code == 0
    assert "effects and classes are left out" in run.stderr
    run = rfm("compare", place, "--table", "effects")
    assert run.exit_code == 2


def test_grid__wraps_and_numbers_heads_that_are_alike():
    names = [f"Customers of kind {number}" for number in range(12)]
    cells = {(one, other): int(one == other) * 1000 for one in names for other in names}
    lines = grid_lines(cells, 80)
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if line.startswith(" ")]
    assert " ".join(heads).split() == [*map(str, range(1, 13)), "total"]
    assert grid_lines({("a", "b"): 0}, 80) == ["no customers"]
