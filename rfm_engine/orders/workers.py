"""Work done by several threads, its results in the order of the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def results_in_order(jobs: Iterable[Callable[[], T]], threads: int, name: str) -> Generator[T]:
    """Do `jobs` in `threads` threads called `name`, and yield each result in order of the jobs.

    The calling thread walks over `jobs`. It goes no further than two jobs per thread ahead of the
    result it waits for, so that results do not pile up behind a slow one. The first exception, of
    a job or of the walk, comes out unchanged, when jobs that have begun have ended; the others are
    never begun. The same happens when the caller stops early.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    begun: deque[Future[T]] = deque()
    try:  # before the first thread starts: Ctrl-C may come at once
        for job in jobs:
            if len(begun) == 2 * threads:
                yield begun.popleft().result()
            begun.append(pool.submit(job))
            del job  # Nothing may hold what it is made of while the next one is read.
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
