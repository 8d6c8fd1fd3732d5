"""`rfm tiers` as users run it."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm_api
from rfm_engine.simulate import simulate

CLUB = """
name = "club"
window = "12mo"
measure = "frequency"
valid_months = 12
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Silver"
threshold = 2
[[tiers]]
name = "Gold"
threshold = 4
valid_months = 6
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A history of two month ends."""
    place = tmp_path_factory.mktemp("tiers") / "h"
    history = rfm_api.History.create(place, window="12mo")
    orders = simulate(customers=500, orders=5_000).read_all()
    for day in ("2025-11-30", "2025-12-31"):
        history.add(orders, as_of=day)
    return place


@pytest.fixture
def tiers(rfm, made, tmp_path, monkeypatch):
    """A folder with a copy of the history; runs `rfm tiers` on it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "club.toml").write_text(CLUB)
    shutil.copytree(made, "h")
    return lambda *words: rfm("tiers", "h", "--tiers", "club.toml", *words)


def test_tiers__prints_the_members_of_each_tier(tiers, tmp_path):
    run = tiers("-o", "tiers.parquet")
    assert run.exit_code == 0, run.stderr
    table = pq.read_table(tmp_path / "tiers.parquet")
    counts = dict(zip(*map(list, table["tier"].value_counts().flatten()), strict=True))
    counts = {name.as_py(): n.as_py() for name, n in counts.items()}
    head, heads, *rows, done, last = run.stdout.splitlines()
    assert head == "club as of 2025-12-31"
    assert heads.split() == ["tier", "from", "members", "qualify", "in", "grace"]
    shown = {name: int(n) for name, _, n, *_ in map(str.split, rows)}
    assert list(shown) == ["Gold", "Silver", "Member"]
    assert shown == counts
    assert done == "computed 2 of 2 dates"
    assert last == f"{len(table):,} members in tiers.parquet"
    assert run.stderr.splitlines() == [
        "note: club.toml: tier 'Gold' is valid for 6 months, less than the lower tier 'Silver' "
        "with 12",
    ]


def test_tiers__as_json_counts_and_says_what_was_computed(tiers, tmp_path):
    found = [json.loads(tiers("-o", "t.csv", "--json", "-q").stdout) for _ in range(2)]
    assert [each["computed"] for each in found] == [["2025-11-30", "2025-12-31"], []]
    assert found[0]["levels"] == found[1]["levels"]
    assert sum(each["members"] for each in found[0]["levels"]) == found[0]["members"]
    assert found[0]["levels"][1]["threshold"] == "2"
    assert found[0]["as_of"], found[0]["before"] == ("2025-12-31", None)
    (tmp_path / "club.toml").write_text(CLUB.replace("= 4", "= 5"))
    again = tiers("-o", "t.csv")
    assert again.stdout.splitlines()[-2] == (
        "computed 2 of 2 dates, because the file of tiers has changed"
    )


@pytest.mark.parametrize("n_replaced", [1, 2])
def test_tiers__say_that_snapshots_have_changed(tiers, tmp_path, n_replaced):
    assert tiers("-o", "t.csv").stdout.splitlines()[-2] == "computed 2 of 2 dates"
    history = rfm_api.History.open("h")
    days = ["2025-11-30", "2025-12-31"][:n_replaced]
    for day in days:
        history.add(simulate(customers=400, orders=5_000).read_all(), as_of=day, replace=True)
    shutil.copytree("h", "again")
    what = "snapshot of 2025-11-30 was" if n_replaced == 1 else "snapshots of 2 dates were"
    assert tiers("-o", "t.csv").stdout.splitlines()[-2] == (
        f"computed 2 of 2 dates, because the {what} replaced or added"
    )
    assert tiers("-o", "t.csv").stdout.splitlines()[-2] == "computed 0 of 2 dates"
    shutil.rmtree("h")
    shutil.move("again", "h")
    (tmp_path / "club.toml").write_text(CLUB.replace("= 4", "= 5"))
    found = json.loads(tiers("-o", "t.csv", "--json", "-q").stdout)
    assert (found["file_changed"], found["snapshots_changed"]) == (True, days)


def test_tiers__stream_to_stdout(tiers):
    run = tiers("-o", "-")
    assert run.exit_code == 0
    assert run.stdout_bytes.startswith(b"\xff\xff\xff\xff")
    assert "club as of 2025-12-31" in run.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["h", "--tiers", "club.toml"], 2, "--output"),
        (["h", "-o", "t.csv"], 2, "--tiers"),
        (["none", "--tiers", "club.toml", "-o", "t.csv"], 4, "history 'none' must be a folder"),
        (["h", "--tiers", "no.toml", "-o", "t.csv"], 2, "tiers file 'no.toml' must be readable te"),
        (["h", "--tiers", "other.toml", "-o", "t.csv"], 2, "window of tiers 'club' must be that o"),
        (["h", "--tiers", "club.toml", "-o", "t.xlsx"], 2, "-o must end in .parquet, .arrow, .csv"),
        (["h", "--tiers", "club.toml", "-o", "h/t.csv"], 2, "-o must not be inside the history;"),
        (["h", "--tiers", "club.toml", "-o", "-", "--json"], 2, "--json must not be combined wit"),
        (["h", "--tiers", "club.toml", "-o", "club.csv"], 2, "-o must not be the file of tiers"),
    ],
)
def test_tiers__refuses(tiers, rfm, tmp_path, words, code, said):
    assert tiers is not None
    (tmp_path / "other.toml").write_text(CLUB.replace("12mo", "6mo"))
    if "club.csv" in words:
        (tmp_path / "club.csv").write_text(CLUB)
        words = ["h", "--tiers", "club.csv", "-o", "club.csv"]
    run = rfm("tiers", *words)
    assert run.exit_code == code
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
