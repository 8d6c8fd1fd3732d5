"""`rfm events` on the command line."""

from __future__ import annotations

import json
from collections import Counter
from shutil import copytree

import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.simulate import simulate

DAYS = ["2025-10-31", "2025-11-30", "2025-12-31"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A history of three month ends."""
    place = tmp_path_factory.mktemp("built") / "history"
    orders = simulate(customers=300, orders=1_000).read_all()
    history = rfm_engine.History.create(place)
    for day in DAYS:
        history.add(orders, as_of=day)
    return place


@pytest.fixture
def history(built, tmp_path):
    """A copy of the history."""
    return copytree(built, tmp_path / "history")


def test_events__writes_the_log_and_says_how_many(rfm, history, tmp_path):
    first = rfm("events", history, "-o", tmp_path / "events.parquet")
    assert first.exit_code == 0
    head, *lines, log, written = first.stdout.splitlines()
    table = pq.read_table(tmp_path / "events.parquet")
    assert head == f"{len(table):,} events from 2025-11-30 to 2025-12-31"
    counts = {name: int(n.replace(",", "")) for name, n in map(str.split, lines)}
    assert counts == Counter(table["type"].to_pylist())
    assert log == "log of 2025-12-31: added"
    assert written == f"events in {tmp_path / 'events.parquet'}"
    assert first.stderr.splitlines() == [
        "warning: due_soon must have snapshots at most 7 days apart to find most customers; got 31 "
        "days. Add a snapshot every week or every night.",
        "left out: reactivated because the scheme does not say which segments are asleep; "
        "birthday_soon without --birthday; aipl_moved without --touches; tier_up, tier_down, "
        "tier_grace without the tiers of rfm tiers",
    ]
    logged = pq.read_table(history / "events/as_of=2025-12-31/events.parquet", partitioning=None)
    assert logged.cast(table.schema).equals(table)
    assert rfm("events", history).stdout.splitlines()[-1] == "log of 2025-12-31: unchanged"


def test_events__of_dates_only_prints(rfm, history):
    done = rfm("events", history, "--from", DAYS[0], "--type", "second_order,lapsed", "--json")
    found = json.loads(done.stdout)
    assert (found["from"], found["to"], found["log"]) == (DAYS[0], DAYS[1], None)
    assert {*found["types"]} == {"second_order", "lapsed"}
    assert found["events"] == sum(found["types"].values())
    assert (found["left_out"], found["warnings"], done.stderr) == ({}, [], "")
    assert not (history / "events").exists()


def test_events__of_the_first_date_are_none(rfm, tmp_path):
    orders = simulate(customers=10, orders=20)
    rfm_engine.History.create(tmp_path / "h").add(orders, as_of=DAYS[0])
    assert rfm("events", tmp_path / "h", "-q").stdout == ""
    assert rfm("events", tmp_path / "h").stdout.splitlines() == [
        "no events: 2025-10-31 is the first date, and nothing is known of the time before",
        "log of 2025-10-31: unchanged",
    ]


def test_events__go_to_stdout_as_a_stream(rfm_process, history):
    done = rfm_process("events", history, "-o", "-", "--type", "due")
    assert done.returncode == 0
    assert done.stdout[:4] == b"\xff\xff\xff\xff"
    assert b"due" in done.stderr


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--type", "due_now"], "error: --type must be among "),
        (["--nth", "2"], "error: --nth must be whole numbers from 3; got 2."),
        (
            ["--nth", ""],
            "error: --nth must be whole numbers from 3, with commas between them; got ",
        ),
        (["--nth", "5,x"], "error: --nth must be whole numbers from 3, with commas between them"),
        (["--type", "due,due"], "error: --type must name each type once; got due,due."),
        (["--type", ""], "error: --type must name each type once; got ''."),
        (["--type", "due,,lapsed"], "error: --type must name each type once; got due,,lapsed."),
        (["--order-days", "-1"], "error: --order-days must be a whole number from 0 to 100,000"),
        (["--touches", "none.csv"], "error: none.csv must exist; got no such file"),
        (["--rows", "none.csv"], "error: none.csv must exist; got no such file"),
        (
            ["--birthday", "bday"],
            "error: --birthday must be a column of the snapshots; got 'bday'. "
            "Score with --attributes.",
        ),
        (["--from", DAYS[2]], "error: --from must be a date before another of history "),
        (["--to", DAYS[0]], "error: --to must be a date after another of history "),
        (["--type", "retracted", "--to", DAYS[1]], "error: type retracted must be asked of "),
        (["--type", "birthday_soon"], "error: birthday_soon must have --birthday; got none."),
        (
            ["--type", "aipl_moved", "--touches", __file__],
            "error: aipl_moved must have --rows, because a snapshot does not say how many orders "
            "are recent; got none. Give the orders of the later date, or keep a history with "
            "--window 365d.",
        ),
        (["--from", DAYS[0], "--to", DAYS[2]], "error: --from and --to must be two consecutive "),
        (["--from", "yesterday"], "error: --from must be a date like "),
        (["--retracted", "--to", DAYS[1]], "error: --retracted must be used without --from and "),
        (["--json", "-o", "-"], "error: --json must not be combined with -o -"),
    ],
)
def test_events__refuse_in_one_line(rfm, built, words, wanted):
    done = rfm("events", built, *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(wanted)
    assert done.stderr.count("\n") == 1
    assert not (built / "events").exists()


def test_events__check_the_output_before_the_log_is_written(rfm, built):
    for output in ("events.txt", built / "events.parquet"):
        done = rfm("events", built, "-o", output)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert not (built / "events").exists()


def test_events__of_no_history_have_the_exit_code_of_histories(rfm, tmp_path):
    done = rfm("events", tmp_path)
    assert done.exit_code == 4
    assert "must be a folder with history.json" in done.stderr


def test_events__of_old_tiers_are_left_out_until_they_are_computed_again(rfm, tmp_path):
    (tmp_path / "club.toml").write_text(
        'name = "club"\nwindow = "31d"\nmeasure = "monetary"\nvalid_months = 1\n'
        '[[tiers]]\nname = "All"\nthreshold = 0\n[[tiers]]\nname = "Gold"\nthreshold = 50\n'
    )
    windowed = rfm_engine.History.create(tmp_path / "w", window="31d")
    orders = simulate(customers=300, orders=1_000).read_all()
    for day in DAYS:
        windowed.add(orders, as_of=day)
    files = ("--tiers", tmp_path / "club.toml", "-o", tmp_path / "tiers.csv")
    words = ("tiers", windowed.path, *files)
    assert rfm(*words).exit_code == 0
    assert "tier_up" not in rfm("events", windowed.path).stderr
    windowed.add(orders.slice(10), as_of=DAYS[2], replace=True)
    done = rfm("events", windowed.path, "--retracted")
    assert done.stderr.splitlines()[-1].endswith(
        "tier_up, tier_down, tier_grace because the tiers of 2025-12-31 are older than its "
        "snapshot; run rfm tiers first"
    )
    assert rfm(*words).exit_code == 0
    assert "tier_up" not in rfm("events", windowed.path, "--retracted").stderr
