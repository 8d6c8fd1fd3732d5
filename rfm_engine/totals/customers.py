"""The interface through which scoring reads all customers, in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

from rfm_engine.totals.records import Held
from rfm_engine.totals.tables.contents import Contents

# One row group of the output: small enough to distribute evenly over threads, large enough to
# compress well. One chunk per partition, of 2,000 customers, took 0.25 s to score a million
# customers, most of it in Python.
_CHUNK_CUSTOMERS = 1 << 18


class Some(Protocol):
    """Some of the customers."""

    @property
    def n_records(self) -> int:
        """The number of customers, at most."""


class Customers(Protocol):
    """All customers, in parts for several threads: tables in memory, or files of a state."""

    @property
    def n_customers(self) -> int:
        """The number of customers so far, for progress reports."""

    def settled(self, pool: Executor, bytes_a_customer: int = 0) -> Sequence[Some]:
        """Return the parts; leave `bytes_a_customer` bytes free per customer."""

    def held(self, some: Any) -> Held:
        """Return the customers of a part, always in the same order; any thread may call it."""

    def contents(self, some: Any) -> Contents:
        """Return all data of the customers of a part."""

    def n_held(self, some: Any) -> int:
        """Return the number of customers of a part."""


def grouped(partitions: Sequence[Some]) -> Iterator[list[Some]]:
    """Yield the partitions that have customers, in groups of about `_CHUNK_CUSTOMERS`."""
    group: list[Some] = []
    n_records = 0
    for partition in partitions:
        if partition.n_records:
            group.append(partition)
            n_records += partition.n_records
        if n_records >= _CHUNK_CUSTOMERS:
            yield group
            group, n_records = [], 0
    if group:
        yield group
