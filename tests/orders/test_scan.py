"""Test that each batch reaches the consumer once, and that no batch is read ahead."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from threading import Event, Lock

import numpy as np
import pyarrow as pa
import pytest

from rfm_engine.orders.scan import scan
from rfm_engine.orders.sources.entry import open_sources

N_BATCHES = 12


class Taker:
    """Store the first number of each batch."""

    def __init__(self):
        self.taken = []
        self._lock = Lock()

    def add(self, batch, place, *, text):  # noqa: ARG002
        with self._lock:
            self.taken.append(batch.column(0)[0].as_py())


def counted(n=N_BATCHES):
    for number in range(n):
        yield pa.record_batch({"n": np.full(1000, number)})


class Whole:
    """A source with one read that is not shared between threads."""

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
    return open_sources(reader, ["n"])


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("source", [Whole, stream_of])
def test_scan__gives_every_batch_once(threads, source):
    taker = Taker()
    sources = stream_of(counted()) if source is stream_of else [Whole(counted())]
    scan(sources, taker, threads)
    assert sorted(taker.taken) == list(range(N_BATCHES))


def test_scan__an_error_while_reading_comes_out():
    def broken():
        yield from counted(3)
        raise ValueError("torn")

    with pytest.raises(Exception, match="torn"):
        scan([Whole(broken())], Taker(), 2)


@pytest.mark.parametrize("sources", [lambda batches: [Whole(batches)], stream_of])
def test_scan__never_reads_ahead(sources):
    """The producer of a stream may wait until its last batch has been counted."""
    taker, seen = Taker(), []

    def producer():
        for batch in counted(3):
            seen.append(len(taker.taken))
            yield batch

    scan(sources(producer()), taker, 1)
    assert seen == [0, 1, 2]


def test_scan__waits_for_what_is_being_added_when_it_fails():
    adding = Event()

    class Slow(Taker):
        def add(self, batch, place, *, text):
            adding.set()
            time.sleep(1)
            super().add(batch, place, text=text)

    def broken():
        adding.wait()
        yield from ()
        raise ValueError("torn")

    taker = Slow()
    with pytest.raises(ValueError, match="torn"):
        scan([Whole(counted(1)), Whole(broken())], taker, 2)
    assert taker.taken == [0]


def test_scan__leaves_a_blocked_read_behind_and_adds_nothing_of_it_later():
    blocked, go_on = Event(), Event()

    def late():
        blocked.set()
        go_on.wait()
        yield from counted(1)

    def broken():
        blocked.wait()
        yield from ()
        raise ValueError("torn")

    taker = Taker()
    with pytest.raises(ValueError, match="torn"):
        scan([Whole(late()), Whole(broken())], taker, 2)
    go_on.set()
    for worker in threading.enumerate():
        if worker.name == "rfm":
            worker.join(60)
    assert taker.taken == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_score__leaves_no_thread_behind_that_a_fork_would_wait_for(tmp_path):
    """No thread remains, after a success and after an error."""
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
