"""Keys as buffered rows, split into pieces."""

from __future__ import annotations

import numpy as np

from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import ByteKeys, Keys
from rfm_engine.totals.buffer.rows import Pieces
from rfm_engine.totals.buffer.texts import WaitingTexts


def rows_of(keys: Keys, key: HashKey) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with a hash, two zeros and the offset in the texts, and the texts."""
    hashes = keys.hash(key)
    n = len(hashes)
    rows = np.zeros((n, 4), np.int64)
    rows[:, 0] = hashes.view(np.int64)
    if not isinstance(keys, ByteKeys):
        return rows, np.zeros(0, np.uint64)
    texts = WaitingTexts.of(keys, np.zeros(n, np.uint16), 1)
    words = np.zeros(texts.n_words, np.uint64)
    rows[:, 3] = texts.write(words, 0)
    return rows, words


def pieces_of(n: int, cuts: list[int], order: list[int] | None = None) -> Pieces:
    """Split `n` rows at `cuts`; the pieces may be in any order."""
    ends = np.array([*sorted(cuts), n], np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    turn = np.arange(len(ends)) if order is None else np.array(order)
    return Pieces(starts[turn], ends[turn], n)
