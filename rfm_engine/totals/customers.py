"""All customers as finishing takes them: in parts, by whatever keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

from rfm_engine.totals.records import Held
from rfm_engine.totals.tables.contents import Contents

# A row group of the output each: small enough to be dealt out evenly, large enough to pack well.
# By partitions, of 2,000 customers each, scoring a million took 0.25 s, most of it Python's.
_CHUNK_CUSTOMERS = 1 << 18


class Some(Protocol):
    """Some of the customers."""

    @property
    def n_records(self) -> int:
        """How many there are at most."""


class Customers(Protocol):
    """All customers, in parts that several threads take: tables in memory, or files of a state."""

    @property
    def n_customers(self) -> int:
        """Customers known so far, for progress."""

    def settled(self, pool: Executor, bytes_a_customer: int = 0) -> Sequence[Some]:
        """Return the parts; leave `bytes_a_customer` bytes free per customer."""

    def held(self, some: Any) -> Held:
        """Return the customers of a part, in the same order every time; from any thread."""

    def contents(self, some: Any) -> Contents:
        """Return all that is known of the customers of a part."""

    def n_held(self, some: Any) -> int:
        """Return how many customers a part has."""


def grouped(partitions: Sequence[Some]) -> Iterator[list[Some]]:
    """Yield those that hold customers, in groups of some `_CHUNK_CUSTOMERS`."""
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
