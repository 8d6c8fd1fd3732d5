"""Work done by several threads, its results taken in the order of the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_order(jobs: Iterable[Callable[[], T]], threads: int, take: Callable[[T], None]) -> None:
    """Do `jobs` in `threads` threads, and give each result to `take` in the order of the jobs.

    The calling thread walks over `jobs` and calls `take`. It goes no further than two jobs a
    thread ahead of the result it waits for, so that results do not pile up behind a slow one.
    The first exception, of a job, of `take` or of the walk, comes out unchanged, when jobs that
    have begun have ended; the others are never begun.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="rfm-output")
    begun: deque[Future[T]] = deque()
    try:  # before the first thread starts: Ctrl-C may come at once
        for job in jobs:
            if len(begun) == 2 * threads:
                take(begun.popleft().result())
            begun.append(pool.submit(job))
        while begun:
            take(begun.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)
