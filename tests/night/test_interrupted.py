"""Nights that are killed at any moment give the files of nights that are not."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import rfm_engine as rfm
from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED, DEEP
from tests.night import shop
from tests.night.dying import Killed, full_at, killed_at

# A process that is killed does not close its files.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
N_NIGHTS = 30 if DEEP else 2
# A report takes longer than all other steps; test_report has a smaller test.
CONFIG = (
    (shop.RUN.replace("report = false\n", "") if DEEP else shop.RUN)
    + """
tiers = "plus.toml"
flows = "flows.toml"
contacts = "contacts.csv"
[[run.audiences]]
name = "often"
who = "frequency >= 3"
platform = "meta"
"""
)


@pytest.fixture(scope="session")
def first(tmp_path_factory) -> Path:
    """A shop after its first night, which tests must not change."""
    folder = tmp_path_factory.mktemp("first") / "shop"
    config = shop.make(folder, CONFIG)
    shop.deliver(folder, 0)
    rfm.run_night(config)
    return folder


@pytest.fixture(scope="session")
def undisturbed(first, tmp_path_factory) -> dict[str, Any]:
    """What a shop has after nights without an interruption, and the number of steps of the second.

    All nights have about this number of steps on the file system.
    """
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(first, folder)
    n_steps = 0
    for night in range(1, N_NIGHTS):
        shop.deliver(folder, night)
        with killed_at(None) as count:
            rfm.run_night(folder / "rfm.toml")
        n_steps = n_steps or count.n
    return {"contents": shop.contents(folder), "n_steps": n_steps}


def nights(folder: Path, first: Path, interrupted: Callable[[Path], None]) -> None:
    """Do all nights, each interrupted and then repeated until it is done.

    The first one is only interrupted in the deep profile.
    """
    if DEEP:
        shop.make(folder, CONFIG)
    else:
        shutil.copytree(first, folder)
    for night in range(0 if DEEP else 1, N_NIGHTS):
        shop.deliver(folder, night)
        interrupted(folder / "rfm.toml")
        rfm.run_night(folder / "rfm.toml")


def test_nights__that_are_killed_are_equal_to_nights_without(undisturbed, first, tmp_path):
    """Kill this process at random steps, and another process after a random time."""
    random = Random(1)

    def interrupted(config: Path) -> None:
        for _ in range(random.randrange(1, 4 if DEEP else 2)):
            try:
                with killed_at(random.randrange(1, undisturbed["n_steps"] + 1)):
                    rfm.run_night(config)
            except Killed:
                pass
        if COMPILED:
            kill_process(config, random.uniform(0.2, 1.6))

    nights(tmp_path / "shop", first, interrupted)
    assert shop.contents(tmp_path / "shop") == undisturbed["contents"]
    assert rfm.History.open(tmp_path / "shop" / "history").verify() == []


def kill_process(config: Path, seconds: float) -> None:
    """Run a night in another process, and kill it if it takes longer."""
    words = [*COMMAND, "run", "--config", str(config), "--quiet"]
    with subprocess.Popen(words) as process:
        time.sleep(seconds)
        process.kill()
    assert process.returncode in (0, -signal.SIGKILL)


@pytest.mark.skipif(not DEEP, reason="does a night hundreds of times")
@pytest.mark.parametrize("night", [0, 1])
def test_night__killed_at_every_step_continues(first, tmp_path, night):
    """Kill a night at every step, and repeat it."""
    before, after = tmp_path / "before", tmp_path / "after"
    if night:
        shutil.copytree(first, before)
    else:
        shop.make(before, CONFIG)
    shop.deliver(before, night)
    shutil.copytree(before, after)
    with killed_at(None) as count:
        rfm.run_night(after / "rfm.toml")
    wanted = shop.contents(after)
    for at in range(1, count.n + 1):
        shutil.rmtree(after)
        shutil.copytree(before, after)
        with pytest.raises(Killed), killed_at(at):
            rfm.run_night(after / "rfm.toml")
        rfm.run_night(after / "rfm.toml")
        assert shop.contents(after) == wanted, at


@pytest.mark.skipif(not DEEP, reason="does a night dozens of times")
def test_night__that_finds_a_full_disk_at_a_step_continues(first, undisturbed, tmp_path):
    """Unlike a killed process, it cleans up, and may succeed if the step was not needed."""
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(first, before)
    shop.deliver(before, 1)
    shutil.copytree(before, after)
    rfm.run_night(after / "rfm.toml")
    wanted = shop.contents(after)
    n_failed = 0
    for at in range(1, undisturbed["n_steps"] + 1, 3):
        shutil.rmtree(after)
        shutil.copytree(before, after)
        try:
            with full_at(at):
                rfm.run_night(after / "rfm.toml")
        except (OSError, rfm.RfmError):
            n_failed += 1
            assert [each.name for each in after.rglob(".*.tmp")] == []
        rfm.run_night(after / "rfm.toml")
        assert shop.contents(after) == wanted, at
    assert n_failed > 0


@pytest.mark.skipif(not DEEP, reason="does five nights; test_nights has a smaller one")
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_new_orders__do_not_change_a_date_that_was_interrupted(first, tmp_path, share):
    """The next night finishes the date first, and then does its own."""
    calm, hasty = tmp_path / "calm", tmp_path / "hasty"
    for folder in (calm, hasty):
        shutil.copytree(first, folder)
        shop.deliver(folder, 1)
    with killed_at(None) as count:
        rfm.run_night(calm / "rfm.toml")
    with pytest.raises(Killed), killed_at(int(count.n * share)):
        rfm.run_night(hasty / "rfm.toml")
    for folder in (calm, hasty):
        shop.deliver(folder, 2)
        night = rfm.run_night(folder / "rfm.toml")
    assert len({step.as_of for step in night.steps}) == 2
    assert shop.contents(hasty) == shop.contents(calm)
