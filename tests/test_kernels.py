"""Loops are compiled when they are first called, once, wherever from."""

from __future__ import annotations

import subprocess
import sys
from threading import Barrier, Thread

import numpy as np
import pytest

from rfm_engine.kernels import kernel
from tests.conftest import COMPILED


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


def test_import__leaves_numba_for_later():
    program = "import sys, rfm_engine; print('numba' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"
