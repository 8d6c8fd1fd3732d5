"""Several workers on one address: shared counters, replacement, and no process left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from functools import partial

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.serve import workers
from rfm_engine.serve.workers import Workers
from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED
from tests.serve.customers import write_customers
from tests.serve.processes import SECONDS, children_of, is_running, serving, until
from tests.serve.work import end_first, end_with_file, wait_for_handler

pytestmark = pytest.mark.skipif(not COMPILED, reason="the processes do not depend on the compiler")


def test_workers__count_together_are_replaced_and_end_with_the_first_process(tmp_path):
    path = write_customers(tmp_path / "customers.arrow", "2026-02-01")
    with serving(path, "--workers", 2) as service:
        own = service.process.pid
        first = children_of(own)
        assert len(first) == 2

        def n_found() -> int:
            text = service.get("/metrics").body.decode()
            found = re.search(r'rfm_lookups_total\{outcome="found"\} ([0-9]+)', text)
            assert found is not None
            return int(found[1])

        for n in range(20):
            assert service.get(f"/v1/customers/{n}").status == 200
        assert {n_found() for _ in range(5)} == {20}
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(set(children_of(own)) - {first[0]}) == 2)
        for n in range(20):
            assert service.get(f"/v1/customers/{n}").status == 200
        assert n_found() == 40
        workers = children_of(own)
        assert service.stop(signal.SIGINT) == 130
    assert service.stderr.decode() == (
        "warning: worker 1 ended (SIGKILL). Another one is started.\nerror: interrupted\n"
    )
    assert not any(map(is_running, workers))


def test_workers__end_when_the_first_process_is_killed(tmp_path):
    path = write_customers(tmp_path / "customers.arrow", "2026-02-01")
    with serving(path, "--workers", 2) as service:
        workers = children_of(service.process.pid)
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not any(map(is_running, workers)))


def test_workers__that_cannot_start_give_their_error(tmp_path):
    path = write_customers(tmp_path / "customers.arrow", "2026-02-01")
    path.write_bytes(path.read_bytes()[:-9])
    words = ["serve", str(path), "--workers", "2", "--bind", "127.0.0.1:0"]
    run = subprocess.run([*COMMAND, *words], capture_output=True, check=False, timeout=SECONDS)
    assert run.returncode == 3
    assert run.stderr.startswith(b"error: ")
    assert run.stderr.count(b"\n") == 1


class EnoughError(Exception):
    """Ends the workers of a test, as Ctrl-C does."""


def stop(*_: object) -> None:
    raise EnoughError


def test_workers__ignore_ctrl_c_from_their_first_instruction():
    seen: list[bool] = []

    def ready(is_ignored: bool) -> None:
        seen.append(is_ignored)
        stop()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(EnoughError):
        Workers(wait_for_handler, 1, 1).run(ready, seen.append)
    assert seen == [True]
    assert signal.getsignal(signal.SIGINT) is before


def test_workers__end_with_the_reason_when_none_is_ready_and_none_can_start(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_TO_RETRY", 0.01)
    path, told = tmp_path / "file", []
    path.write_text("whole")
    with pytest.raises(UsageError, match=r"^file must be whole; got a part"):
        Workers(partial(end_with_file, path), 2, 1).run(
            lambda _: path.write_text("damaged"), told.append
        )
    why = "(SIGBUS, because a file was written over in place). Another one is started."
    reason = "cannot run: file must be whole; got a part. Write it again. It is started again"
    assert {line for line in told if why in line} == {
        f"worker 1 ended {why}", f"worker 2 ended {why}",
    }  # fmt: skip
    assert sum(reason in line for line in told) == 1
    assert len(told) == 3


def test_worker__that_cannot_start_is_tried_again_and_its_reason_is_told_once(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(workers, "_SECONDS_TO_RETRY", 0.01)
    starts, told = tmp_path / "starts", []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            stop()

    with pytest.raises(EnoughError):
        Workers(partial(end_first, starts), 2, 1).run(lambda _: None, tell)
    assert [line.partition(":")[0].partition(" (")[0] for line in told] == [
        "worker 1 ended", "worker 1 cannot run", "worker 1 ended",
    ]  # fmt: skip
    assert starts.stat().st_size == 4
