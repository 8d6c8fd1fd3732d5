"""Customers by group: which groups there are, and the columns of each group together.

A group is a value of the column of `--by`; customers without one are a group too. Groups are in the
order of their values, which the data alone decide: integers by value, all others by bytes, null
first, as in sorted outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
import pyarrow as pa

from rfm_engine.clv.group_ids import Group
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen, values
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.group_keys import GroupIds
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.population import Population

# Groups with more customers use all threads, one group after the other. The others use one thread
# each, side by side.
MANY = 1 << 18
# A row takes up to 50 ns.
_CALL_ROWS = 1 << 20
# Ids of this many rows fit into an Arrow array, as those of a chunk of customers do.
_CODED_ROWS = 1 << 18


T = TypeVar("T")


class Groups(NamedTuple):
    """The groups of customers.

    Attributes
    ----------
    values
        The groups in order.
    codes
        The number of the group of each customer, `int64[n]` per part.
    """

    values: tuple[Group, ...]
    codes: list[Integers]

    @classmethod
    def of(cls, parts: Sequence[GroupIds], kind: IdKind, pool: Executor) -> Groups:
        """Find and number the groups of customers, with the threads of `pool`."""
        coded = list(pool.map(lambda part: coded_groups(part, kind), parts))
        found = sorted({each for own, _ in coded for each in own}, key=_order)
        number = {each: place for place, each in enumerate(found)}
        return cls(tuple(found), [numbered(own, codes, number) for own, codes in coded])

    @classmethod
    def of_chunks(
        cls, population: Population, chunks: Sequence[CustomerChunk], pool: Executor
    ) -> Groups:
        """Find and number the groups of a population, with the threads of `pool`."""
        ids = pool.map(CustomerChunk.groups, chunks)
        return cls.of(list(ids), kind_of_groups(population), pool)

    @property
    def n(self) -> int:
        """The number of groups."""
        return len(self.values)

    def renumbered(self, numbers: Integers) -> list[Integers]:
        """Return another number for each customer, given that of each group, `int64[n_groups]`."""
        return [numbers[codes] for codes in self.codes]


class Gathered(NamedTuple):
    """Columns of customers, so that those with the same number are next to each other.

    Attributes
    ----------
    starts
        The first customer of each number, and the end of the last one, `int64[n_numbers + 1]`.
    columns
        One array per column, `int64[n_customers]`. The order of customers with the same number
        depends on that of the rows.
    """

    starts: Integers
    columns: list[Integers]

    @classmethod
    def of(
        cls, numbers: Sequence[Integers], columns: Sequence[Sequence[Integers]], n: int
    ) -> Gathered:
        """Move customers in parts, given their numbers below n and each column by part."""
        counts = np.zeros(n, np.int64)
        for part in numbers:
            counts += np.bincount(part, minlength=n)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        moved = []
        for column in columns:
            places, found = starts[:-1].copy(), np.empty(int(starts[-1]), np.int64)
            for part, own in zip(numbers, column, strict=True):
                for start in range(0, len(part), _CALL_ROWS):
                    here = slice(start, start + _CALL_ROWS)
                    move_rows(frozen(part[here]), frozen(own[here]), places, found)
            moved.append(frozen(found))
        return cls(frozen(starts), moved)

    def sizes(self) -> list[int]:
        """Return the number of customers of each number."""
        found: list[int] = np.diff(self.starts).tolist()
        return found

    def of_number(self, number: int) -> list[Integers]:
        """Return the columns of the customers with a number."""
        start, end = self.starts[number : number + 2].tolist()
        return [column[start:end] for column in self.columns]


def of_each(
    work: Callable[[int, int], T], sizes: Mapping[int, int], pool: Executor, threads: int
) -> dict[int, T]:
    """Return the results of work on groups, by number.

    Parameters
    ----------
    work
        Called with the number of a group, and with the number of threads that it may use.
    sizes
        The number of customers of each group, by its number.
    pool, threads
        The threads for small groups, and their number.
    """
    small = [number for number, size in sizes.items() if size <= MANY]
    found = dict(zip(small, pool.map(partial(_alone, work), small), strict=True))
    found |= {number: work(number, threads) for number, size in sizes.items() if size > MANY}
    return {number: found[number] for number in sizes}


def _alone(work: Callable[[int, int], T], number: int) -> T:
    return work(number, 1)


def kind_of_groups(population: Population) -> IdKind:
    """Return the kind of ids of groups; text if no row was read yet."""
    return population.kinds.by or "text"


def coded_groups(ids: GroupIds, kind: IdKind) -> tuple[list[Group], Integers]:
    """Return the distinct groups of rows, and the place of the group of each row, `int64[n]`."""
    keys, number, codes = ids.keys.plain(), dict[Group, int](), []
    for start in range(0, len(keys), _CODED_ROWS):
        end = min(start + _CODED_ROWS, len(keys))
        present = None if ids.present is None else ids.present[start:end]
        found = keys.slice(start, end).to_arrow(OUTPUT_TYPES[kind], present)
        plain = found.storage if isinstance(found, pa.ExtensionArray) else found
        coded = plain.dictionary_encode(null_encoding="encode")
        stored: list[Any] = coded.dictionary.to_pylist()
        own = [UUID(bytes=each) if kind == "uuid" and each else each for each in stored]
        places = np.array([number.setdefault(each, len(number)) for each in own], np.int64)
        codes.append(places[values(coded.indices, np.int32)])
    return list(number), np.concatenate([np.zeros(0, np.int64), *codes])


def numbered(own: Sequence[Group], codes: Integers, number: Mapping[Group, int]) -> Integers:
    """Return the number of the group of each row, 0 for a group that has none.

    Parameters
    ----------
    own, codes
        The groups and the places of rows, as `coded_groups` returns them.
    number
        The numbers of groups.
    """
    found: Integers = np.array([number.get(each, 0) for each in own], np.int64)[codes]
    return found


def _order(group: Group) -> tuple[bool, Any]:
    """Return the key by which groups are sorted: null first."""
    return group is not None, group


@kernel
def move_rows(numbers, column, places, moved):
    """Move each value to the next place of its number, `int64[n_numbers]`, which then grows."""
    for i in range(len(numbers)):
        place = places[numbers[i]]
        places[numbers[i]] = place + 1
        moved[place] = column[i]
