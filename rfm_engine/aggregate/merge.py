"""One partition's customers added to the partitions of other totals, whatever their hash keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.contents import Contents, OrderEntries
from rfm_engine.aggregate.dense import DenseRange
from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.partition import Partition
from rfm_engine.aggregate.routing import route
from rfm_engine.aggregate.scatter import NO_NUMBERS, scatter
from rfm_engine.aggregate.texts import WaitingTexts, placed_alone
from rfm_engine.aggregate.waiting import Layout, Waiting
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import ByteKeys


def absorb(
    ours: Sequence[Partition],
    borders: npt.NDArray[np.int64],
    key: HashKey,
    layout: Layout,
    dense: DenseRange | None,
    theirs: Contents,
) -> None:
    """Add all of `theirs` to `ours`, of which each has the bins between two of `borders`."""
    keys, records = theirs.keys, theirs.records
    n = len(records)
    if not n:
        return
    routed = route(keys, frozen(np.zeros(n, np.uint8)), key, dense)
    waiting = Waiting(Layout(layout.of_bytes, None))
    texts = WaitingTexts.of(keys, routed) if isinstance(keys, ByteKeys) else None
    waiting.make_room(n, 0 if texts is None else texts.n_words, 0)
    places = NO_NUMBERS if texts is None else texts.write(waiting.texts, 0)
    rows = frozen(np.arange(n))
    nothing = frozen(np.zeros(n, np.int64))
    scatter(routed, waiting.rows, [rows, nothing, places])
    waiting.enter(routed.bounds)
    code_here = np.empty(n, np.uint32)
    home = np.empty(n, np.uint16)
    for number, (partition, pieces) in enumerate(zip(ours, waiting.pieces(borders), strict=True)):
        if pieces.n_rows:
            codes, rows = partition.absorb(waiting, pieces, records)
            code_here[rows] = codes
            home[rows] = number
    if theirs.orders is not None:
        _absorb_orders(ours, key, theirs.orders, code_here, home)


def _absorb_orders(
    ours: Sequence[Partition],
    key: HashKey,
    theirs: OrderEntries,
    code_here: npt.NDArray[np.uint32],
    home: npt.NDArray[np.uint16],
) -> None:
    codes, values, keys = theirs
    found, texts = (None, None) if keys is None else placed_alone(keys, key)
    homes = home[codes]
    # Of 16 bits, so that numpy sorts by counting: the time grows with the orders and no faster.
    by_home = np.argsort(homes, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(homes, minlength=len(ours)))])
    for partition, first, last in zip(ours, ends[:-1], ends[1:], strict=True):
        chosen = by_home[first:last]
        if not len(chosen) or partition.orders is None:
            continue
        customers = code_here[codes[chosen]]
        if found is None or texts is None:
            partition.orders.add_ints(customers, values[chosen])
        else:
            partition.orders.add_texts(customers, found[values[chosen]], texts)
