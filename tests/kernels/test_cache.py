"""Machine code is cached, found again, and usable in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rfm_engine.kernels import COMPILED, kernel
from rfm_engine.kernels import cache as code_cache
from tests.conftest import DEEP

ROOT = Path(__file__).parents[2]
compiled = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")


@compiled
@pytest.mark.parametrize("keep", [slice(-1), slice(0), slice(1, None)])
def test_cache__damaged_code_is_compiled_anew(empty_cache, keep):
    def again():
        @kernel
        def kept(n):
            return n + 1

        return kept(1)

    assert again() == 2
    (file,) = empty_cache.iterdir()
    damaged = file.read_bytes()[keep]
    file.write_bytes(damaged)
    assert again() == 2
    assert file.read_bytes() != damaged


@compiled
def test_cache__sees_a_change_in_a_kernel_that_is_called_and_in_a_constant(empty_cache):
    source = "from rfm_engine.kernels import kernel\nN = {n}\n@kernel\ndef outer(x):\n"
    source += "    return inner(x) + N\n@kernel\ndef inner(x):\n    return x * {times}\n"
    for n, times in ((1, 2), (1, 3), (5, 3), (1, 2)):
        names = {}
        exec(source.format(n=n, times=times), names)
        assert names["outer"](10) == 10 * times + n
    assert len(list(empty_cache.iterdir())) == 3


@compiled
def test_cache__sees_a_change_in_a_kernel_of_another_file(empty_cache):
    head = "from rfm_engine.kernels import kernel\nN = {}\n@kernel\n"
    for far, near in ((1, 10), (2, 10), (2, 20), (1, 10)):
        files = {}, {}, {}
        exec(head.format(far) + "def inner(x):\n    return x + N\n", files[0])
        # Equal code at equal lines, so that only the files distinguish the kernels.
        for file, n in ((files[1], far), (files[2], near)):
            exec(head.format(n) + "def middle(x):\n    return N * x\n", file)
        exec(head.format(0) + "def outer(x):\n    return inner(x) + one(x) + two(x)\n", files[0])
        files[0].update(one=files[1]["middle"], two=files[2]["middle"])
        assert files[0]["outer"](100) == 100 + far * 100 + near * 100
    assert len(list(empty_cache.iterdir())) == 3


RUN = """
import sys, rfm_engine as rfm
from tests.shapes import AS_OF, random_orders
print(rfm.score(random_orders(20, 5), as_of=AS_OF).rows.read, "numba" in sys.modules)
"""


@compiled
def test_score__needs_no_numba_once_the_loops_are_kept():
    """In the cache that all tests share; `test_fork` compiles in an empty one."""

    def run():
        command = [sys.executable, "-c", RUN]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    run()
    assert run() == ["20", "False"]


@compiled
def test_cache__that_nobody_can_write_to_is_read(empty_cache, monkeypatch):
    def kept(number):
        names = {}
        source = "from rfm_engine.kernels import kernel\n@kernel\ndef kept(n):\n    return n + {}\n"
        exec(source.format(number), names)
        return names["kept"](1)

    assert kept(1) == 2
    monkeypatch.setattr(os, "access", lambda *_: False)
    code_cache._warn_once.cache_clear()
    assert kept(1) == 2  # warnings are errors
    with pytest.warns(RuntimeWarning, match="only you can write to"):
        assert kept(2) == 3
    assert len(list(empty_cache.iterdir())) == 1


@compiled
def test_cache__no_home_to_keep_it_in_is_a_warning(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("RFM_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(code_cache.Path, "home", nowhere)
    code_cache.cache_directory.cache_clear()
    code_cache._warn_once.cache_clear()
    with pytest.warns(RuntimeWarning, match="only you can write to"):
        assert code_cache.cache_directory() is None
    code_cache.cache_directory.cache_clear()


CALLS = """
import numpy as np
from rfm_engine.kernels import kernel

@kernel
def total(values):
    found = 0
    for value in values:
        found += value
    return found

@kernel
def first(values):
    return values[0]

print(total(np.arange(5)), first(np.arange(3) + 7))
"""


@compiled
def test_compile__does_not_mind_what_numba_is_told_about_others(tmp_path):
    told = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_DEBUGINFO": "1", "NUMBA_OPT": "0"}
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)} | told
    run = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.split() == ["10", "7"]


OF_SCORE = """
import rfm_engine as rfm
from tests.shapes import AS_OF, random_orders
orders = random_orders(20, 5)
def work():
    return rfm.score(orders, as_of=AS_OF).rows.read
"""
OF_FEW_LOOPS = """
from rfm_engine.kernels import kernel
names = {"kernel": kernel}
for n in range(20):
    exec(f"@kernel\\ndef add_{n}(x):\\n    return x + {n % 2 * 2}\\n", names)
def work():
    return sum(names[f"add_{n}"](0) for n in range(20))
"""
FORK = """
import os, sys, threading, time
thread = threading.Thread(target=work)
thread.start()
while not any(os.scandir(os.environ["RFM_CACHE_DIR"])):
    time.sleep(0.01)
child = os.fork()
if not child:
    os._exit(0 if work() == 20 else 1)
print(os.waitpid(child, 0)[1])
thread.join()
print("numba" in sys.modules)
"""


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("work", [OF_FEW_LOOPS, OF_SCORE] if DEEP else [OF_FEW_LOOPS])
def test_fork__while_loops_are_made_leaves_a_child_that_works(tmp_path, work):
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", work + FORK],
        capture_output=True, text=True, check=True, env=environment, timeout=100,
    )  # fmt: skip
    assert run.stdout == "0\nTrue\n"


@compiled
def test_warm__makes_all_loops_that_runs_need_and_each_once():
    """In a separate process, where no unit test has called a kernel directly."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.varied_run"], check=True, capture_output=True, cwd=ROOT
    )
    warmed, called = json.loads(run.stdout)
    assert called == warmed
    assert warmed
    assert {name: n for name, n in warmed.items() if n != 1} == {}


@compiled
def test_kernels__work_without_a_place_for_the_cache_and_say_so_once(tmp_path):
    tmp_path.chmod(0o777)
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.split() == ["10", "7"]
    assert run.stderr.count("only you can write to") == 1
    assert list(tmp_path.iterdir()) == []
