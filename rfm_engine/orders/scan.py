"""Distribute the batches of all sources to threads."""

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
# Longer than the processing of a batch takes.
_PATIENCE_SECONDS = 2.0
# A thread that is still blocked in a read after this time is abandoned, so that signals take effect
# within 2 s.
_READING_SECONDS = 0.5

_Batch: TypeAlias = tuple[Source, pa.RecordBatch, Place]


class Consumer(Protocol):
    """Process batches. Thread-safe."""

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Add one batch."""


@dataclass(slots=True)
class Seconds:
    """The seconds that threads waited for batches and processed them."""

    read: float = 0.0
    work: float = 0.0

    def stages(self, marks: Sequence[float]) -> dict[str, float]:
        """Return the wall time of each stage.

        `marks` are the times at which the run began, and at which aggregating, scoring and writing
        ended.
        """
        began, aggregated, scored, written = marks
        # Reading and grouping overlap. Their wall time is divided in the ratio of thread times.
        share = self.read / (self.read + self.work) if self.read + self.work else 0.0
        return {
            "read": (aggregated - began) * share,
            "aggregate": (aggregated - began) * (1 - share),
            "score": scored - aggregated,
            "write": written - scored,
            "total": written - began,
        }


class _Feed:
    """Give each thread whole reads first, then single batches of the shared streams."""

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
            # No reference to a yielded batch is kept here or in the sources, so that the next one
            # is decoded into the same memory. This saves 35 MB per thread.
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
    """Pass every batch of the sources to the consumer, in `threads` threads.

    The calling thread calls `tick` a few times per second. The first exception of any thread stops
    all threads and is raised.
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
        stopped = time.monotonic()  # The time limits are for all threads together.
        for worker in workers:
            worker.join(max(0.0, stopped + _READING_SECONDS - time.monotonic()))
            if worker.adding:
                worker.join(max(0.0, stopped + _PATIENCE_SECONDS - time.monotonic()))
    return Seconds(
        sum(worker.seconds.read for worker in workers) / threads,
        sum(worker.seconds.work for worker in workers) / threads,
    )


class _Worker(Thread):
    """A thread that processes batches until there are none, and stores its exception, if any.

    It is a daemon, because a thread that waits for a pipe without a writer must not keep the
    process alive.
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
        """Process batches, then report the end to the calling thread."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised in the calling thread
            self.error = error
        self._ended.put(self)

    def _work(self) -> None:
        mark = time.perf_counter()
        for source, batch, place in self._feed.batches():
            ready = time.perf_counter()
            self.adding = True  # set before `stop` is checked: see `scan`
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
