"""Loops become machine code once, are kept, and are what the Python function says."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Barrier, Thread

import numpy as np
import pytest

from rfm_engine.kernels import COMPILED, kernel
from rfm_engine.kernels import cache as code_cache

compiled = pytest.mark.skipif(not COMPILED, reason="nothing is compiled")


@kernel
def twice(values):
    for i in range(len(values)):
        values[i] = doubled(values[i])


@kernel
def doubled(value):
    return value + value


@kernel
def described(whole, natural, real, truth, rows):
    return whole - 1, natural + np.uint64(1), truth, real < 0.5, rows[1, 2] + len(rows)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("RFM_CACHE_DIR", str(tmp_path))
    code_cache.cache_directory.cache_clear()
    yield tmp_path
    code_cache.cache_directory.cache_clear()


def test_kernel__finds_the_kernels_of_its_file():
    values = np.arange(3)
    assert twice(values) is None
    assert values.tolist() == [0, 2, 4]
    assert doubled(np.int64(4)) == 8


def test_kernel__keeps_the_name_and_words_of_its_function():
    @kernel
    def named(n):
        """Return n."""
        return n

    assert (named.__name__, named.__doc__) == ("named", "Return n.")
    assert named(3) == 3


@pytest.mark.parametrize("truth", [True, False, np.True_])
@pytest.mark.parametrize("whole", [-(2**63) + 1, np.int64(5)])
def test_kernel__takes_and_returns_every_kind_of_number(truth, whole):
    rows = np.arange(6).reshape(2, 3)
    found = described(whole, np.uint64(2**64 - 2), 0.25, truth, rows)
    assert found == (int(whole) - 1, 2**64 - 1, bool(truth), True, 7)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.uint64, np.float32, np.bool_])
def test_kernel__writes_to_arrays_of_any_type(dtype):
    @kernel
    def copy(values, to):
        for i in range(len(values)):
            to[i] = values[i]

    values = np.array([1, 0, 1], dtype)
    to = np.zeros(4, dtype)
    copy(values, to[1:])
    assert to.tolist() == [0, *values.tolist()]
    copy(values[:0], to[4:])


@compiled
@pytest.mark.parametrize(
    "wrong", [np.arange(6)[::2], np.zeros((2, 2)).T, np.array(41), np.int32(1), "text", None, [1]]
)
def test_kernel__refuses_what_machine_code_would_misread(wrong):
    with pytest.raises(TypeError, match="must be"):
        twice(wrong)


@compiled
def test_kernel__of_each_kind_of_arguments_is_one_version(folder):
    @kernel
    def read(values):
        return values[0]

    assert read(np.ones(2, np.int64)) == 1
    assert read(np.full(2, 2**63, np.uint64)) == 2**63
    assert read(np.full(3, 7)) == 7
    assert read.n_versions == 2
    assert len(list(folder.iterdir())) == 2


@compiled
@pytest.mark.usefixtures("folder")
def test_kernel__that_may_raise_or_allocate_is_refused():
    @kernel
    def step(n, width):
        total = 0
        for i in range(0, n, width):
            total += i
        return total

    @kernel
    def room(n):
        return np.zeros(n, np.int64)[0]

    @kernel
    def fail(n):
        raise ValueError(n)

    with pytest.raises(TypeError, match="fail must not allocate or raise"):
        fail(3)
    with pytest.raises(TypeError, match="step must not allocate or raise"):
        step(3, 1)
    with pytest.raises(TypeError, match="room must not allocate or raise"):
        room(3)


@compiled
def test_kernel__returns_no_floats():
    @kernel
    def half(n):
        return n * 0.5

    with pytest.raises(TypeError, match="half must return"):
        half(3)


@compiled
def test_kernel__made_once_for_all_threads(folder):
    @kernel
    def shared(n):
        return n

    barrier, found = Barrier(8), []

    def ask():
        barrier.wait()
        found.append(shared(5))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [5] * 8
    assert len(list(folder.iterdir())) == 1


@compiled
@pytest.mark.parametrize("keep", [slice(-1), slice(0), slice(1, None)])
def test_cache__damaged_code_is_compiled_anew(folder, keep):
    def again():
        @kernel
        def kept(n):
            return n + 1

        return kept(1)

    assert again() == 2
    (file,) = folder.iterdir()
    damaged = file.read_bytes()[keep]
    file.write_bytes(damaged)
    assert again() == 2
    assert file.read_bytes() != damaged


@compiled
def test_cache__sees_a_change_in_a_kernel_that_is_called_and_in_a_constant(folder):
    source = "from rfm_engine.kernels import kernel\nN = {n}\n@kernel\ndef outer(x):\n"
    source += "    return inner(x) + N\n@kernel\ndef inner(x):\n    return x * {times}\n"
    for n, times in ((1, 2), (1, 3), (5, 3), (1, 2)):
        names = {}
        exec(source.format(n=n, times=times), names)
        assert names["outer"](10) == 10 * times + n
    assert len(list(folder.iterdir())) == 3


RUN = """
import sys, rfm_engine as rfm
from tests.shapes import AS_OF, random_orders
print(rfm.score(random_orders(20, 5), as_of=AS_OF).rows.read, "numba" in sys.modules)
"""


@compiled
def test_score__needs_no_numba_once_the_loops_are_kept(tmp_path):
    def run():
        environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=environment
        ).stdout.split()

    assert run() == ["20", "True"]
    assert run() == ["20", "False"]


@compiled
def test_cache__that_nobody_can_write_to_is_read(folder, monkeypatch):
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
    assert len(list(folder.iterdir())) == 1


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


@compiled
@pytest.mark.parametrize("switch", ["BOUNDSCHECK=1", "DEBUGINFO=1", "OPT=0"])
def test_compile__does_not_mind_what_numba_is_told_about_others(tmp_path, switch):
    name, value = f"NUMBA_{switch}".split("=")
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path), name: value}
    run = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.split() == ["20", "True"]


FORK = """
import os, threading, time, rfm_engine as rfm
from rfm_engine import kernels
from tests.shapes import AS_OF, random_orders
orders = random_orders(20, 5)
thread = threading.Thread(target=rfm.score, args=(orders,), kwargs={"as_of": AS_OF})
thread.start()
while not any(os.scandir(os.environ["RFM_CACHE_DIR"])):
    time.sleep(0.01)
child = os.fork()
if not child:
    os._exit(0 if rfm.score(orders, as_of=AS_OF).rows.read == 20 else 1)
print(os.waitpid(child, 0)[1])
thread.join()
"""


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_fork__while_loops_are_made_leaves_a_child_that_works(tmp_path):
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK],
        capture_output=True, text=True, check=True, env=environment, timeout=100,
    )  # fmt: skip
    assert run.stdout == "0\n"


@compiled
def test_warm__makes_all_loops_that_runs_need(tmp_path):
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
    warm = "from rfm_engine.warmup import warm; warm()"
    subprocess.run([sys.executable, "-c", warm], check=True, env=environment)
    made = {file.name for file in tmp_path.iterdir()}
    subprocess.run(
        [sys.executable, "-m", "tests.varied_run"], check=True, env=environment, capture_output=True
    )
    assert {file.name for file in tmp_path.iterdir()} == made


@compiled
def test_score__works_without_a_place_for_the_cache_and_says_so_once(tmp_path):
    tmp_path.chmod(0o777)
    environment = os.environ | {"RFM_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.split() == ["20", "True"]
    assert run.stderr.count("only you can write to") == 1
    assert list(tmp_path.iterdir()) == []
