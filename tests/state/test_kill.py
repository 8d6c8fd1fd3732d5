"""After a process is killed at any moment of an ingest, a state has its old or its new contents."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from pyarrow import parquet

from rfm_engine import State
from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED, DEEP
from tests.state.known_states import (
    OPTIONS,
    RUNNING,
    Answer,
    expected,
    rows_of,
    table_of,
    totals_of,
)

pytestmark = pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")

_N_KILLS = 120 if DEEP else 3
_N_CALLS = None if DEEP else 3
_WARNINGS = COMMAND[1 : COMMAND.index("-c")]
KIND = "lines"
# It prints a line after all imports and waits for input, so that only the ingest is killed.
_READY = """
import sys, rfm_cli.main, rfm_engine as rfm, pyarrow.dataset, pyarrow.parquet
print("ready", flush=True)
sys.stdin.readline()
"""
PROGRAMS = {
    "library": """
rfm.State.open(sys.argv[1]).ingest(sys.argv[2], threads=2, memory_limit="1TB")
""",
    "command": """
sys.argv.insert(1, "ingest")
rfm_cli.main.run()
""",
}


class Night(NamedTuple):
    """A state, the orders to ingest, and the totals before and after."""

    state: Path
    orders: Path
    old: Answer
    new: Answer

    def copied(self, place: Path) -> Night:
        shutil.rmtree(place, ignore_errors=True)
        return self._replace(state=shutil.copytree(self.state, place))


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Night:
    folder = tmp_path_factory.mktemp("night")
    state = State.create(folder / "state", **OPTIONS[KIND])
    for batch in range(3):
        state.ingest(table_of(rows_of(batch)), batch_id=str(batch), **RUNNING)
    parquet.write_table(table_of(rows_of(3)), folder / "orders.parquet")
    batches = [rows_of(batch) for batch in range(4)]
    old, new = frozenset().union(*batches[:3]), frozenset().union(*batches)
    return Night(state.path, folder / "orders.parquet", expected(old, KIND), expected(new, KIND))


def check(night: Night) -> bool:
    """Check the state and ingest the orders; return whether it already contained them."""
    state = State.open(night.state)
    found = totals_of(state, KIND)
    assert found in (night.old, night.new)
    assert state.verify() == []
    state.ingest(night.orders, **RUNNING)
    assert totals_of(state, KIND) == night.new
    state.gc()
    kept = {file.name for each in state.manifest.generations for file in each.files}
    assert {path.name for path in (night.state / "data").iterdir()} == kept
    return found == night.new


@contextmanager
def ingesting(night: Night, program: str = "library") -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that ingests after `go`."""
    with subprocess.Popen(
        [sys.executable, *_WARNINGS, "-c", _READY + PROGRAMS[program], night.state, night.orders],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def seconds_of(night: Night, program: str) -> float:
    with ingesting(night, program) as process:
        start = time.monotonic()
        go(process)
        assert process.wait() == 0
        return time.monotonic() - start


@pytest.mark.parametrize("program", PROGRAMS)
def test_ingest__killed_at_any_moment(night, tmp_path, program):
    """Kill later after an old state and sooner after a new one, so that both occur."""
    latest = seconds_of(night.copied(tmp_path / "state"), program)
    random = Random(program)
    found: Counter[bool] = Counter()
    while found.total() < _N_KILLS or (len(found) < 2 and found.total() < 10 * _N_KILLS):
        copied = night.copied(tmp_path / "state")
        with ingesting(copied, program) as process:
            go(process)
            time.sleep(random.uniform(0, latest))
            process.kill()
            end = process.wait()
        is_new = check(copied)
        assert end == -signal.SIGKILL or (end == 0 and is_new)
        latest *= 0.8 if is_new else 1.25
        found[is_new] += 1
    assert set(found) == {False, True}


def traced(night: Night, log: Path, *options: str) -> int:
    """Ingest under strace; return the exit code of the process."""
    with ingesting(night) as process:
        command = ["strace", "-f", "-p", str(process.pid), "-o", log, *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
            assert strace.stderr is not None
            if b"attached" not in (said := strace.stderr.readline()):
                pytest.skip(f"strace may not attach: {said.decode()}")
            go(process)
            return process.wait()


def calls_of(log: Path) -> list[tuple[str, int]]:
    """Return the system calls of a log, each with its number among those of its thread."""
    counts: Counter[tuple[str, str]] = Counter()
    calls = []
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            counts[found[1], found[2]] += 1
            calls.append((found[2], counts[found[1], found[2]]))
    return calls


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_ingest__killed_at_every_fifth_call_of_files(night, tmp_path):
    log = tmp_path / "log"
    assert traced(night.copied(tmp_path / "state"), log, "-e", "trace=%file,%desc") == 0
    calls = list(dict.fromkeys(calls_of(log)[::5]))
    ends = Counter()
    for name, number in calls[:: len(calls) // (_N_CALLS or len(calls))]:
        copied = night.copied(tmp_path / "state")
        options = ["-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}"]
        ends[traced(copied, log, *options)] += 1
        check(copied)
    assert set(ends) <= {0, -signal.SIGKILL}
    assert ends[-signal.SIGKILL] > 0
