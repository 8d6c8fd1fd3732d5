"""Batches of all sources, dealt out to threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Protocol, TypeAlias

import pyarrow as pa

from rfm_engine.orders.place import Place, Read, Source

_TICK_SECONDS = 0.2
# Longer than a batch takes.
_PATIENCE_SECONDS = 2.0
# A thread that is still blocked in a read then is left behind: signals are obeyed within 2 s.
_READING_SECONDS = 0.5

_Batch: TypeAlias = tuple[Source, pa.RecordBatch, Place]


class Consumer(Protocol):
    """What takes batches in, from any thread."""

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Take one batch."""


@dataclass(slots=True)
class Seconds:
    """Time spent waiting for batches and working on them, over all threads."""

    read: float = 0.0
    work: float = 0.0

    def stages(self, marks: Sequence[float]) -> dict[str, float]:
        """Return wall time by stage, given when each of them began and the last one ended."""
        began, aggregated, scored, written = marks
        # Reading and grouping overlap; their wall time is divided as the threads spent it.
        share = self.read / (self.read + self.work) if self.read + self.work else 0.0
        return {
            "read": (aggregated - began) * share,
            "aggregate": (aggregated - began) * (1 - share),
            "score": scored - aggregated,
            "write": written - scored,
            "total": written - began,
        }


class _Feed:
    """Reads that threads take whole, then streams whose batches they share."""

    def __init__(self, sources: Sequence[Source]) -> None:
        reads = [(source, read) for source in sources for read in source.reads()]
        self._whole = deque((source, read) for source, read in reads if not read.shared)
        self._streams = deque((source, iter(read)) for source, read in reads if read.shared)
        self._lock = Lock()
        self.stop = Event()

    def batches(self) -> Iterator[_Batch]:
        """Yield batches for one thread until none are left or `stop` is set."""
        while (taken := self._take()) is not None:
            source, read = taken
            # Nothing here or in the sources holds a batch that was handed over: the next one is
            # decoded into its memory, 35 MB less a thread.
            for found in map(partial(_of, source), read):
                yield found
                del found
                if self.stop.is_set():
                    return
        yield from iter(self._next_shared, None)

    def _take(self) -> tuple[Source, Read] | None:
        with self._lock:
            return self._whole.popleft() if self._whole and not self.stop.is_set() else None

    def _next_shared(self) -> _Batch | None:
        with self._lock:
            while self._streams and not self.stop.is_set():
                source, batches = self._streams[0]
                found = next(batches, None)
                if found is not None:
                    return source, *found
                self._streams.popleft()
        return None


def _of(source: Source, found: tuple[pa.RecordBatch, Place]) -> _Batch:
    return source, *found


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
    ended: SimpleQueue[_Worker] = SimpleQueue()
    workers = [_Worker(feed, consumer, ended) for _ in range(threads)]
    try:
        for worker in workers:
            worker.start()
        _wait(ended, threads, tick)
    finally:
        feed.stop.set()
        stopped = time.monotonic()  # The patience is for all of them together.
        for worker in workers:
            worker.join(max(0.0, stopped + _READING_SECONDS - time.monotonic()))
            if worker.adding:
                worker.join(max(0.0, stopped + _PATIENCE_SECONDS - time.monotonic()))
    return Seconds(
        sum(worker.seconds.read for worker in workers) / threads,
        sum(worker.seconds.work for worker in workers) / threads,
    )


class _Worker(Thread):
    """A thread that takes batches until there are none, and keeps the exception that ended it.

    A daemon: one that waits for a pipe nobody writes to must not keep the process alive.
    """

    def __init__(self, feed: _Feed, consumer: Consumer, ended: SimpleQueue[_Worker]) -> None:
        super().__init__(name="rfm", daemon=True)
        self.seconds = Seconds()
        self.error: BaseException | None = None
        self.adding = False
        self._feed = feed
        self._consumer = consumer
        self._ended = ended

    def run(self) -> None:
        """Work, then report."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised in the calling thread
            self.error = error
        self._ended.put(self)

    def _work(self) -> None:
        mark = time.perf_counter()
        for source, batch, place in self._feed.batches():
            ready = time.perf_counter()
            self.adding = True  # said before it is asked whether to stop: see `scan`
            if self._feed.stop.is_set():
                return
            self._consumer.add(batch, place, text=source.text)
            self.adding = False
            done = time.perf_counter()
            del batch
            self.seconds.read += ready - mark
            self.seconds.work += done - ready
            mark = done


def _wait(ended: SimpleQueue[_Worker], n_working: int, tick: Callable[[], None] | None) -> None:
    while n_working:
        try:
            worker = ended.get(timeout=_TICK_SECONDS)
        except Empty:
            pass
        else:
            n_working -= 1
            if worker.error is not None:
                raise worker.error
        if tick is not None:
            tick()
