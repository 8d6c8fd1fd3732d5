"""Rows sorted by partition, so that what follows works in tables that fit the cache."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.memory import empty
from rfm_engine.kernels import kernel


class Room(NamedTuple):
    """Buffers for the rows of a batch, used again: new memory costs more than filling it."""

    hashes: npt.NDArray[np.uint64]
    facts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.uint32]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.hashes.nbytes + self.facts.nbytes + self.rows.nbytes

    @classmethod
    def of(cls, n_rows: int) -> Room:
        """Make room for a number of rows."""
        return cls(
            empty(n_rows, np.uint64),
            empty((n_rows, 2), np.int64),
            empty(n_rows, np.uint32),
        )


class Scattered(NamedTuple):
    """The counted rows of a batch; partition `p` holds rows `bounds[p]:bounds[p + 1]`."""

    bounds: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    facts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.uint32]

    def pieces(self) -> list[slice]:
        """Where each partition's rows stand."""
        return [slice(a, b) for a, b in itertools.pairwise(self.bounds.tolist())]


def scatter(
    hashes: npt.NDArray[np.uint64],
    time_us: npt.NDArray[np.int64],
    amount_minor: npt.NDArray[np.int64],
    reason: npt.NDArray[np.uint8],
    partition_bits: int,
    room: Room,
) -> Scattered:
    """Order the rows whose reason is 0 by the top `partition_bits` of their hash, within `room`.

    `facts` is `int64[n, 2]`, time and amount; `rows` tells where each row stood in the batch.
    """
    shift = np.uint64(64 - partition_bits)
    bounds = np.zeros((1 << partition_bits) + 1, np.int64)
    count_partitions(hashes, reason, shift, bounds)
    place_rows(
        hashes, time_us, amount_minor, reason, shift, bounds[:-1].copy(),
        room.hashes, room.facts, room.rows,
    )  # fmt: skip
    return Scattered(bounds, *room)


@kernel
def count_partitions(hashes, reason, shift, bounds):
    """Fill `bounds`, `int64[partitions + 1]` of zeros, with each partition's first place."""
    for i in range(len(hashes)):
        if reason[i] == 0:
            bounds[(hashes[i] >> shift) + np.uint64(1)] += 1
    for p in range(1, len(bounds)):
        bounds[p] += bounds[p - 1]


@kernel
def place_rows(
    hashes, time_us, amount_minor, reason, shift, next_place, hashes_out, facts_out, rows_out
):
    """Copy each counted row to its partition's next place."""
    for i in range(len(hashes)):
        if reason[i] == 0:
            h = hashes[i]
            place = next_place[h >> shift]
            next_place[h >> shift] = place + 1
            hashes_out[place] = h
            facts_out[place, 0] = time_us[i]
            facts_out[place, 1] = amount_minor[i]
            rows_out[place] = i
