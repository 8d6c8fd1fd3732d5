"""`History.build` gives the history that adding each date gives, also after an interruption."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.api import score_dates
from rfm_engine.history import building
from rfm_engine.output.models import save_model
from tests.conftest import COMPILED, DEEP
from tests.history.failing_files import FailingFiles, Killed
from tests.history.test_faults import FIRST, contents, orders

DAYS = [FIRST + timedelta(n) for n in (20, 30, 50)]
# The deep profile fails at every step.
STRIDE = 1 if DEEP else 17


def added(place: Path, table: object, days: list[date], **options: object) -> rfm.History:
    """Return a history to which each date was added by itself."""
    history = rfm.History.create(place, **options)
    for day in days:
        history.add(table, as_of=day)
    return history


def files(history: rfm.History) -> dict[str, bytes]:
    """Return all files except for summaries, which have times and the memory limit."""
    found = sorted(history.path.rglob("*"))
    return {
        str(file.relative_to(history.path)): file.read_bytes()
        for file in found
        if file.is_file() and file.name != "summary.json" and not file.name.startswith(".")
    }


def statuses(found: list[object]) -> list[str]:
    return [each.status for each in found]


def test_cdnow__is_built_like_added(cdnow, cdnow_history, tmp_path):
    history = rfm.History.create(tmp_path / "h")
    done = history.build(cdnow, as_of="month-ends:1997-01..1998-06")
    assert [each.as_of for each in done] == cdnow_history.dates
    assert files(history) == files(cdnow_history)
    digests = [
        [each.summary(day)["content_digest"] for day in each.dates]
        for each in (history, cdnow_history)
    ]
    assert digests[0] == digests[1]
    assert history.verify() == []


@pytest.mark.parametrize(
    "options",
    [{"window": "25d"}, {"by": "shop", "overall": True}, {"clv": True, "scheme": "five-types"}],
    ids=str,
)
def test_build__is_like_added(tmp_path, options):
    table = orders(3)
    shops = pa.array(["x" if n % 3 else "y" for n in range(len(table))])
    table = table.append_column("shop", shops)
    wanted = added(tmp_path / "added", table, DAYS, **options)
    history = rfm.History.create(tmp_path / "built", **options)
    history.build(table, as_of=DAYS)
    assert files(history) == files(wanted)
    assert history.verify() == []


def test_build__with_a_frozen_model_is_like_added(tmp_path):
    frozen = tmp_path / "model.json"
    save_model(rfm.score(orders(1), as_of=DAYS[0]), frozen)
    wanted = added(tmp_path / "added", orders(1), DAYS, frozen=frozen)
    history = rfm.History.create(tmp_path / "built", frozen=frozen)
    history.build(orders(1), as_of=DAYS)
    assert files(history) == files(wanted)


def test_build__of_dates_between_others_is_like_added(tmp_path):
    wanted = added(tmp_path / "added", orders(1), DAYS)
    history = added(tmp_path / "built", orders(1), DAYS[1::2])
    done = history.build(orders(1), as_of=DAYS)
    assert statuses(done) == ["added", "unchanged", "added"]
    assert contents(history) == contents(wanted)
    assert files(history) == files(wanted)


def test_build__again_changes_nothing(tmp_path):
    history = rfm.History.create(tmp_path / "h", window="25d")
    assert statuses(history.build(orders(1), as_of=DAYS)) == ["added"] * 3
    before = files(history)
    assert statuses(history.build(orders(1), as_of=DAYS)) == ["unchanged"] * 3
    assert files(history) == before


def test_build__refuses_a_date_with_other_content(tmp_path):
    history = added(tmp_path / "h", orders(2), DAYS[1:2])
    with pytest.raises(rfm.StateError, match=f"must be new, .*; got .* for {DAYS[1]}"):
        history.build(orders(1), as_of=DAYS)
    assert history.dates == DAYS[:2]  # dates before it were added
    assert history.verify() == []


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "full disk"])
def test_build__that_stops_leaves_a_shorter_history_and_continues(tmp_path, kill):
    counting = FailingFiles()
    wanted = rfm.History.create(tmp_path / "whole", files=counting)
    first = counting.n_steps + 1
    wanted.build(orders(1), as_of=DAYS)
    seen = []
    notes: set[str] = set()
    for at in range(first, counting.n_steps + 1, STRIDE):
        place = tmp_path / str(at)
        failing = rfm.History.create(place, files=FailingFiles(at, kill=kill))
        with pytest.raises((Killed, OSError)) as stopped:
            failing.build(orders(1), as_of=DAYS)
        notes.update(getattr(stopped.value, "__notes__", []))
        history = rfm.History.open(place)
        found = history.dates
        assert found == DAYS[: len(found)]
        seen.append(len(found))
        history.build(orders(1), as_of=DAYS)
        assert files(history) == files(wanted)
        assert history.verify() == []
        shutil.rmtree(place)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    said = {"The history has the dates that were added before this one."}
    assert notes == (set() if kill else said)


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_build__killed_at_any_moment_can_be_repeated(tmp_path):
    """Kill a process with a signal while it builds, and repeat."""
    pq.write_table(orders(1), tmp_path / "orders.parquet")
    wanted = rfm.History.create(tmp_path / "whole")
    wanted.build(orders(1), as_of=["2026-01-01", "2026-03-01", *DAYS])
    code = (
        "import sys, rfm_engine as rfm\n"
        "history = rfm.History.open(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        f"days = ['2026-01-01', '2026-03-01', *{[str(day) for day in DAYS]}]\n"
        "history.build(sys.argv[2], as_of=days, spill_dir=sys.argv[3])\n"
    )
    rfm.History.create(tmp_path / "h")
    (tmp_path / "spill").mkdir()
    names = ("h", "orders.parquet", "spill")
    words = [sys.executable, "-c", code, *(str(tmp_path / name) for name in names)]
    random = Random(0)
    for _ in range(40 if DEEP else 2):
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.4))
            process.kill()
        history = rfm.History.open(tmp_path / "h")
        assert history.dates == wanted.dates[: len(history.dates)]
        assert history.verify() == []
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    assert files(rfm.History.open(tmp_path / "h")) == files(wanted)
    assert list((tmp_path / "spill").iterdir()) == []


def test_build__refuses_inputs_of_one_date(tmp_path):
    history = rfm.History.create(tmp_path / "h")
    state = rfm.State.create(tmp_path / "state")
    state.ingest(orders(1), batch_id="a")
    rfm.score(orders(1), as_of=DAYS[0], output=tmp_path / "snapshot.parquet")
    totals = rfm.CustomerTotals(as_of=DAYS[0])
    kinds = {"a state": state, "a snapshot": tmp_path / "snapshot.parquet", "totals": totals}
    for kind, given in kinds.items():
        with pytest.raises(rfm.UsageError, match=f"must be built from orders; got {kind}"):
            history.build(given, as_of=DAYS)
    assert history.dates == []


def test_build__refuses_other_options_and_a_second_writer_before_reading(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("orders were read")

    history = rfm.History.create(tmp_path / "h")
    monkeypatch.setattr(building, "score_dates", refuse)
    with pytest.raises(rfm.StateError, match="window must not be given"):
        history.build(orders(1), as_of=DAYS, window="9d")
    with (
        history.store.writing(),
        pytest.raises(rfm.StateError, match="must have one writer at a time"),
    ):
        history.build(orders(1), as_of=DAYS)


def test_dates__refuse_customer_level():
    table = orders(1).append_column("n", pa.array([1] * 80))
    with pytest.raises(rfm.UsageError, match="must be single orders or lines for several dates"):
        list(score_dates(table, DAYS, {"customer_level": True, "n_orders": "n"}, None))


def test_dates__name_a_full_disk(tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("rfm_engine.totals.dated.rows.PeriodRows._fits", lambda *_: False)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(rfm.RfmError, match="must have room for data that do not fit in memory"):
        list(score_dates(orders(1), DAYS, {"spill_dir": tmp_path}, None))
    assert list(tmp_path.iterdir()) == []
