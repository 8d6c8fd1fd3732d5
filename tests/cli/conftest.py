"""Fixtures that run a command line, in this process or in a new one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rfm_cli.main import app
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import RowFileOptions, ScoreOptions
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED

# Without the compiler, kernels warn about overflow that machine code ignores.
_WARNINGS = ["-W", "error", *([] if COMPILED else ["-W", "ignore:overflow encountered in scalar"])]
COMMAND = [sys.executable, *_WARNINGS, "-c", "from rfm_cli.start import run; run()"]


# Names of options that are no words of English.
_NAMES = [name for name in declared(ScoreOptions) | declared(RowFileOptions) if "_" in name]
_KEYWORDS = re.compile(rf"\b({'|'.join(_NAMES)})\b")


def keywords_in(stderr: str, words: Sequence[str]) -> set[str]:
    """Return the options that a message names as in Python, except for words that were typed."""
    return {name for name in _KEYWORDS.findall(stderr) if not any(name in word for word in words)}


@pytest.fixture
def rfm() -> Callable[..., Result]:
    """Run a command line in this process; its messages name options as flags only."""

    def run(*words: object) -> Result:
        given = [str(word) for word in words]
        result = CliRunner().invoke(app, given)
        assert not keywords_in(result.stderr, given), result.stderr
        return result

    return run


@pytest.fixture
def rfm_process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run a command line in a new process, whose lines coverage would not measure."""
    if not COMPILED:
        pytest.skip("runs the command in a process, which takes long without the compiler")
    return lambda *words, **more: subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, check=False, timeout=120, **more
    )


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5,000 orders of 500 customers, made once per test process; the newest is of 2025-12-31."""
    place = tmp_path_factory.mktemp("simulated") / "orders.parquet"
    batches = simulate(customers=500, orders=5000)
    write(batches, batches.schema, place)
    return place


@pytest.fixture
def orders(simulated: Path, tmp_path: Path) -> Path:
    """A copy of these orders, which a test may change."""
    return Path(shutil.copyfile(simulated, tmp_path / simulated.name))
