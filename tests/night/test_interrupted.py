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
from tests.night.dying import Killed, killed_at

N_NIGHTS = 30 if DEEP else 2
CONFIG = shop.RUN + 'tiers = "plus.toml"\nflows = "flows.toml"\n'


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> dict[str, Any]:
    """What a shop has after nights without an interruption, and the number of steps of each."""
    folder = tmp_path_factory.mktemp("undisturbed") / "shop"
    config = shop.make(folder, CONFIG)
    n_steps = []
    for night in range(N_NIGHTS):
        shop.deliver(folder, night)
        with killed_at(None) as count:
            rfm.run_night(config)
        n_steps.append(count.n)
    return {"contents": shop.contents(folder), "n_steps": n_steps}


def nights(folder: Path, interrupted: Callable[[Path, int], None]) -> None:
    """Do all nights, each interrupted and then repeated until it is done."""
    config = shop.make(folder, CONFIG)
    for night in range(N_NIGHTS):
        shop.deliver(folder, night)
        interrupted(config, night)
        rfm.run_night(config)


def test_nights__killed_at_random_steps_are_equal_to_nights_without(undisturbed, tmp_path):
    random = Random(1)

    def interrupted(config: Path, night: int) -> None:
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(1, undisturbed["n_steps"][night] + 1)
            try:
                with killed_at(at):
                    rfm.run_night(config)
            except Killed:
                pass

    nights(tmp_path / "shop", interrupted)
    assert shop.contents(tmp_path / "shop") == undisturbed["contents"]
    assert rfm.History.open(tmp_path / "shop" / "history").verify() == []


@pytest.mark.skipif(not DEEP, reason="does a night a hundred times")
def test_night__killed_at_every_step_continues(undisturbed, tmp_path):
    """Kill the second night at every step, and repeat it."""
    first, second = tmp_path / "first", tmp_path / "second"
    shop.make(first, CONFIG)
    shop.deliver(first, 0)
    rfm.run_night(first / "rfm.toml")
    shop.deliver(first, 1)
    shutil.copytree(first, second)
    rfm.run_night(second / "rfm.toml")
    wanted = shop.contents(second)
    for at in range(1, undisturbed["n_steps"][1] + 1):
        shutil.rmtree(second)
        shutil.copytree(first, second)
        with pytest.raises(Killed), killed_at(at):
            rfm.run_night(second / "rfm.toml")
        rfm.run_night(second / "rfm.toml")
        assert shop.contents(second) == wanted, at


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_nights__of_processes_that_are_killed_are_equal_to_nights_without(undisturbed, tmp_path):
    random = Random(2)

    def interrupted(config: Path, night: int) -> None:
        for _ in range(2 if DEEP else night):
            words = [*COMMAND, "run", "--config", str(config), "--quiet"]
            with subprocess.Popen(words) as process:
                time.sleep(random.uniform(0.2, 1.6))
                process.kill()
            assert process.returncode in (0, -signal.SIGKILL)

    nights(tmp_path / "shop", interrupted)
    assert shop.contents(tmp_path / "shop") == undisturbed["contents"]


@pytest.mark.parametrize("at_share", [0.3, 0.6, 0.9] if DEEP else [0.5])
def test_new_orders__do_not_change_a_date_that_was_interrupted(undisturbed, tmp_path, at_share):
    """The next night finishes the date first, and then does its own."""
    config = shop.make(tmp_path / "shop", CONFIG)
    shop.deliver(tmp_path / "shop", 0)
    rfm.run_night(config)
    for night in range(1, N_NIGHTS):
        shop.deliver(tmp_path / "shop", night)
        if night < 2:
            at = int(undisturbed["n_steps"][night] * at_share)
            with pytest.raises(Killed), killed_at(at):
                rfm.run_night(config)
        else:
            rfm.run_night(config)
    rfm.run_night(config)
    assert shop.contents(tmp_path / "shop") == undisturbed["contents"]
