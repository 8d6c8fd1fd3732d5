"""Add the customers of one partition to the partitions of other totals, with any hash keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer.batch import Batch
from rfm_engine.totals.buffer.rows import Layout, Span, Waiting
from rfm_engine.totals.buffer.texts import placed_alone
from rfm_engine.totals.tables.contents import Contents, NetEntries, OrderEntries
from rfm_engine.totals.tables.day_totals import DayEntries
from rfm_engine.totals.tables.dense_ids import DenseRange
from rfm_engine.totals.tables.partition import Partition


def absorb(
    ours: Sequence[Partition],
    borders: npt.NDArray[np.int64],
    key: HashKey,
    layout: Layout,
    dense: DenseRange | None,
    theirs: Contents,
) -> None:
    """Add all of `theirs` to `ours`; partition `i` has the bins `borders[i]:borders[i + 1]`."""
    keys, records = theirs.keys, theirs.records
    n = len(records)
    if not n:
        return
    nothing, counted = frozen(np.zeros(n, np.int64)), frozen(np.zeros(n, np.uint8))
    rows = OrderRows(
        keys, frozen(np.arange(n)), nothing, counted, np.array([n]), 0, None, frozenset(), None,
        None, None,
    )  # fmt: skip
    alike = Layout(layout.of_bytes, None, id_bytes=layout.id_bytes)
    batch, waiting = Batch.of(rows, alike, key, dense), Waiting(alike)
    waiting.make_room(n, batch.n_text_words, 0)
    batch.write(waiting, Span(0, 0), key)
    waiting.enter(batch.route.bounds)
    code_here = np.empty(n, np.uint32)
    home = np.empty(n, np.uint16)
    for number, (partition, pieces) in enumerate(zip(ours, waiting.pieces(borders), strict=True)):
        if pieces.n_rows:
            codes, numbers = partition.absorb(waiting, pieces, records)
            code_here[numbers] = codes
            home[numbers] = number
    if theirs.orders is not None:
        _absorb_orders(ours, key, theirs.orders, code_here, home)
    if theirs.days is not None:
        _absorb_days(ours, theirs.days, code_here, home)
    if theirs.net is not None:
        _absorb_net(ours, key, theirs.net, code_here, home)


def _absorb_orders(
    ours: Sequence[Partition],
    key: HashKey,
    theirs: OrderEntries,
    code_here: npt.NDArray[np.uint32],
    home: npt.NDArray[np.uint16],
) -> None:
    codes, values, keys = theirs
    found, texts = (None, None) if keys is None else placed_alone(keys, key)
    for partition, chosen in _dealt_out(ours, home[codes]):
        assert partition.orders is not None
        customers = code_here[codes[chosen]]
        if found is None or texts is None:
            partition.orders.add_ints(customers, values[chosen])
        else:
            partition.orders.add_texts(customers, found[values[chosen]], texts)


def _absorb_days(
    ours: Sequence[Partition],
    theirs: DayEntries,
    code_here: npt.NDArray[np.uint32],
    home: npt.NDArray[np.uint16],
) -> None:
    for partition, chosen in _dealt_out(ours, home[theirs.rows]):
        assert partition.days is not None
        entries = theirs.take(chosen)
        partition.days.absorb(code_here[entries.rows], entries)


def _absorb_net(
    ours: Sequence[Partition],
    key: HashKey,
    theirs: NetEntries,
    code_here: npt.NDArray[np.uint32],
    home: npt.NDArray[np.uint16],
) -> None:
    found, texts = (None, None) if theirs.keys is None else placed_alone(theirs.keys, key)
    for partition, chosen in _dealt_out(ours, home[theirs.rows]):
        assert partition.net is not None
        entries = theirs.take(chosen)
        partition.net.absorb(code_here[entries.rows], entries, found, texts)


def _dealt_out(
    ours: Sequence[Partition], homes: npt.NDArray[np.uint16]
) -> Iterator[tuple[Partition, npt.NDArray[np.intp]]]:
    """Yield each partition that has entries, and the positions of its entries."""
    # Homes have 16 bits, so that numpy uses a radix sort, which takes linear time.
    by_home = np.argsort(homes, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(homes, minlength=len(ours)))])
    for partition, first, last in zip(ours, ends[:-1], ends[1:], strict=True):
        if last > first:
            yield partition, by_home[first:last]
