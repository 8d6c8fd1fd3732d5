"""Direct addressing of integer ids that are close together, without hashing or searching."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import BufferRows, Codes, Words
from rfm_engine.orders.keys import IntKeys
from rfm_engine.totals.buffer.rows import BIN_BITS, Pieces
from rfm_engine.totals.memory.pages import zeros

# A smaller sample is not reliable, and small inputs are fast in any case.
_FEWEST_ROWS = 1 << 16
# An unused record costs 32 bytes. A used one saves the index entry and the key, about 17 bytes. So
# half of the ids should be in use in the end.
_IDS_A_CUSTOMER = 4
_MOST_IDS = 1 << 30
# New customers have the next ids. An id far ahead also creates all records before it, 32 bytes
# each, so there is only room for twice the number of ids.
_HEADROOM = 2


class DenseRange(NamedTuple):
    """The ids `first` to `first + n_ids - 1`, as 64-bit words."""

    first: int
    n_ids: int


def dense_range(bits: npt.NDArray[np.uint64], *, signed: bool) -> DenseRange | None:
    """Return the range of the ids of a first batch if they are close together, otherwise None.

    The number of customers is estimated from the numbers of ids that occur once and twice in the
    batch (Chao 1984): `distinct + once^2 / (2 * twice)`. This is a lower bound.
    """
    if len(bits) < _FEWEST_ROWS:
        return None
    ids = bits.view(np.int64) if signed else bits
    least, most = int(ids.min()), int(ids.max())
    n_ids = most - least + 1
    if n_ids > min(_MOST_IDS, len(bits) << 6):
        return None
    seen = zeros(n_ids, np.uint8)
    once, twice, distinct = count_seen(bits, np.uint64(least % (1 << 64)), seen)
    if n_ids > _IDS_A_CUSTOMER * (distinct + once * once / (2 * max(twice, 1))):
        return None
    first = 0 if 0 <= least <= n_ids else least
    return DenseRange(first % (1 << 64), min((most + 1 - first) * _HEADROOM, _MOST_IDS))


class DenseTable:
    """Codes of the ids for which the last bits of `id - first` are `number`."""

    def __init__(self, dense: DenseRange, number: int) -> None:
        self._first = (dense.first + number) % (1 << 64)
        self.n = 0

    @property
    def nbytes(self) -> int:
        """Bytes in memory: 0, because the code follows from the id."""
        return 0

    def assign(self, rows: BufferRows, texts: Words, pieces: Pieces, column: int) -> Codes:  # noqa: ARG002
        """Return the code of each row, in the order of `pieces`."""
        codes = np.empty(pieces.n_rows, np.uint32)
        self.n = max(self.n, 1 + copy_words(rows, pieces, codes))
        return codes

    def keys(self) -> IntKeys:
        """Return all ids up to the greatest one added, in the order of their codes."""
        numbers = np.arange(self.n, dtype=np.uint64) << np.uint64(BIN_BITS)
        return IntKeys(frozen(numbers + np.uint64(self._first)))


@kernel
def copy_words(rows, pieces, codes):
    """Copy the words of the rows to `codes`; return the greatest one, or -1 without rows."""
    place = 0
    greatest = -1
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            greatest = max(greatest, rows[i, 0])
            codes[place] = rows[i, 0]
            place += 1
    return greatest


@kernel
def count_seen(bits, first, seen):
    """Count each id in `seen`, up to 3; return how many ids occur once, twice, and in total."""
    once = 0
    twice = 0
    distinct = 0
    for i in range(len(bits)):
        d = bits[i] - first
        n = seen[d]
        if n == 0:
            distinct += 1
            once += 1
        elif n == 1:
            once -= 1
            twice += 1
        elif n == 2:
            twice -= 1
        seen[d] = min(n + 1, 3)
    return once, twice, distinct
