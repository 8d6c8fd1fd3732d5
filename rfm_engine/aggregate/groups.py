"""What tells groups apart: a word for each customer, equal for those of one group alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.aggregate.hashing import Hashes, HashKey, hash_keys
from rfm_engine.aggregate.ids import taken
from rfm_engine.aggregate.tables import ByteTable, IntTable
from rfm_engine.aggregate.texts import placed_alone
from rfm_engine.aggregate.waiting import Pieces
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.group_keys import GroupIds, plain_keys
from rfm_engine.orders.keys import IntKeys, Keys

_NO_WORDS = np.zeros(0, np.uint64)


class GroupWords:
    """The groups of customers as words, spread by a secret.

    `of_chunks` holds those of each chunk's customers, `uint64[n]`; `has_none` says that some have
    no group.
    """

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        key: HashKey,
        each: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
    ) -> None:
        groups = list(each(CustomerChunk.groups, chunks))
        self.has_none = any(of_chunk.present is not None for of_chunk in groups)
        ids = [plain_keys(of_chunk) for of_chunk in groups]
        if self.has_none or not all(isinstance(keys, IntKeys) for keys in ids):
            # Integers are their own numbers, and none is left for no group; texts have none.
            numbered = _Numbered(key)
            ids = [numbered.number(of_chunk) for of_chunk in groups]
        self.of_chunks: list[Hashes] = list(each(partial(hash_keys, key=key), ids))


class _Numbered:
    """Groups by number, from 1 as they come; 0 is none."""

    def __init__(self, key: HashKey) -> None:
        self._key = key
        self._table: IntTable | ByteTable | None = None

    def number(self, groups: GroupIds) -> IntKeys:
        """Return the numbers of customers' groups."""
        keys, present = plain_keys(groups), groups.present
        if present is None:
            return IntKeys(frozen(self._assigned(keys)))
        numbers = np.zeros(len(present), np.uint64)
        rows = np.flatnonzero(present)
        numbers[rows] = self._assigned(taken(keys, rows))
        return IntKeys(frozen(numbers))

    def _assigned(self, keys: Keys) -> Hashes:
        if isinstance(keys, IntKeys):
            hashes, words = hash_keys(keys, self._key).view(np.int64).reshape(-1, 1), _NO_WORDS
            self._table = self._table or IntTable(self._key, 0)
        else:
            hashes, words = placed_alone(keys, self._key)
            self._table = self._table or ByteTable(0)
        n = len(hashes)
        pieces = Pieces(np.zeros(1, np.int64), np.full(1, n, np.int64), n)
        return self._table.assign(hashes, words, pieces, column=1).astype(np.uint64) + np.uint64(1)
