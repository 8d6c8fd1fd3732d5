"""Loops become machine code once, are kept, and are what the Python function says."""

from __future__ import annotations

from threading import Barrier, Thread

import numpy as np
import pytest

from rfm_engine.kernels import COMPILED, kernel

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
def test_kernel__of_each_kind_of_arguments_is_one_version(empty_cache):
    @kernel
    def read(values):
        return values[0]

    assert read(np.ones(2, np.int64)) == 1
    assert read(np.full(2, 2**63, np.uint64)) == 2**63
    assert read(np.full(3, 7)) == 7
    assert read.n_versions == 2
    assert len(list(empty_cache.iterdir())) == 2


@compiled
@pytest.mark.usefixtures("empty_cache")
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
def test_kernel__made_once_for_all_threads(empty_cache):
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
    assert len(list(empty_cache.iterdir())) == 1
