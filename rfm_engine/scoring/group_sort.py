"""Sort the values of one group together with their customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.extent import extent


class Sorting(NamedTuple):
    """Values and their customers, a spare copy of both, and counts of bytes, `int64[256]`."""

    values: Integers
    who: Integers
    spare_values: Integers
    spare_who: Integers
    counts: Integers

    @classmethod
    def room(cls, most: int) -> Sorting:
        """Allocate buffers for up to `most` values, not initialized."""
        return cls(*(np.empty(length, np.int64) for length in (most, most, most, most, 256)))


@kernel
def sort_pairs(room, n):
    """Sort the first n values with a stable sort, and move `who` with them.

    Up to 32 values are sorted by counting the values before each value, without a branch that
    cannot be predicted. More values are sorted by the bytes in which they differ (radix sort).
    """
    if n <= 32:
        for j in range(n):
            rank = rank_of(room.values, j, n)
            room.spare_values[rank] = room.values[j]
            room.spare_who[rank] = room.who[j]
        copy_back(room, n)
        return
    least, greatest = extent(room.values[:n])
    base = np.uint64(least)
    span = np.uint64(greatest) - base
    shift = np.uint64(0)
    n_passes = 0
    while shift < np.uint64(64) and (span >> shift) != np.uint64(0):
        source = room.spare_values if n_passes & 1 else room.values
        target = room.values if n_passes & 1 else room.spare_values
        who_source = room.spare_who if n_passes & 1 else room.who
        who_target = room.who if n_passes & 1 else room.spare_who
        counts = room.counts
        count_bytes(source, n, base, shift, counts)
        for j in range(n):
            value = source[j]
            byte = ((np.uint64(value) - base) >> shift) & np.uint64(255)
            target[counts[byte]] = value
            who_target[counts[byte]] = who_source[j]
            counts[byte] += 1
        shift += np.uint64(8)
        n_passes += 1
    if n_passes & 1:
        copy_back(room, n)


@kernel
def copy_back(room, n):
    """Copy the spare copy back."""
    for j in range(n):
        room.values[j] = room.spare_values[j]
        room.who[j] = room.spare_who[j]


@kernel
def rank_of(values, j, n):
    """Return how many of `values[:n]` are before the j-th when sorted; ties keep their order."""
    value = values[j]
    rank = 0
    for i in range(n):
        rank += (values[i] < value) | ((values[i] == value) & (i < j))
    return rank


@kernel
def count_bytes(values, n, base, shift, counts):
    """Fill `counts`, `int64[256]`, with the start of each byte of `value - base` when sorted."""
    for byte in range(256):
        counts[byte] = 0
    for j in range(n):
        counts[((np.uint64(values[j]) - base) >> shift) & np.uint64(255)] += 1
    before = 0
    for byte in range(256):
        here = counts[byte]
        counts[byte] = before
        before += here
