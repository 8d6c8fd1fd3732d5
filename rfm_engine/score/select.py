"""Order statistics of integers by counting, exact and without sorting: linear in the values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen

Values = Sequence[npt.NDArray[np.int64] | npt.NDArray[np.int32]]

# 2^16 counters fit the second-level cache; int64 values take four passes at most.
_COUNTER_BITS = 16


def select(chunks: Values, ranks: Sequence[int]) -> list[int]:
    """Return the values at ascending `ranks` (0 is the least) among all chunks together.

    One pass counts the values by their leading bits; only those that share them with a wanted
    rank are looked at again.
    """
    filled = [chunk for chunk in chunks if len(chunk)]
    least = min(int(chunk.min()) for chunk in filled)
    span = max(int(chunk.max()) for chunk in filled) - least
    shift = max(span.bit_length() - _COUNTER_BITS, 0)
    counts = np.zeros((span >> shift) + 1, np.int64)
    base = np.uint64(least % (1 << 64))
    for chunk in filled:
        count_leading(_wide(chunk), base, np.uint64(shift), counts)
    ends = np.cumsum(counts)
    buckets = np.searchsorted(ends, ranks, side="right").tolist()
    if shift == 0:
        return [least + bucket for bucket in buckets]
    wanted = sorted(set(buckets))
    members = _collect(filled, base, shift, counts, wanted)
    found: list[int] = []
    for bucket in wanted:
        below = int(ends[bucket] - counts[bucket])
        inner = [rank - below for rank, b in zip(ranks, buckets, strict=True) if b == bucket]
        found += select([members[bucket]], inner)
    return found


def _collect(
    chunks: Values, base: np.uint64, shift: int, counts: npt.NDArray[np.int64], wanted: list[int]
) -> dict[int, npt.NDArray[np.int64]]:
    places = np.full(len(counts), -1, np.int64)
    sizes = counts[wanted]
    ends = np.cumsum(sizes)
    places[wanted] = ends - sizes
    out = np.empty(int(ends[-1]), np.int64)
    for chunk in chunks:
        collect_leading(_wide(chunk), base, np.uint64(shift), places, out)
    pieces = np.split(out, ends[:-1])
    return dict(zip(wanted, pieces, strict=True))


def _wide(chunk: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    return frozen(np.asarray(chunk, np.int64))


@kernel
def count_leading(values, base, shift, counts):
    """Count `int64[n]` by `(value - base) >> shift`, in 64 bits without sign."""
    for i in range(len(values)):
        counts[(np.uint64(values[i]) - base) >> shift] += 1


@kernel
def collect_leading(values, base, shift, places, out):
    """Copy the values whose bucket has a place (not -1) to `out`, moving that place on."""
    for i in range(len(values)):
        bucket = (np.uint64(values[i]) - base) >> shift
        place = places[bucket]
        if place >= 0:
            out[place] = values[i]
            places[bucket] = place + 1
