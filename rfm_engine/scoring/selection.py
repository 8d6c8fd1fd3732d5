"""Exact order statistics of integers by counting instead of sorting, in linear time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import ValueChunks, Values

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""`map`, or the `map` method of a thread pool."""

# 2^16 counters fit in the L2 cache; int64 values take at most four passes.
_COUNTER_BITS = 16
# Enough parts to keep the threads busy; each part has its own counters.
_PARTS = 8


def select(chunks: ValueChunks, ranks: Sequence[int], each: Map = map) -> list[int]:
    """Return the values at ascending `ranks` (0 is the smallest) over all chunks.

    One pass counts the values in buckets by their leading bits. Then only the values in the
    buckets of the wanted ranks are searched further.
    """
    filled = [chunk for chunk in chunks if len(chunk)]
    parts = [filled[first::_PARTS] for first in range(min(_PARTS, len(filled)))]
    extents = list(each(_extent, parts))
    least = min(low for low, _ in extents)
    span = max(high for _, high in extents) - least
    shift = max(span.bit_length() - _COUNTER_BITS, 0)
    base = np.uint64(least % (1 << 64))

    def count(part: ValueChunks) -> npt.NDArray[np.int64]:
        counts = np.zeros((span >> shift) + 1, np.int64)
        for chunk in part:
            count_leading(_wide(chunk), base, np.uint64(shift), counts)
        return counts

    counts = np.sum(list(each(count, parts)), axis=0)
    ends = np.cumsum(counts)
    buckets = np.searchsorted(ends, ranks, side="right").tolist()
    if shift == 0:
        return [least + bucket for bucket in buckets]
    wanted = sorted(set(buckets))
    members = _collect(parts, base, shift, len(counts), wanted, each)
    found: list[int] = []
    for bucket, values in zip(wanted, members, strict=True):
        below = int(ends[bucket] - counts[bucket])
        inner = [rank - below for rank, b in zip(ranks, buckets, strict=True) if b == bucket]
        found += select(values, inner)
    return found


def _collect(
    parts: Sequence[ValueChunks],
    base: np.uint64,
    shift: int,
    n_counts: int,
    wanted: list[int],
    each: Map,
) -> list[list[npt.NDArray[np.int64]]]:
    """Return the values of each wanted bucket."""
    numbers = np.full(n_counts, -1, np.int64)
    numbers[wanted] = np.arange(len(wanted))

    def collect(part: ValueChunks) -> list[list[npt.NDArray[np.int64]]]:
        found: list[list[npt.NDArray[np.int64]]] = [[] for _ in wanted]
        for chunk in part:
            values, buckets = np.empty(len(chunk), np.int64), np.empty(len(chunk), np.int64)
            n = collect_leading(_wide(chunk), base, np.uint64(shift), numbers, values, buckets)
            for number, members in enumerate(found):
                members.append(values[:n][buckets[:n] == number])
        return found

    done = list(each(collect, parts))
    return [[values for found in done for values in found[number]] for number in range(len(wanted))]


def _extent(part: ValueChunks) -> tuple[int, int]:
    return min(int(chunk.min()) for chunk in part), max(int(chunk.max()) for chunk in part)


def _wide(chunk: Values) -> npt.NDArray[np.int64]:
    return frozen(np.asarray(chunk, np.int64))


@kernel
def count_leading(values, base, shift, counts):
    """Count values, `int64[n]`, by `(value - base) >> shift` in unsigned 64-bit integers."""
    for i in range(len(values)):
        counts[(np.uint64(values[i]) - base) >> shift] += 1


@kernel
def collect_leading(values, base, shift, numbers, found, buckets):
    """Copy the values whose bucket has a number (not -1), and these numbers; return how many."""
    n = 0
    for i in range(len(values)):
        number = numbers[(np.uint64(values[i]) - base) >> shift]
        found[n] = values[i]
        buckets[n] = number
        n += number >= 0
    return n
