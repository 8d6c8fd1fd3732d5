"""Kernels are compiled once, cached, and return the same as the Python function."""

from __future__ import annotations

from collections import namedtuple
from threading import Barrier, Thread
from typing import NamedTuple

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


def test_kernel__calls_kernels_of_other_files_which_find_their_own_names():
    # `N` and `step` are different here than in the file of `moved`.
    other, here = {}, {}
    exec(source_of("moved", "step(x) + N", n=100, step="x * 2"), other)
    exec(source_of("outer", "moved(x) + step(x) + N", n=1, step="x * 3"), here)
    here["moved"] = other["moved"]
    assert here["outer"](np.int64(5)) == (5 * 2 + 100) + 5 * 3 + 1


def source_of(name, returned, *, n, step):
    source = f"from rfm_engine.kernels import kernel\nN = {n}\n"
    source += f"@kernel\ndef step(x):\n    return {step}\n"
    return source + f"@kernel\ndef {name}(x):\n    return {returned}\n"


class Pair(NamedTuple):
    number: int
    values: np.ndarray


class Nested(NamedTuple):
    flag: bool
    pair: Pair
    rows: np.ndarray


@kernel
def fill(before, given, after):
    pair = given.pair
    for i in range(len(pair.values)):
        pair.values[i] = total(pair, i) if given.flag else after
    return before + given.rows[1, 0]


@kernel
def total(pair, i):
    return pair.number + i


@pytest.mark.parametrize(("flag", "expected"), [(True, [10, 11, 12]), (False, [7, 7, 7])])
def test_kernel__takes_namedtuples_and_finds_their_fields_by_name(flag, expected):
    values = np.zeros(3, np.uint8)
    rows = np.arange(4).reshape(2, 2)
    assert fill(1, Nested(flag, Pair(10, values), rows), 7) == 3
    assert values.tolist() == expected


def test_kernel__tells_namedtuples_of_other_fields_apart():
    swapped = namedtuple("swapped", ["values", "number"])
    same = namedtuple("same", ["number", "values"])

    @kernel
    def number_of(pair):
        return pair.number

    values = np.zeros(2, np.int64)
    assert number_of(Pair(5, values)) == number_of(same(5, values)) == 5
    assert number_of(swapped(values, 6)) == 6
    assert number_of(namedtuple("both", ["number", "other"])(5, 6)) == 5
    assert number_of(namedtuple("turned", ["other", "number"])(5, 6)) == 6


@compiled
@pytest.mark.parametrize("wrong", [(1, 2), Pair(1, np.arange(6)[::2]), Pair(1, None)])
def test_kernel__refuses_namedtuples_of_what_it_would_misread(wrong):
    with pytest.raises(TypeError, match="must be"):
        total(wrong, 1)


@compiled
def test_kernel__with_an_argument_too_few_is_refused():
    with pytest.raises(TypeError, match="must get all its arguments"):
        total(1)


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
