"""Work done by several threads, its results taken in the order of the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TypeVar

from rfm_engine.orders.workers import results_in_order

T = TypeVar("T")


def in_order(jobs: Iterable[Callable[[], T]], threads: int, take: Callable[[T], None]) -> None:
    """Do `jobs` in `threads` threads, and give each result to `take` in the order of the jobs.

    As `results_in_order`; what `take` raises also comes out when jobs that have begun have ended.
    """
    with closing(results_in_order(jobs, threads, "rfm-output")) as results:
        for result in results:
            take(result)
