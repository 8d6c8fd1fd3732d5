"""Number the groups of customers, and bring the customers of each group together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Hashes, Positions
from rfm_engine.orders.group_keys import GroupIds
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import IntKeys, Keys
from rfm_engine.totals.buffer.rows import Pieces
from rfm_engine.totals.buffer.texts import placed_alone
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.group_order import regrouped
from rfm_engine.totals.tables.keys import ByteTable, IntTable


class Grouping(NamedTuple):
    """New positions of customers, so that the customers of a group are near each other.

    `places` has the positions of the customers, `uint32[n]` per chunk. `numbers` has the group at
    each position, from 0, `uint32[customers]`. `n` is the number of groups. `has_none` is true if
    one of them is for customers without a group.
    """

    places: list[Positions]
    numbers: Codes
    n: int
    has_none: bool

    @classmethod
    def of(cls, chunks: Sequence[CustomerChunk], key: HashKey, pool: Executor) -> Grouping:
        """Group customers, with the threads of `pool`."""
        groups = list(pool.map(CustomerChunk.groups, chunks))
        has_none = any(of_chunk.present is not None for of_chunk in groups)
        ids = [of_chunk.keys.plain() for of_chunk in groups]
        if has_none or any(keys.of_bytes for keys in ids):
            # Integer ids use all values, so that no value is free to mean "no group". Byte ids are
            # not numbers.
            numbered = _Numbered(key)
            ids = [numbered.number(of_chunk) for of_chunk in groups]
        hashes = list(pool.map(lambda keys: keys.hash(key), ids))
        return cls(*regrouped(hashes, key, pool), has_none)


class _Numbered:
    """Numbers groups from 1 in order of appearance; 0 means no group."""

    def __init__(self, key: HashKey) -> None:
        self._key = key
        self._table: IntTable | ByteTable | None = None

    def number(self, groups: GroupIds) -> IntKeys:
        """Return the number of each customer's group."""
        keys, present = groups.keys.plain(), groups.present
        if present is None:
            return IntKeys(frozen(self._assigned(keys)))
        numbers = np.zeros(len(present), np.uint64)
        rows = np.flatnonzero(present)
        numbers[rows] = self._assigned(keys.take(rows))
        return IntKeys(frozen(numbers))

    def _assigned(self, keys: Keys) -> Hashes:
        if self._table is None:
            self._table = ByteTable(0) if keys.of_bytes else IntTable(self._key, 0)
        rows, words = placed_alone(keys, self._key)
        codes = self._table.assign(rows, words, Pieces.of_all(len(keys)), column=1)
        return codes.astype(np.uint64) + np.uint64(1)
