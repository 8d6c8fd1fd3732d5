"""Batches reach the consumer once each, read ahead while it is not ready."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event, Lock

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine import pipeline
from rfm_engine.orders.sources.opening import open_sources
from rfm_engine.scan import Ahead, scan
from tests.shapes import AS_OF, random_orders

N_BATCHES = 12


class Taker:
    """Keeps the first number of each batch."""

    def __init__(self):
        self.taken = []
        self._lock = Lock()

    def add(self, batch, place, *, text):  # noqa: ARG002
        with self._lock:
            self.taken.append(batch.column(0)[0].as_py())


def counted(log, n=N_BATCHES):
    for number in range(n):
        log.append(number)
        yield pa.record_batch({"n": np.full(1000, number)})


class Whole:
    """A source with one read, which one thread takes whole."""

    shared = False
    text = False

    def __init__(self, batches):
        self._batches = batches

    def reads(self):
        return [self]

    def __iter__(self):
        return ((batch, None) for batch in self._batches)


def stream_of(batches):
    schema = pa.schema({"n": pa.int64()})
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    return open_sources(reader, ["n"], csv_delimiter=",")


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("room", [0, 20_000, 1 << 30])
@pytest.mark.parametrize("source", [Whole, stream_of])
def test_scan__gives_every_batch_once(ready, threads, room, source):
    event, taker = Event(), Taker()
    if ready:
        event.set()
    sources = stream_of(counted([])) if source is stream_of else [Whole(counted([]))]
    scan(sources, taker, threads, Ahead(event, room))
    assert sorted(taker.taken) == list(range(N_BATCHES))


def test_scan__reads_so_many_bytes_ahead_until_the_consumer_is_ready():
    ready, log, read_before = Event(), [], []

    class Watcher(Taker):
        def add(self, batch, place, *, text):
            read_before.append(len(log))
            if len(read_before) == 2:
                ready.set()
            super().add(batch, place, text=text)

    taker = Watcher()
    scan([Whole(counted(log))], taker, 1, Ahead(ready, 3 * 8000))
    # Four batches exceed the room; then one in, one out; then, ready, all that stand there.
    assert read_before == [4, 5, 5, 5, 5, *range(6, N_BATCHES + 1)]
    assert taker.taken == list(range(N_BATCHES))


def test_scan__an_error_while_reading_ahead_comes_out():
    def broken():
        yield from counted([], 3)
        raise ValueError("torn")

    with pytest.raises(Exception, match="torn"):
        scan([Whole(broken())], Taker(), 2, Ahead(Event(), 1 << 30))


def test_scan__never_reads_a_stream_ahead():
    """Its producer may wait until the last batch was counted."""
    taker, seen = Taker(), []

    def producer():
        for batch in counted([], 3):
            seen.append(len(taker.taken))
            yield batch

    scan(stream_of(producer()), taker, 1, Ahead(Event(), 1 << 30))
    assert seen == [0, 1, 2]


def test_score__is_told_by_no_thread_that_loops_could_not_be_made_ready(monkeypatch):
    """The call that needs them says so; here they are there when they are needed."""

    def broken():
        raise RuntimeError("not yet")

    monkeypatch.setattr(pipeline, "prepare", broken)
    orders = random_orders(20, 5)
    assert rfm.score(orders, as_of=AS_OF).rows.read == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_score__leaves_no_thread_behind_that_a_fork_would_wait_for(tmp_path):
    """Neither when it succeeds nor when what it was given is wrong."""
    program = f"""
import threading, rfm_engine as rfm
from tests.shapes import AS_OF, random_orders
try:
    rfm.score(r"{tmp_path / "none.parquet"}", as_of=AS_OF)
except rfm.UsageError:
    print(threading.active_count())
try:
    rfm.score(random_orders(20, 5), as_of=AS_OF, refunds="error", strict=True)
except rfm.DataError:
    print(threading.active_count())
rfm.score(random_orders(20, 5), as_of=AS_OF)
print(threading.active_count())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["1", "1", "1"]
