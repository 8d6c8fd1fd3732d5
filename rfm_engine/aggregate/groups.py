"""Groups numbered: which of them each customer is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.aggregate.hashing import HashKey, hash_keys
from rfm_engine.aggregate.ids import taken
from rfm_engine.aggregate.tables import ByteTable, Codes, IntTable
from rfm_engine.aggregate.texts import placed_alone
from rfm_engine.aggregate.waiting import Pieces
from rfm_engine.orders.group_keys import GroupIds, plain_keys
from rfm_engine.orders.keys import IntKeys, Keys

_NO_WORDS = np.zeros(0, np.uint64)
_NONE = np.uint32(0xFFFFFFFF)


class GroupNumbers:
    """Numbers of groups from 0, in the order in which they are first met; that of no id the last.

    `of_chunks` holds those of each chunk's customers, `uint32[n]`.
    """

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        key: HashKey,
        each: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
    ) -> None:
        self._key = key
        self._table: IntTable | ByteTable | None = None
        self.has_none = False
        self.of_chunks = [self._numbered(groups) for groups in each(CustomerChunk.groups, chunks)]
        n = 0 if self._table is None else self._table.n
        self.n = n + self.has_none
        if self.has_none:
            for numbers in self.of_chunks:
                numbers[numbers == _NONE] = n

    def _numbered(self, groups: GroupIds) -> Codes:
        keys, present = plain_keys(groups), groups.present
        if present is None:
            return self._assigned(keys)
        self.has_none = True
        rows = np.flatnonzero(present)
        numbers = np.full(len(present), _NONE, np.uint32)
        numbers[rows] = self._assigned(taken(keys, rows))
        return numbers

    def _assigned(self, keys: Keys) -> Codes:
        if isinstance(keys, IntKeys):
            hashes, words = hash_keys(keys, self._key).view(np.int64).reshape(-1, 1), _NO_WORDS
            self._table = self._table or IntTable(self._key, 0)
        else:
            hashes, words = placed_alone(keys, self._key)
            self._table = self._table or ByteTable(0)
        n = len(hashes)
        pieces = Pieces(np.zeros(1, np.int64), np.full(1, n, np.int64), n)
        return self._table.assign(hashes, words, pieces, column=1)
