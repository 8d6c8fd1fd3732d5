"""Several workers on one address: shared counters, replacement, and no process left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED
from tests.serve.customers import write_customers
from tests.serve.processes import SECONDS, children_of, is_running, serving, until

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
        "warning: worker 1 ended (exit code -9). Another one is started.\nerror: interrupted\n"
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
