"""The key table for byte ids that all have the same length."""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import BufferRows, Codes, Words
from rfm_engine.orders.hashing import HashKey, unmix_pairs
from rfm_engine.orders.keys import ByteKeys, gathered
from rfm_engine.totals.buffer.inline_ids import PAIR_BYTES, n_words
from rfm_engine.totals.buffer.rows import Pieces
from rfm_engine.totals.memory.cache import bring_in
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.keys import IndexedTable, find_hash, is_done


class InlineTable(IndexedTable):
    """Codes of ids of `id_bytes` bytes; see `totals.buffer.inline_ids`.

    The index has the hash word of each key, and `rest` the other `width` words. Both are compared.
    """

    def __init__(self, key: HashKey, skip_bits: int, id_bytes: int, room: int = 0) -> None:
        super().__init__(skip_bits, room)
        self._key = key
        self._id_bytes = id_bytes
        self._width = 1 if id_bytes <= PAIR_BYTES else n_words(id_bytes)
        self._rest: Growing[np.uint64] = Growing(np.uint64)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._index.nbytes + 8 * self._width * self.n

    def assign(self, rows: BufferRows, texts: Words, pieces: Pieces, column: int) -> Codes:  # noqa: ARG002
        """Return the code of each row, in the order of `pieces`; see `IntTable.assign`.

        The rest of each key is in `rows` from `column` on.
        """
        index = self._index
        codes = np.empty(pieces.n_rows, np.uint32)
        at = np.zeros(3, np.int64)
        # No view of `rest` may exist when it grows.
        bring_in(
            pieces.n_rows, self.n, index.slots, index.hashes[: self.n],
            self._rest.array[: self._width * self.n],
        )  # fmt: skip
        while not is_done(at, pieces):
            self._rest.reach(self._width * index.room)
            index.n = assign_inline(
                rows, column, self._width, pieces, at, index.arrays, self._rest.array, index.n,
                index.room, codes,
            )  # fmt: skip
            if not is_done(at, pieces):
                index.grow()
        return codes

    def keys(self) -> ByteKeys:
        """Return all keys, in the order of their codes."""
        n, id_bytes = self.n, self._id_bytes
        rest = self._rest.array[: self._width * n]
        if id_bytes <= PAIR_BYTES:
            words = np.empty((n, 2), np.uint64)
            first = frozen(self._index.hashes[:n])
            unmix_pairs(first, frozen(rest), self._key.mask, self._key.multiplier, words)
        else:
            words = rest.reshape(n, self._width)
        data, stride = frozen(words.reshape(-1).view(np.uint8)), 8 * words.shape[1]
        if stride == id_bytes:
            return ByteKeys(frozen(np.arange(n + 1, dtype=np.int64) * stride), data)
        starts = np.arange(n, dtype=np.int64) * stride
        return gathered(data, starts, np.full(n, id_bytes, np.int64))


@kernel
def assign_inline(rows, column, width, pieces, at, index, rest, n, room, codes):
    """Find or insert the keys of `rows`; stop when there are `room` keys, like `assign_ints`."""
    starts, ends = pieces.starts, pieces.ends
    slots, known = index.slots, index.known
    last_slot = np.uint64(len(slots) - 1)
    resumed = at[0]
    place = at[2]
    for piece in range(resumed, len(starts)):
        first = max(at[1], starts[piece]) if piece == resumed else starts[piece]
        for i in range(first, ends[piece]):
            h = np.uint64(rows[i, 0])
            slot = (h << index.skip_bits) >> index.shift
            while True:
                slot = find_hash(slots, known, slot, h)
                entry = slots[slot]
                if entry == 0:
                    if n == room:
                        at[0] = piece
                        at[1] = i
                        at[2] = place
                        return n
                    for j in range(width):
                        rest[n * width + j] = np.uint64(rows[i, column + j])
                    known[n] = h
                    n += 1
                    slots[slot] = n
                    codes[place] = n - 1
                    break
                code = np.int64(entry) - 1
                difference = np.uint64(0)
                for j in range(width):
                    difference |= rest[code * width + j] ^ np.uint64(rows[i, column + j])
                if difference == 0:
                    codes[place] = code
                    break
                slot = (slot + np.uint64(1)) & last_slot
            place += 1
    at[0] = len(starts)
    return n
