"""Concurrent writers and readers of one state: one writer at a time, readers are not affected."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

import pytest

from rfm_engine import State, StateError
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.store import Store
from tests.conftest import COMPILED, DEEP
from tests.state.known_states import (
    COMPACT,
    GC,
    OPTIONS,
    RUNNING,
    Step,
    answer_of,
    expected,
    forget,
    ingest,
    rows_of,
)

MANY = DEEP and COMPILED
N_WORKERS = 8 if MANY else 2
N_BATCHES = 24 if MANY else 6
N_READS = 200 if MANY else 20
KIND = "lifetime"
ALL = [str(batch) for batch in range(N_WORKERS * N_BATCHES)]


def until_free(act: Callable[[], object]) -> None:
    """Repeat an operation until no other writer prevents it."""
    while True:
        try:
            act()
        except StateError as error:
            if "writer" not in str(error):
                raise
        else:
            return


def write(place: Path, number: int) -> None:
    state = State.open(place)
    for batch in range(number, len(ALL), N_WORKERS):
        until_free(partial(ingest(batch).run, state))


def read(place: Path, number: int) -> None:
    del number
    for _ in range(N_READS):
        state, names = opened(place)
        check(state, names)
        assert state.verify() == []


def look_after(place: Path, number: int) -> None:
    random = Random(number)
    state = State.open(place)
    for _ in range(N_READS):
        until_free(random.choice([state.gc, state.compact]))


def opened(place: Path) -> tuple[State, list[str]]:
    """Open a state and read its ledger; repeat if a writer deletes the ledger meanwhile."""
    while True:
        state = State.open(place)
        try:
            return state, KnownBatches(state.manifest.newest.ledger, Store(place)).ids
        except StateError as error:
            if "got no such file" not in str(error):
                raise


def check(state: State, names: list[str]) -> None:
    """Check that the totals of a state are those of the batches in its ledger."""
    assert state.summary()["batches_ingested"] == len(names)
    rows = [rows_of(int(name)) for name in names]
    assert answer_of(state.totals(**RUNNING)) == expected(frozenset().union(*rows), KIND)


def processes() -> Executor:
    return ProcessPoolExecutor(2 * N_WORKERS + 1, multiprocessing.get_context("spawn"))


def threads() -> Executor:
    return ThreadPoolExecutor(2 * N_WORKERS + 1)


@pytest.mark.parametrize("workers", [threads, processes])
def test_writers_and_readers__lose_and_double_nothing(tmp_path, workers):
    place = State.create(tmp_path / "state", **OPTIONS[KIND]).path
    with workers() as pool:
        roles = [write, read] * N_WORKERS + [look_after]
        done = [pool.submit(role, place, number // 2) for number, role in enumerate(roles)]
        for each in done:
            each.result()
    state, names = opened(place)
    assert sorted(names, key=int) == ALL
    assert state.summary()["rows"]["read"] == sum(len(rows_of(int(name))) for name in ALL)
    check(state, names)
    assert state.verify() == []


@pytest.mark.parametrize("step", [ingest(3), forget(3), COMPACT, GC], ids=lambda step: step.text)
def test_reader__is_not_disturbed_by_what_comes_after(tmp_path, step: Step):
    place = State.create(tmp_path / "state", keep=1, **OPTIONS[KIND]).path
    for batch in range(3):
        ingest(batch).run(State.open(place))
    before, names = opened(place)
    step.run(State.open(place))
    for batch in range(3, 9):
        ingest(batch).run(State.open(place))
    check(before, names)
