"""Loops are compiled when they are first called, once, wherever from."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from threading import Barrier, Thread

import numpy as np
import pytest

from rfm_engine import kernels
from rfm_engine.kernels import kernel
from tests.conftest import COMPILED

NESTED = """
from rfm_engine.kernels import kernel

@kernel
def outer(n):
    return inner(n) + inner(n)

@kernel
def inner(n):
    return n + 1
"""


@kernel
def twice(values):
    for i in range(len(values)):
        values[i] = doubled(values[i])


@kernel
def doubled(value):
    return value + value


def test_kernel__finds_the_kernels_of_its_file():
    values = np.arange(3)
    twice(values)
    assert values.tolist() == [0, 2, 4]
    assert doubled(np.int64(4)) == 8


def test_kernel__keeps_the_name_and_words_of_its_function():
    @kernel
    def named(n):
        """Return n."""
        return n

    assert (named.__name__, named.__doc__) == ("named", "Return n.")
    assert named(3) == 3


@pytest.mark.skipif(not COMPILED, reason="without the compiler there is nothing to share")
def test_kernel__compiled_once_for_all_threads():
    @kernel
    def shared(n):
        return n

    barrier = Barrier(8)
    found = []

    def ask():
        barrier.wait()
        found.append(shared.compiled)

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_kernel__is_not_seen_before_those_that_it_calls(tmp_path, monkeypatch):
    """A thread that comes while another hands the file over waits for all of it."""
    (tmp_path / "nested.py").write_text(NESTED)
    monkeypatch.syspath_prepend(tmp_path)
    outer = importlib.import_module("nested").outer
    handed, results, threads = kernels._handed, [], []

    def slow(function):
        compiled = handed(function)
        thread = Thread(target=lambda: results.append(outer(20)))
        thread.start()
        threads.append(thread)
        time.sleep(0.1)
        return compiled

    monkeypatch.setattr(kernels, "_handed", slow)
    assert outer(20) == 42
    for thread in threads:
        thread.join()
    assert results == [42, 42]


def test_import__leaves_numba_for_later():
    program = "import sys, rfm_engine; print('numba' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"
