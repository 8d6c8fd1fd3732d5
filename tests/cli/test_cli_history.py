"""`rfm history` on the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

from rfm_engine import History
from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED

DAYS = ["2025-10-31", "2025-11-30", "2025-12-31"]


@pytest.fixture(scope="module")
def made(simulated, tmp_path_factory):
    """A history of three month ends."""
    place = tmp_path_factory.mktemp("made") / "history"
    found = History.create(place)
    for day in DAYS:
        found.add(simulated, as_of=day)
    return place


@pytest.fixture
def history(made, tmp_path):
    """A copy of the history."""
    return shutil.copytree(made, tmp_path / "history")


def test_add__creates_a_history_and_says_what_happened(rfm, orders, tmp_path):
    place = tmp_path / "history"
    first = rfm("history", "add", place, orders, "--as-of", DAYS[0], "--scheme", "five-types")
    assert first.exit_code == 0
    assert first.stdout == (
        "2025-10-31 added: 471 customers; 0 changed their segment, 471 new, 0 left\n"
    )
    again = rfm("history", "add", place, orders, "--as-of", DAYS[0])
    assert again.stdout == (
        "2025-10-31: 471 customers, already in the history with the same content\n"
    )
    names = {each["name"] for each in _shown(rfm, place)["dates"][0]["segments"]}
    assert "Dormant" in names


def _shown(rfm, place):
    return json.loads(rfm("history", "show", place, "--json").stdout)


def test_add__prints_the_summary_as_json(rfm, orders, tmp_path):
    done = rfm("history", "add", tmp_path / "h", orders, "--as-of", DAYS[0], "--json")
    found = json.loads(done.stdout)
    assert (found["status"], found["as_of"], found["customers"]) == ("added", DAYS[0], 471)
    assert (found["new"], found["changed"], found["left"]) == (471, 0, 0)
    assert len(found["content_digest"]) == 64


def test_add_and_build__print_the_warnings_of_scoring(rfm, tmp_path):
    lines = tmp_path / "lines.parquet"
    made = rfm("simulate", "--customers", 300, "--orders", 900, "--lines", "-o", lines)
    assert made.exit_code == 0
    added = rfm("history", "add", tmp_path / "a", lines, "--as-of", DAYS[2])
    built = rfm("history", "build", lines, "-o", tmp_path / "b", "--as-of", ",".join(DAYS))
    for done in (added, built):
        assert "They look like order lines" in done.stderr
        assert "--order" in done.stderr
        assert done.stderr.count("warning:") == 1
    found = json.loads(
        rfm("history", "add", tmp_path / "a", lines, "--as-of", DAYS[2], "--json").stdout
    )
    assert [each["code"] for each in found["warnings"]] == ["order_lines"]


def test_replace__takes_rows_of_customers_without_orders(rfm, tmp_path):
    head = "customer_id,order_time,amount\nada,2025-01-01,5\n"
    (tmp_path / "o.csv").write_text(head)
    words = ["history", "add", tmp_path / "h", tmp_path / "o.csv", "--as-of", "2025-02-28"]
    assert rfm(*words).exit_code == 0
    (tmp_path / "o.csv").write_text(head + "bob,2025-01-02,-3\n")
    assert "same content" in rfm(*words).stdout
    assert "replaced" in rfm(*words, "--replace").stdout
    assert "same content" in rfm(*words, "--replace").stdout


def test_snapshot__is_that_of_score_with_carried_columns(rfm, orders, history, tmp_path):
    place = tmp_path / "customers.parquet"
    words = ["--as-of", DAYS[2], "--facts", "--sort", "customer"]
    assert rfm("score", orders, *words, "-o", place).exit_code == 0
    found = pq.read_table(history / f"as_of={DAYS[2]}" / "customers.parquet")
    assert found.column_names[-3:] == ["previous_segment", "segment_since", "changes"]
    plain = found.drop_columns(found.column_names[-3:])
    assert plain.equals(pq.read_table(place).cast(plain.schema))


def test_show__lists_the_dates(rfm, history):
    lines = rfm("history", "show", history).stdout.splitlines()
    assert lines[0] == "3 dates, 2025-10-31 to 2025-12-31, scheme classic"
    assert lines[1].split() == ["date", "customers", "new", "changed", "left", "monetary"]
    assert [line.split()[0] for line in lines[2:]] == DAYS


def test_forget__deletes_a_customer_from_all_dates(rfm, history):
    place = history / f"as_of={DAYS[0]}" / "customers.parquet"
    who = pq.read_table(place)["customer_id"][0].as_py()
    done = rfm("history", "forget", history, "--id", who, "--id", 5)
    assert done.stdout == (
        f"{who}: forgotten\n5: not in the history\n1 customer deleted from all dates\n"
    )
    for day in DAYS:
        ids = pq.read_table(history / f"as_of={day}" / "customers.parquet")["customer_id"]
        assert who not in ids.to_pylist()
    assert rfm("history", "verify", history).stdout == "all files are unchanged\n"


def test_verify__names_a_damaged_file(rfm, history):
    file = history / f"as_of={DAYS[1]}" / "customers.parquet"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    done = rfm("history", "verify", history)
    assert done.exit_code == 4
    assert done.stdout == f"as_of={DAYS[1]}/customers.parquet is damaged or was changed\n"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["add", "H", "O", "--as-of", "2025-11-15"], 4, "--backfill must be given"),
        (["add", "H", "O", "--as-of", "newest"], 2, "--as-of must be a date for a history"),
        (["add", "H", "O"], 2, "Missing option '--as-of'"),
        (
            ["add", "H", "O", "--as-of", "2026-01-31", "--window", "9d"],
            4,
            "--window must not be given",
        ),
        (["add", "H", "none.parquet", "--as-of", "2026-01-31"], 2, "none.parquet must exist"),
        (["add", "N", "none.parquet", "--as-of", "2026-01-31"], 2, "none.parquet must exist"),
        (["create", "H"], 4, "must be a new or empty folder"),
        (["create", "N", "--customer-level"], 2, "--customer-level must not be used"),
        (["show", "N"], 4, "must be a folder with history.json"),
        (["verify", "N"], 4, "must be a folder with history.json"),
        (["forget", "H", "--id", "x"], 2, "--id must be a value of column 'customer_id'"),
    ],
    ids=str,
)
def test_wrong__is_refused_in_one_line(rfm, history, orders, tmp_path, words, code, text):
    names = {"H": history, "O": orders, "N": tmp_path / "new"}
    done = rfm("history", *(names.get(word, word) for word in words))
    assert done.exit_code == code
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()
    assert len(_shown(rfm, history)["dates"]) == 3


def test_config__is_used_for_a_new_history_only(rfm, orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfm.toml").write_text('scheme = "five-types"\nwindow = "300d"\n')
    assert rfm("history", "add", "h", orders, "--as-of", DAYS[0]).exit_code == 0
    assert _shown(rfm, "h")["options"] == {
        "scheme": "five-types", "window": "300d",
    }  # fmt: skip
    (tmp_path / "rfm.toml").write_text('window = "30d"\n')
    assert rfm("history", "add", "h", orders, "--as-of", DAYS[1]).exit_code == 0


def test_build__adds_many_dates_in_one_pass(rfm, orders, history, tmp_path):
    place = tmp_path / "built"
    words = ["-o", place, "--as-of", "month-ends:2025-10..2025-12"]
    done = rfm("history", "build", orders, *words)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == (
        "2025-10-31 added: 471 customers; 0 changed their segment, 471 new, 0 left"
    )
    for day in DAYS:
        name = f"as_of={day}/customers.parquet"
        assert (place / name).read_bytes() == (history / name).read_bytes()
    again = json.loads(rfm("history", "build", orders, *words, "--json").stdout)
    assert [each["as_of"] for each in again["dates"]] == DAYS
    assert {each["status"] for each in again["dates"]} == {"unchanged"}
    assert again["dates"][0]["new"] == 471


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["O", "-o", "N", "--as-of", "month-ends:2025-13..2026-01"], 2, "months in --as-of must"),
        (["O", "-o", "N", "--as-of", "newest"], 2, "--as-of must be dates like"),
        (["O", "-o", "N", "--as-of", "2025-10-31", "--customer-level"], 2, "--customer-level must"),
        (["none.parquet", "-o", "N", "--as-of", "2025-10-31"], 2, "none.parquet must exist"),
        (
            ["O", "-o", "H", "--as-of", "2025-10-31", "--window", "9d"],
            4,
            "--window must not be given",
        ),
        (["O", "--as-of", "2025-10-31"], 2, "Missing option '-o' / '--output'"),
        (["O", "-o", "N"], 2, "Missing option '--as-of'"),
    ],
    ids=str,
)
def test_build__is_refused_in_one_line(rfm, history, orders, tmp_path, words, code, text):
    names = {"H": history, "O": orders, "N": tmp_path / "new"}
    done = rfm("history", "build", *(names.get(word, word) for word in words))
    assert done.exit_code == code
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_build__that_is_interrupted_has_the_dates_so_far(rfm, tmp_path):
    big, place = tmp_path / "big.parquet", tmp_path / "h"
    assert rfm("simulate", "--customers", 100_000, "--orders", 400_000, "-o", big).exit_code == 0
    words = [*COMMAND, "history", "build", str(big), "-o", str(place), "-q", "--spill-dir",
             str(tmp_path), "--as-of", "month-ends:2023-01..2025-12"]  # fmt: skip
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        for _ in range(600):
            if len(list(place.glob("as_of=*"))) > 1:
                break
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        process.wait(30)
    assert process.returncode == 130
    dates = _shown(rfm, place)["dates"]
    assert 1 < len(dates) < 36
    assert rfm("history", "verify", place).exit_code == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["big.parquet", "h"]


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_interrupt__leaves_the_history_unchanged(rfm, history, tmp_path):
    big = tmp_path / "big.parquet"
    assert rfm("simulate", "--customers", 200_000, "--orders", 600_000, "-o", big).exit_code == 0
    words = [*COMMAND, "history", "add", str(history), str(big), "--as-of", "2026-01-31", "-q"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        for _ in range(600):
            if any(history.glob(".tmp-*")):
                break
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        process.wait(30)
        assert process.returncode in (0, 130)
    dates = [each["as_of"] for each in _shown(rfm, history)["dates"]]
    assert dates == ([*DAYS, "2026-01-31"] if process.returncode == 0 else DAYS)
    assert not any(history.glob(".*"))


@pytest.mark.parametrize("command", ["compare", "events", "tiers"])
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--customer", "buyer"], "--customer must be 'customer_id' in history"),
        (["--time", "paid_at"], "--time must be 'order_time' in history"),
        (["--window", "365d"], "--window must not be given with history"),
        (["--where", "a=b"], "--where must not be given with history"),
    ],
    ids=str,
)
def test_others__refuse_options_that_differ(rfm, history, tmp_path, command, words, text):
    more = []
    if command == "tiers":
        (tmp_path / "t.toml").write_text(
            'name = "t"\nwindow = "12mo"\nmeasure = "monetary"\nvalid_months = 1\n'
            '[[tiers]]\nname = "A"\nthreshold = 0\n'
        )
        more = ["--tiers", tmp_path / "t.toml", "-o", tmp_path / "t.parquet"]
    done = rfm(command, history, *words, *more)
    assert done.exit_code == 4
    assert text in done.stderr


def test_others__take_the_options_of_the_history(rfm, history):
    done = rfm("compare", history, "--customer", "customer_id", "--time", "order_time", "--json")
    assert done.exit_code == 0
