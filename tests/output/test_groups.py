"""Tables are built in threads when needed, written in order, and do not accumulate."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from rfm_engine import output
from rfm_engine.output.in_order import in_order

OLD = pa.table({"customer_id": [-1]})
SCHEMA = OLD.schema
PLACES = ["out.parquet", "out.arrow", "out.csv", "out"]


def group(number: int, n_rows: int = 3) -> pa.Table:
    return pa.table({"customer_id": range(number * n_rows, (number + 1) * n_rows)})


def ids(place: Path) -> list[int]:
    kind = {".arrow": "ipc", ".csv": "csv"}.get(place.suffix, "parquet")
    return pyarrow.dataset.dataset(place, format=kind).to_table()["customer_id"].to_pylist()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("name", PLACES)
def test_write_groups__keeps_the_order(tmp_path: Path, name: str, threads: int) -> None:
    told: list[int] = []
    groups = [partial(group, number) for number in range(20)]
    output.write_groups(groups, SCHEMA, tmp_path / name, threads=threads, progress=told.append)
    assert ids(tmp_path / name) == list(range(60))
    assert told == list(range(3, 61, 3))


def test_write_groups__a_group_is_a_row_group(tmp_path: Path) -> None:
    groups = [partial(group, 0, n_rows) for n_rows in (2, 0, 5)]
    output.write_groups(groups, SCHEMA, tmp_path / "a.parquet", threads=2)
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2, 5]


def test_write_groups__file_is_the_same_for_any_number_of_threads(tmp_path: Path) -> None:
    for threads in (1, 4):
        groups = [partial(group, number, 1000) for number in range(9)]
        output.write_groups(groups, SCHEMA, tmp_path / f"{threads}.parquet", threads=threads)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "4.parquet").read_bytes()


@pytest.mark.parametrize(("name", "most"), [("a.parquet", 2), ("out", 2), ("a.arrow", 5)])
def test_write_groups__few_tables_live_at_a_time(tmp_path: Path, name: str, most: int) -> None:
    lock, alive, peak = threading.Lock(), 0, 0

    def count(change: int) -> None:
        nonlocal alive, peak
        with lock:
            alive += change
            peak = max(peak, alive)

    def built(number: int) -> pa.Table:
        table = group(number)
        count(1)
        weakref.finalize(table, count, -1)
        return table

    groups = (partial(built, number) for number in range(40))
    output.write_groups(groups, SCHEMA, tmp_path / name, threads=2)
    assert alive == 0
    assert peak <= most


@pytest.mark.parametrize("failure", [RuntimeError("mine"), OSError(5, "mine"), MemoryError()])
@pytest.mark.parametrize("name", PLACES)
def test_write_groups__failing_builder_leaves_the_old_output(
    tmp_path: Path, name: str, failure: Exception
) -> None:
    begun: list[int] = []

    def built(number: int) -> pa.Table:
        begun.append(number)
        if number == 3:
            raise failure
        return group(number)

    output.write_groups([lambda: OLD], SCHEMA, tmp_path / name)
    groups = (partial(built, number) for number in range(1000))
    with pytest.raises(type(failure)) as raised:
        output.write_groups(groups, SCHEMA, tmp_path / name, threads=2)
    assert raised.value is failure
    assert max(begun) < 3 + 2 * 2
    assert names(tmp_path) == [name]
    assert ids(tmp_path / name) == [-1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("name", PLACES)
def test_write_groups__ctrl_c_leaves_the_old_output(tmp_path: Path, name: str) -> None:
    program = """
import itertools, sys
import pyarrow as pa
from rfm_engine import output
table = pa.table({"customer_id": range(100_000)})
tell = lambda rows: rows == 300_000 and print("begun", flush=True)
try:
    endless = itertools.repeat(lambda: table)
    output.write_groups(endless, table.schema, sys.argv[1], threads=2, progress=tell)
except KeyboardInterrupt:
    print("interrupted")
"""
    output.write_groups([lambda: OLD], SCHEMA, tmp_path / name)
    run = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, tmp_path / name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=120) == ("interrupted\n", "")
    assert names(tmp_path) == [name]
    assert ids(tmp_path / name) == [-1]


def test_write_groups__progress_comes_from_the_calling_thread(tmp_path: Path) -> None:
    callers: set[int] = set()
    output.write_groups(
        [partial(group, number) for number in range(9)],
        SCHEMA,
        tmp_path / "out",
        threads=3,
        progress=lambda _: callers.add(threading.get_ident()),
    )
    assert callers == {threading.get_ident()}


def test_in_order__waits_for_the_first_result() -> None:
    second_is_done = threading.Event()

    def job(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(60)
        if number == 1:
            second_is_done.set()
        return number

    got: list[int] = []
    in_order([partial(job, 0), partial(job, 1)], 2, got.append)
    assert got == [0, 1]


def test_in_order__walks_no_further_than_two_jobs_a_thread() -> None:
    walked = 0
    fourth_is_done = threading.Event()

    def job(number: int) -> int:
        if number == 0:
            assert fourth_is_done.wait(60)
            return walked
        if number == 3:
            fourth_is_done.set()
        return number

    def jobs() -> Iterator[Callable[[], int]]:
        nonlocal walked
        for number in range(30):
            walked += 1
            yield partial(job, number)

    got: list[int] = []
    in_order(jobs(), 2, got.append)
    assert got[0] <= 2 * 2 + 1  # the iteration is already at the next job
    assert got[1:] == list(range(1, 30))


def test_in_order__failing_taker_ends_it() -> None:
    begun: list[int] = []
    failure = OSError(28, "full")

    def take(_: None) -> None:
        raise failure

    with pytest.raises(OSError, match="full") as raised:
        in_order((partial(begun.append, number) for number in range(100)), 2, take)
    assert raised.value is failure
    assert max(begun) < 2 * 2
