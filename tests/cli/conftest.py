"""Fixtures that run a command line, in this process or in a new one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rfm_cli.main import app
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED

# Without the compiler, kernels warn about overflow that machine code ignores.
_WARNINGS = ["-W", "error", *([] if COMPILED else ["-W", "ignore:overflow encountered in scalar"])]
COMMAND = [sys.executable, *_WARNINGS, "-c", "from rfm_cli.start import run; run()"]


@pytest.fixture
def rfm() -> Callable[..., Result]:
    """Run a command line in this process."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def rfm_process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run a command line in a new process."""
    return lambda *words, **more: subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, check=False, timeout=120, **more
    )


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """5,000 orders of 500 customers; the newest is of 2025-12-31."""
    place = tmp_path / "orders.parquet"
    batches = simulate(customers=500, orders=5000)
    write(batches, batches.schema, place)
    return place
