"""Run jobs in several threads, and process their results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TypeVar

from rfm_engine.orders.workers import results_in_order

T = TypeVar("T")


def in_order(jobs: Iterable[Callable[[], T]], threads: int, take: Callable[[T], None]) -> None:
    """Run `jobs` in `threads` threads, and pass each result to `take` in the order of the jobs.

    Like `results_in_order`. An exception of `take` is also raised after running jobs have ended.
    """
    with closing(results_in_order(jobs, threads, "rfm-output")) as results:
        for result in results:
            take(result)
