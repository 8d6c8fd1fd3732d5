"""Write the contents of tables as rows of an export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, cut
from rfm_engine.kernels.arrays import arrow, frozen
from rfm_engine.kernels.types import Integers, Records
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys
from rfm_engine.orders.kinds import OUTPUT_TYPES
from rfm_engine.totals.export_shape import DAY_SUMS, WITHOUT_ID, ExportShape
from rfm_engine.totals.records import HeldRecords, held_of
from rfm_engine.totals.tables.contents import Contents, NetEntries
from rfm_engine.totals.tables.measures import (
    COUNT,
    COUNT_BITS,
    FAR_US,
    FIRST,
    LAST,
    SUM,
    TOO_MANY,
    UNKNOWN_FIRST,
)
from rfm_engine.totals.tables.net_counts import held_net_orders
from rfm_engine.totals.wide_sums import of_carries, of_halves

_COUNTS = np.int64((1 << COUNT_BITS) - 1)
# Offsets of lists and strings have 32 bits. Batches are split well below that limit.
_MOST_BYTES = 1 << 28
_MOST_OFFSET = (1 << 31) - 1


class _Lists(NamedTuple):
    """The entries of each row, one after another; `order` has their positions."""

    order: npt.NDArray[np.intp]
    bounds: Integers

    @classmethod
    def of(cls, rows: npt.NDArray[np.uint32], n_rows: int) -> _Lists:
        bounds = np.zeros(n_rows + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=n_rows), out=bounds[1:])
        return cls(np.argsort(rows, kind="stable"), bounds)

    def among(self, first: int, last: int) -> npt.NDArray[np.intp]:
        """Return the positions of the entries of rows `first` to `last - 1`."""
        return self.order[self.bounds[first] : self.bounds[last]]

    def array(self, first: int, last: int, items: pa.Array) -> pa.Array:
        """Return the lists of rows `first` to `last - 1`; `items` are the entries."""
        bounds = self.bounds[first : last + 1] - self.bounds[first]
        return pa.ListArray.from_arrays(arrow(bounds.astype(np.int32)), items)


def batches_of(shape: ExportShape, contents: Contents, key: HashKey) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some customers, in several batches if their ids take many bytes.

    Raises
    ------
    DataError
        A customer has too many orders, or a text id is not UTF-8.
    RfmError
        The order ids of one customer take 2 GiB or more.
    """
    keys, records, orders, days, net = contents
    n = len(records)
    held = _held(shape, contents, key)
    too_many = np.flatnonzero(
        (records[:, FIRST] == TOO_MANY) | (held.records[:, FIRST] == TOO_MANY)
    )
    if len(too_many):
        name = shape.ids.name(keys.take(too_many[:1]))
        raise DataError(
            f"orders must be below 2^{COUNT_BITS} per customer; customer {name} has more. "
            "Correct them, or name another column."
        )
    weights = np.full(n, 64, np.int64) + _lengths(keys)
    lists = {}
    for name, entries in (("orders", orders), ("days", days), ("net", net)):
        if entries is not None:
            lists[name] = _Lists.of(entries.rows, n)
            weights += 64 * np.diff(lists[name].bounds)
    listed = orders if net is None else net
    if listed is not None and listed.keys is not None:
        with_id = _with_id(listed)
        lengths = _lengths(listed.keys)[listed.values[with_id]]
        weights += np.bincount(listed.rows[with_id], lengths, n).astype(np.int64)
    for first, last in _pieces(weights):
        if weights[first] > _MOST_OFFSET:
            name = shape.ids.name(keys.take(np.array([first])))
            raise RfmError(
                f"order ids of a customer must take less than 2 GiB to be exported; customer "
                f"{cut(name)} has more. Merge the totals instead."
            )
        columns = shape.ids.columns([keys.take(np.arange(first, last))])
        arrays: list[Any] = [column.combine_chunks() for column in columns]
        rows = held.records[first:last]
        n_orders = rows[:, COUNT] & _COUNTS
        if len(held.n_orders):
            n_orders = n_orders + held.n_orders[first:last]
        arrays += _times(rows)
        arrays += [arrow(n_orders), of_carries(rows[:, SUM], rows[:, COUNT] >> COUNT_BITS)]
        if net is not None:
            each = lists["net"].among(first, last)
            arrays.append(lists["net"].array(first, last, _orders(shape, net.take(each))))
            own = records[first:last]
            fields = [*_times(own), arrow(own[:, COUNT] & _COUNTS)]
            arrays.append(pa.StructArray.from_arrays(fields, fields=list(WITHOUT_ID)))
        elif orders is not None:
            each = lists["orders"].among(first, last)
            items = _order_ids(shape, orders.values[each], orders.keys)
            arrays.append(lists["orders"].array(first, last, items))
        if days is not None:
            some = days.take(lists["days"].among(first, last))
            sums = of_halves(some.high, some.low)
            fields = [_dates(some.values >> 1), arrow((some.values & 1).astype(np.bool_)), sums]
            items = pa.StructArray.from_arrays(fields, fields=list(DAY_SUMS))
            arrays.append(lists["days"].array(first, last, items))
        yield pa.RecordBatch.from_arrays(arrays, schema=shape.schema)


def _held(shape: ExportShape, contents: Contents, key: HashKey) -> HeldRecords:
    keys, records, _, _, net = contents
    if net is None or shape.net is None:
        return held_of(contents)
    return held_net_orders(lambda: keys, records, net, len(records), shape.net, key)


def _times(records: Records) -> list[pa.Array]:
    first, last = records[:, FIRST], records[:, LAST]
    has_first, has_last = first > UNKNOWN_FIRST, last > 0
    return [
        arrow(np.where(has_first, FAR_US - first, 0), valid=None if has_first.all() else has_first),
        arrow(np.where(has_last, last - FAR_US, 0), valid=None if has_last.all() else has_last),
    ]


def _orders(shape: ExportShape, net: NetEntries) -> pa.Array:
    with_id = _with_id(net)
    present = None if with_id.all() else with_id
    ids = _order_ids(shape, np.where(with_id, net.values, 0), net.keys, present)
    bought = net.first != 0
    valid = None if bought.all() else bought
    columns = [ids]
    if net.marks is not None:
        columns.append(_dates(net.marks.astype(np.int64) >> 1))
    columns += [
        of_halves(net.high >> 1, net.low.astype(np.int64)),
        arrow((net.high & 1).astype(np.bool_)),
        arrow(np.where(bought, FAR_US - net.first, 0), valid=valid),
        arrow(np.where(bought, net.last - FAR_US, 0), valid=valid),
    ]
    return pa.StructArray.from_arrays(columns, fields=shape.order_fields)


def _order_ids(
    shape: ExportShape,
    values: Integers,
    keys: ByteKeys | None,
    present: npt.NDArray[np.bool_] | None = None,
) -> pa.Array:
    if shape.days:
        return _dates(values)
    assert shape.order is not None
    if keys is None:
        return IntKeys(frozen(values.view(np.uint64))).to_arrow(OUTPUT_TYPES[shape.order], present)
    if present is None:
        return keys.take(values).to_arrow(OUTPUT_TYPES[shape.order])
    found = keys.take(values[present]).to_arrow(OUTPUT_TYPES[shape.order])
    places = np.cumsum(present) - 1
    return found.take(arrow(places, valid=present))


def _with_id(entries: Any) -> npt.NDArray[np.bool_]:
    marks = getattr(entries, "marks", None)
    return np.ones(len(entries.rows), np.bool_) if marks is None else marks & 1 == 0


def _dates(days: Integers) -> pa.Array:
    return arrow(days.astype(np.int32), pa.date32())


def _lengths(keys: Keys) -> Integers:
    if isinstance(keys, IntKeys):
        return np.full(len(keys.bits), 8, np.int64)
    return np.diff(keys.offsets)


def _pieces(weights: Integers) -> Iterator[tuple[int, int]]:
    """Split rows into runs of at most `_MOST_BYTES`; a longer row is a run by itself."""
    ends = np.cumsum(weights)
    first, before = 0, 0
    while first < len(weights):
        last = int(np.searchsorted(ends, before + _MOST_BYTES, "right"))
        last = max(last, first + 1)
        yield first, last
        first, before = last, int(ends[last - 1])
