"""How processes end: exit codes, one line on stderr, no files left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rfm_cli import exits
from rfm_cli.parameters import Command
from rfm_engine import UsageError
from tests.cli.conftest import COMMAND

LONG = ["simulate", "--customers", "1000000", "--orders", "900000000", "-o"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("out", ["out.parquet", "out.csv", "parts"])
@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGINT, 130, "error: interrupted\n"), (signal.SIGTERM, 143, "error: terminated\n")],
)
def test_signals__leave_no_litter(tmp_path, number, code, message, out):
    process = subprocess.Popen([*COMMAND, *LONG, str(tmp_path / out)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (written := list(tmp_path.rglob("*"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert written[0].name.endswith(".tmp")
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr.decode()) == (code, message)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGTERM, 143, "error: terminated\n"), (signal.SIGINT, 130, "error: interrupted\n")],
)
@pytest.mark.parametrize(
    "error", [RuntimeError("interrupted"), UsageError("SQL"), AttributeError()]
)
def test_signals__count_although_a_query_raises_its_own_error(capsys, number, code, message, error):
    def command() -> None:
        try:
            signal.raise_signal(number)
        except (exits.Terminated, KeyboardInterrupt):
            raise error from None  # as DuckDB does

    assert exits.exit_code(command) == code
    assert capsys.readouterr().err == message


def test_errors__of_queries_are_themselves_without_a_signal(capsys):
    def command() -> None:
        raise UsageError("wrong SQL")

    assert exits.exit_code(command) == 2
    assert capsys.readouterr().err == "error: wrong SQL\n"


def test_eof_error__of_a_library_is_no_interruption(capsys):
    def fail() -> None:
        raise EOFError("read 1 byte")

    command = Command("fail", callback=fail)
    with pytest.raises(exits.UnexpectedEnd, match="read 1 byte"):
        exits.exit_code(lambda: command.main([], standalone_mode=False))
    assert capsys.readouterr().err == ""


def test_ctrl_c__while_modules_are_loaded_is_one_line():
    program = (
        "import sys, types\n"
        "class Loading(types.ModuleType):\n"
        "    def __getattr__(self, name): raise KeyboardInterrupt\n"
        "sys.modules['rfm_cli.main'] = Loading('rfm_cli.main')\n"
        "from rfm_cli.start import run; run()"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (130, "error: interrupted\n")


def test_full_disk__is_exit_1_with_the_old_output(tmp_path):
    out = tmp_path / "out.parquet"
    out.write_bytes(b"old")
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6)); "
        "from rfm_cli.start import run; run()"
    )
    run = subprocess.run(
        [*COMMAND[:-1], program, *LONG, out], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "error: File too large. The output place is unchanged.\n"
    assert out.read_bytes() == b"old"
    assert names(tmp_path) == ["out.parquet"]


def test_broken_pipe__is_quiet():
    command = [*COMMAND, *LONG, "-"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1000)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_bug__is_one_line():
    program = "from rfm_cli import main, warmup; warmup.warmup = lambda: {}['key']; main.run()"
    command = [*COMMAND[:-1], program, "warmup"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("error: unexpected KeyError: 'key'. This is a bug")
    assert run.stderr.count("\n") == 1
    environment = os.environ | {"RFM_TRACEBACK": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert "Traceback" in run.stderr


def test_sigterm__is_as_before_once_a_command_has_ended(rfm):
    before = signal.getsignal(signal.SIGTERM)
    rfm("--version")
    assert signal.getsignal(signal.SIGTERM) is before
