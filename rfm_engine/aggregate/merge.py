"""One partition's customers added to the partitions of other totals, whatever their hash keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.partition import Partition
from rfm_engine.aggregate.scatter import Room, scatter
from rfm_engine.aggregate.tables import Codes
from rfm_engine.orders.arrays import frozen


def absorb(ours: Sequence[Partition], key: HashKey, theirs: Partition) -> None:
    """Add all of `theirs` to `ours`, which are hashed under `key`."""
    n = theirs.customers.n
    keys = theirs.customers.keys()
    records = theirs.measures.records
    hashes = theirs.customers.hashes(key)
    bits = len(ours).bit_length() - 1
    nothing = frozen(np.zeros(n, np.int64))
    counted = frozen(np.zeros(n, np.uint8))
    placed = scatter(frozen(hashes), nothing, nothing, counted, bits, Room.of(n))
    code_here = np.empty(n, np.uint32)
    home = np.empty(n, np.uint32)
    for number, (partition, piece) in enumerate(zip(ours, placed.pieces(), strict=True)):
        rows = placed.rows[piece]
        if not len(rows):
            continue
        with partition.lock:
            code_here[rows] = partition.absorb(placed.hashes[piece], rows, keys, records[rows])
        home[rows] = number
    _absorb_orders(ours, key, theirs, code_here, home)


def _absorb_orders(
    ours: Sequence[Partition], key: HashKey, theirs: Partition, code_here: Codes, home: Codes
) -> None:
    orders = theirs.orders(key)
    if orders is None:
        return
    codes, rows, ids = orders
    by_home = np.argsort(home[codes], kind="stable")
    ends = np.searchsorted(home[codes][by_home], np.arange(len(ours) + 1))
    for partition, first, last in zip(ours, ends[:-1], ends[1:], strict=True):
        chosen = by_home[first:last]
        if len(chosen):
            with partition.lock:
                partition.absorb_orders(code_here[codes[chosen]], rows[chosen], ids)
