"""Flows that are run twice, or killed and run again, give the same log and the same output."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

import rfm_engine as rfm
from rfm_engine import StateError, UsageError
from tests.activation.flows import shops
from tests.conftest import COMPILED, DEEP
from tests.history.failing_files import FailingFiles, Killed

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

# The deep profile fails at every step; otherwise at some of them.
STRIDE = 1 if DEEP else 9
FLOWS = ["winback-60-180", "overdue-own-cycle", "champion-invite", "cooling-31-59"]
FIRST, SECOND = shops.DAYS[1:3]


@pytest.fixture(scope="module")
def history(cdnow, tmp_path_factory):
    """A history whose flows have been run at one date."""
    history = shops.small_history(cdnow, tmp_path_factory.mktemp("repeats") / "history", by=None)
    rfm.flows.run(history, flows=FLOWS, as_of=FIRST)
    return history


@pytest.fixture(scope="module")
def wanted(history, tmp_path_factory):
    """The files of all units and the output after the next date."""
    folder = tmp_path_factory.mktemp("wanted")
    place = shutil.copytree(history.path, folder / "history")
    rfm.flows.run(place, flows=FLOWS, as_of=SECOND, output=folder / "out.parquet")
    return files_of(place), (folder / "out.parquet").read_bytes()


def files_of(place):
    return {
        str(each.relative_to(place)): each.read_bytes()
        for each in place.rglob("*")
        if each.is_file()
    }


def test_run__twice_is_the_same(history, wanted, tmp_path):
    place = shutil.copytree(history.path, tmp_path / "history")
    for status in ("added", "unchanged"):
        found = rfm.flows.run(place, flows=FLOWS, as_of=SECOND, output=tmp_path / "out.parquet")
        assert found.log == status
        assert (files_of(place), (tmp_path / "out.parquet").read_bytes()) == wanted


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "full disk"])
def test_run__after_a_failure_at_any_step_is_the_same(history, wanted, tmp_path, kill):
    counting = FailingFiles()
    place = shutil.copytree(history.path, tmp_path / "counting")
    rfm.flows.run(rfm.History.open(place, files=counting), flows=FLOWS, as_of=SECOND)
    out = tmp_path / "out.parquet"
    for at in range(1, counting.n_steps + 1, STRIDE):
        place = shutil.copytree(history.path, tmp_path / str(at))
        broken = rfm.History.open(place, files=FailingFiles(at, kill=kill))
        with pytest.raises((Killed, OSError)):
            rfm.flows.run(broken, flows=FLOWS, as_of=SECOND, output=out)
        rfm.flows.run(place, flows=FLOWS, as_of=SECOND, output=out)
        assert (files_of(place), out.read_bytes()) == wanted
        assert rfm.History.open(place).verify() == []
        out.unlink()


@pytest.mark.skipif(not DEEP, reason="starts a process per moment")
@pytest.mark.parametrize("seed", range(20))
def test_run__after_a_sigkill_at_a_random_moment_is_the_same(history, wanted, tmp_path, seed):
    place = shutil.copytree(history.path, tmp_path / "history")
    words = ["flows", "run", place, "--as-of", SECOND, "-o", tmp_path / "out.parquet"]
    for name in FLOWS:
        words += ["--flows", name]
    command = [sys.executable, "-m", "rfm_cli", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.Random(seed).uniform(0.3, 1.5))
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(command, check=True, capture_output=True)
    assert (files_of(place), (tmp_path / "out.parquet").read_bytes()) == wanted


def test_run__of_another_result_for_a_date_is_refused(history, tmp_path):
    place = shutil.copytree(history.path, tmp_path / "history")
    before = files_of(place)
    with pytest.raises(StateError, match=r"delete the folder flows/as_of=1997-06-30 in it"):
        rfm.flows.run(place, flows=FLOWS[:1], as_of=FIRST)
    assert files_of(place) == before
    rfm.flows.run(place, flows=FLOWS, as_of=FIRST)


def test_run__of_a_date_before_the_newest_of_the_log_is_refused(history, tmp_path):
    place = shutil.copytree(history.path, tmp_path / "history")
    with pytest.raises(StateError, match="got 1997-06-14, and 1997-06-30 in history"):
        rfm.flows.run(place, flows=FLOWS, as_of=shops.DAYS[0])
    with pytest.raises(UsageError, match="must have the date 1997-06-15"):
        rfm.flows.run(place, flows=FLOWS, as_of="1997-06-15")


def test_log__is_verified_and_forgets(history, tmp_path):
    place = shutil.copytree(history.path, tmp_path / "history")
    opened = rfm.History.open(place)
    log = place / f"flows/as_of={FIRST}/log.parquet"
    [who] = rfm.flows.run(opened, flows=FLOWS, as_of=FIRST).table["customer_id"].to_pylist()[:1]
    assert opened.forget(who) == [who]
    again = rfm.flows.run(opened, flows=FLOWS, as_of=FIRST)
    assert (again.log, who in again.table["customer_id"].to_pylist()) == ("unchanged", False)
    log.write_bytes(log.read_bytes()[:-1] + b"?")
    assert opened.verify() == [f"flows/as_of={FIRST}/log.parquet is damaged or was changed"]


def test_output__must_not_be_in_the_history(history):
    with pytest.raises(UsageError, match="must not be inside the history"):
        rfm.flows.run(history, output=history.path / "out.parquet")


@pytest.mark.parametrize("option", ["contacts", "suppress", "attributes", "labels_from", "tiers"])
def test_output__must_not_replace_an_input(history, tmp_path, option):
    place = tmp_path / "input.csv"
    place.write_text("customer_id\n")
    given = {option: [place] if option == "suppress" else place}
    with pytest.raises(UsageError, match="must not be "):
        rfm.flows.run(history, output=place, **given)
    assert place.read_text() == "customer_id\n"


def test_log__that_is_damaged_stops_a_run(history, tmp_path):
    place = shutil.copytree(history.path, tmp_path / "history")
    log = place / f"flows/as_of={FIRST}/log.parquet"
    log.write_bytes(log.read_bytes()[:-100])
    for day in (FIRST, SECOND):
        with pytest.raises(StateError, match="must have undamaged logs of flows; got: flows/as_of"):
            rfm.flows.run(place, flows=FLOWS, as_of=day)
