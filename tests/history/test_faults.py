"""A history is the old one or the new one, whatever fails while it is written."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from datetime import date, timedelta
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.history.store import is_history
from tests.conftest import COMPILED, DEEP, stride
from tests.history.failing_files import FailingFiles, Killed

FIRST = date(2026, 1, 1)
# The deep profile fails at every step; otherwise each case fails at a few of them.
STRIDE = stride(19)


def orders(seed: int) -> pa.Table:
    """Return random orders of 60 days."""
    random = Random(seed)
    rows = [(random.randrange(12), random.randrange(60), random.randrange(1, 9)) for _ in range(80)]
    return pa.table(
        {
            "customer_id": pa.array([row[0] for row in rows], pa.int64()),
            "order_time": pa.array([FIRST + timedelta(row[1]) for row in rows]),
            "amount": pa.array([row[2] for row in rows], pa.int64()),
        }
    )


def add(history: rfm.History) -> None:
    history.add(orders(1), as_of=FIRST + timedelta(59))


def replace(history: rfm.History) -> None:
    history.add(orders(2), as_of=FIRST + timedelta(20), replace=True)


def backfill(history: rfm.History) -> None:
    history.add(orders(1), as_of=FIRST + timedelta(30), backfill=True)


def forget(history: rfm.History) -> None:
    history.forget(3)


def contents(history: rfm.History) -> dict[str, object]:
    """Return everything that readers see."""
    found = {str(day): history.snapshot(day).customers.to_pylist() for day in history.dates}
    return {**found, "summaries": [history.summary(day)["new"] for day in history.dates]}


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The folder of a history of three dates."""
    history = rfm.History.create(tmp_path_factory.mktemp("old") / "h", window="25d")
    for day in (20, 40, 50):
        history.add(orders(1), as_of=FIRST + timedelta(day))
    return history.path


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "full disk"])
@pytest.mark.parametrize("step", [add, replace, backfill, forget])
def test_step__is_done_completely_or_not_at_all(old, tmp_path, step, kill):
    before = contents(rfm.History.open(old))
    shutil.copytree(old, tmp_path / "whole")
    counting = FailingFiles()
    step(rfm.History.open(tmp_path / "whole", files=counting))
    after = contents(rfm.History.open(tmp_path / "whole"))
    assert before != after
    seen = []
    for at in range(1, counting.n_steps + 1, STRIDE):
        place = tmp_path / str(at)
        shutil.copytree(old, place)
        with pytest.raises((Killed, OSError)):
            step(rfm.History.open(place, files=FailingFiles(at, kill=kill)))
        found = contents(rfm.History.open(place))
        assert found in (before, after)
        seen.append(found == after)
        # The next writer tidies up, and the same step then gives the new history.
        step(rfm.History.open(place))
        again = rfm.History.open(place)
        assert contents(again) == after
        assert again.verify() == []
        assert [each.name for each in again.path.iterdir() if each.name.startswith(".")] == []
        shutil.rmtree(place)
    assert seen == sorted(seen)  # old up to one step, new from there on
    assert seen[0] is False


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_add__killed_at_any_moment_leaves_an_old_or_a_new_history(old, tmp_path):
    """Kill a process with a signal while it adds dates, and repeat."""
    pq.write_table(orders(1), tmp_path / "orders.parquet")
    shutil.copytree(old, tmp_path / "h")
    code = (
        "import sys, rfm_engine as rfm\n"
        "history = rfm.History.open(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "for day in ('2026-02-25', '2026-02-26', '2026-02-27', '2026-02-28'):\n"
        "    history.add(sys.argv[2], as_of=day)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "h"), str(tmp_path / "orders.parquet")]
    random = Random(0)
    for _ in range(40 if DEEP else 1):
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.4))
            process.kill()
        history = rfm.History.open(tmp_path / "h")
        assert contents(history)
        assert history.verify() == []
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    assert len(rfm.History.open(tmp_path / "h").dates) == 7


def test_verify__names_every_damaged_file(old, tmp_path):
    shutil.copytree(old, tmp_path / "h")
    for file in sorted((tmp_path / "h").rglob("*.*")):
        if file.is_dir():
            continue
        whole = file.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 1):
            changed = bytearray(whole)
            changed[at] ^= 4
            file.write_bytes(changed)
            try:
                found = rfm.History.open(tmp_path / "h").verify()
            except rfm.StateError as error:
                found = [str(error)]
            assert any(file.name in line for line in found), file
        file.write_bytes(whole)
    assert rfm.History.open(tmp_path / "h").verify() == []


def test_verify__names_missing_and_unknown_files(old, tmp_path):
    shutil.copytree(old, tmp_path / "h")
    history = rfm.History.open(tmp_path / "h")
    (history.path / "as_of=2026-01-21" / "model.json").unlink()
    (history.path / "as_of=2026-02-10" / "note.txt").touch()
    (history.path / "as_of=2026-02-20" / "summary.json").unlink()
    assert history.verify() == [
        "as_of=2026-02-20 has no summary and is ignored",
        "as_of=2026-01-21/model.json is missing",
        "as_of=2026-02-10/note.txt is not a file of the history",
    ]
    assert [day.day for day in history.dates] == [21, 10]


def test_writing__refuses_a_second_writer(old):
    history = rfm.History.open(old)
    with (
        history.store.writing(),
        pytest.raises(rfm.StateError, match="must have one writer at a time"),
    ):
        history.add(orders(1), as_of=FIRST + timedelta(70))


def test_create__continues_after_it_was_killed_at_any_step(tmp_path):
    counting = FailingFiles()
    rfm.History.create(tmp_path / "whole", files=counting)
    for at in range(1, counting.n_steps + 1):
        place = tmp_path / str(at)
        with pytest.raises(Killed):
            rfm.History.create(place, files=FailingFiles(at))
        # The transaction deletes its folder also when it is "killed", which a real process cannot.
        if not is_history(place):
            (place / ".tmp-0123abcd").mkdir()
            rfm.History.create(place)
        assert rfm.History.open(place).dates == []
