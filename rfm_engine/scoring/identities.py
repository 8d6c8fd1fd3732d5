"""Compare ids word by word: find the n-th id of a set, and the ids that come after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Words
from rfm_engine.orders.keys import Keys

Path: TypeAlias = tuple[int, ...]
"""The leading words of an id: as many as distinguish it from all other ids."""

SIGN = np.uint64(1 << 63)
WORD_BYTES = 8


class Identities:
    """Distinct ids, ordered as numbers or bytewise.

    An id is a sequence of 64-bit words. An integer is one word. A text is its bytes, 8 per word and
    padded with zeros, followed by its length.
    """

    def __init__(self, keys: Keys, *, signed: bool) -> None:
        self._keys = keys
        self._signed = signed
        self._lengths = np.zeros(0, np.int64)
        if keys.of_bytes:
            self._lengths = np.diff(keys.offsets)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def n_levels(self) -> int:
        """Number of words of the longest id."""
        if not self._keys.of_bytes:
            return 1
        longest = int(self._lengths.max(initial=0))
        return -(-longest // WORD_BYTES) + 1

    def words(self, level: int, n_levels: int) -> Words:
        """Return the word of each id at a level; ids have `n_levels` words."""
        if not self._keys.of_bytes:
            return self._keys.bits ^ SIGN if self._signed else self._keys.bits
        if level == n_levels - 1:
            return self._lengths.astype(np.uint64)
        words = np.empty(len(self._lengths), np.uint64)
        offsets, data = frozen(self._keys.offsets), frozen(self._keys.data)
        read_words(offsets[:-1], offsets[1:], data, level * WORD_BYTES, words)
        return words


def paths_at(ids: Sequence[Identities], ranks: Sequence[int]) -> list[Path]:
    """Return the ids at ascending `ranks` (0 is the smallest) over all `ids`."""
    n_levels = max(each.n_levels for each in ids)

    def paths(members: list[npt.NDArray[np.intp]], ranks: Sequence[int], level: int) -> list[Path]:
        parts = [each.words(level, n_levels)[rows] for each, rows in zip(ids, members, strict=True)]
        words = np.concatenate(parts)
        at = np.partition(words, ranks)[ranks].tolist()
        found: list[Path] = []
        for word in sorted(set(at)):
            below = int((words < word).sum())
            same = [rows[part == word] for rows, part in zip(members, parts, strict=True)]
            inner = [rank - below for rank, w in zip(ranks, at, strict=True) if w == word]
            if sum(map(len, same)) == 1:
                found += [(word,)] * len(inner)
            else:
                found += [(word, *rest) for rest in paths(same, inner, level + 1)]
        return found

    return paths([np.arange(len(each)) for each in ids], ranks, 0)


def after(ids: Identities, n_levels: int, path: Path) -> npt.NDArray[np.bool_]:
    """Return which ids come after the id of a path, `bool[n]`."""
    decided = ids.words(0, n_levels)
    is_after = decided > np.uint64(path[0])
    open_rows = np.flatnonzero(decided == np.uint64(path[0]))
    for level, word in enumerate(path[1:], 1):
        words = ids.words(level, n_levels)[open_rows]
        is_after[open_rows[words > np.uint64(word)]] = True
        open_rows = open_rows[words == np.uint64(word)]
    return is_after


@kernel
def read_words(starts, ends, data, start, words):
    """Read 8 bytes of each text from byte `start`: first byte highest, padded with zeros."""
    for i in range(len(words)):
        at = starts[i] + start
        n = min(ends[i] - at, 8)
        word = np.uint64(0)
        for j in range(n):
            word |= np.uint64(data[at + j]) << np.uint64(56 - 8 * j)
        words[i] = word
