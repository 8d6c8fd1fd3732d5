"""Batches of all sources, dealt out to threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event, Lock
from typing import Protocol

import pyarrow as pa

from rfm_engine.orders.place import Place, Read, Source

_TICK_SECONDS = 0.2


class Consumer(Protocol):
    """What takes batches in, from any thread."""

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Take one batch."""


@dataclass(slots=True)
class Seconds:
    """Time spent waiting for batches and working on them, over all threads."""

    read: float = 0.0
    work: float = 0.0


class _Feed:
    """Reads that threads take whole, then streams whose batches they share."""

    def __init__(self, sources: Sequence[Source]) -> None:
        reads = [(source, read) for source in sources for read in source.reads()]
        self._whole = deque((source, read) for source, read in reads if not read.shared)
        self._streams = deque((source, iter(read)) for source, read in reads if read.shared)
        self._lock = Lock()

    def batches(self) -> Iterator[tuple[Source, pa.RecordBatch, Place]]:
        """Yield batches for one thread until none are left."""
        while (taken := self._take()) is not None:
            source, read = taken
            for batch, place in read:
                yield source, batch, place
        while (shared := self._next_shared()) is not None:
            yield shared

    def _take(self) -> tuple[Source, Read] | None:
        with self._lock:
            return self._whole.popleft() if self._whole else None

    def _next_shared(self) -> tuple[Source, pa.RecordBatch, Place] | None:
        with self._lock:
            while self._streams:
                source, batches = self._streams[0]
                found = next(batches, None)
                if found is not None:
                    return source, *found
                self._streams.popleft()
        return None


def scan(
    sources: Sequence[Source],
    consumer: Consumer,
    threads: int,
    tick: Callable[[], None] | None = None,
) -> Seconds:
    """Feed every batch of the sources to the consumer, from `threads` threads.

    `tick` is called from the calling thread a few times a second. The first exception of any
    thread stops all of them and is raised.
    """
    feed = _Feed(sources)
    stop = Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="rfm") as pool:
        running = [pool.submit(_work, feed, consumer, stop) for _ in range(threads)]
        try:
            _wait(running, tick)
        finally:
            stop.set()
    spent = [future.result() for future in running]
    return Seconds(
        sum(seconds.read for seconds in spent) / threads,
        sum(seconds.work for seconds in spent) / threads,
    )


def _wait(running: list[Future[Seconds]], tick: Callable[[], None] | None) -> None:
    pending = set(running)
    while pending:
        done, pending = wait(pending, timeout=_TICK_SECONDS, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        if tick is not None:
            tick()


def _work(feed: _Feed, consumer: Consumer, stop: Event) -> Seconds:
    seconds = Seconds()
    mark = time.perf_counter()
    for source, batch, place in feed.batches():
        if stop.is_set():
            break
        ready = time.perf_counter()
        consumer.add(batch, place, text=source.text)
        done = time.perf_counter()
        seconds.read += ready - mark
        seconds.work += done - ready
        mark = done
    return seconds
