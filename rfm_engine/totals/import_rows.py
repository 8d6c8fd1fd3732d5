"""Convert rows of an export to the contents of tables; every value is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import frozen, valid_mask, values
from rfm_engine.kernels.types import Integers, Mask, Records
from rfm_engine.orders.group_keys import GroupIds, within_groups
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys, keys_of
from rfm_engine.orders.time.clock import DAY_US
from rfm_engine.totals.export_shape import ExportShape
from rfm_engine.totals.tables.contents import Contents, NetEntries, OrderEntries
from rfm_engine.totals.tables.day_totals import DayEntries
from rfm_engine.totals.tables.measures import COUNT_BITS, FAR_US, UNKNOWN_FIRST
from rfm_engine.totals.wide_sums import carries_of, halves_of

_MOST_CARRY = 1 << (62 - COUNT_BITS)
# 0001-01-01 and 9999-12-31: the range that is allowed for orders.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_FIRST_US, _LAST_US = _FIRST_DAY * DAY_US, (_LAST_DAY + 1) * DAY_US - 1


def contents_of(shape: ExportShape, batch: pa.RecordBatch) -> Contents:
    """Return the customers of a batch; its types may have other widths than in an export.

    Raises
    ------
    DataError
        A column is missing, or has values that an export cannot have.
    """
    columns = {field.name: _column(batch, field) for field in shape.schema}
    keys = _keys(shape, columns)
    first, last = (_instants(columns, name) for name in ("first_us", "last_us"))
    _refuse(~shape.first_is_unknown & (first[1] != last[1]), "first_us")
    _refuse(first[1] & (first[0] > last[0]), "last_us")
    n_orders = _required(columns, "n_orders")
    _refuse(
        (n_orders < 0) | (n_orders >> COUNT_BITS != 0) | ((n_orders > 0) != last[1]), "n_orders"
    )
    sums = _required_sums(columns["sum_minor"], "sum_minor")
    sum_minor, carry = carries_of(sums)
    _refuse(np.abs(carry) > _MOST_CARRY, "sum_minor")
    orders = days = net = None
    own = n_orders
    if shape.net is not None:
        net = _net(shape, columns)
        first, last, own = _without_id(columns)
    elif shape.order is not None or shape.days:
        orders = _orders(shape, columns)
        own = n_orders - np.bincount(orders.rows, minlength=len(n_orders))
        _refuse(own < 0, "n_orders")
    if shape.day_sums:
        days = _day_sums(columns)
    unknown = UNKNOWN_FIRST if shape.first_is_unknown or net is not None else 0
    records = _records(first, last, own + (carry << COUNT_BITS), sum_minor, unknown)
    return Contents(keys, records, orders, days, net)


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    if batch.schema.names.count(field.name) != 1:
        raise _damaged(f"no column {field.name!r}, or several")
    column = batch.column(field.name)
    try:
        column.validate(full=True)
        column = column if column.type == field.type else column.cast(field.type)
        column.validate(full=True)
    except (pa.ArrowException, NotImplementedError) as error:
        raise _damaged(f"{error} in column {field.name!r}") from None
    return column


def _keys(shape: ExportShape, columns: dict[str, pa.Array]) -> Keys:
    customer, *by = shape.id_names
    _refuse_nulls(columns[customer], customer)
    keys = keys_of(columns[customer])
    if not by:
        assert isinstance(keys, IntKeys | ByteKeys)
        return keys
    groups = columns[by[0]]
    return within_groups(keys, GroupIds(keys_of(groups), valid_mask(groups)))


def _records(
    first: tuple[Integers, Mask],
    last: tuple[Integers, Mask],
    count: Integers,
    sums: Integers,
    unknown: int,
) -> Records:
    records = np.empty((len(sums), 4), np.int64)
    records[:, 0] = np.where(first[1], FAR_US - first[0], unknown)
    records[:, 1] = np.where(last[1], FAR_US + last[0], 0)
    records[:, 2] = count
    records[:, 3] = sums
    return records


def _orders(shape: ExportShape, columns: dict[str, pa.Array]) -> OrderEntries:
    name = "days" if shape.days else "order_ids"
    rows, items = _listed(columns, name)
    _refuse_nulls(items, name)
    if shape.days:
        return OrderEntries(rows, _days(items, name), None)
    return OrderEntries(rows, *_order_keys(items))


def _net(shape: ExportShape, columns: dict[str, pa.Array]) -> NetEntries:
    assert shape.net is not None
    name = "orders"
    rows, items = _listed(columns, name)
    _refuse_nulls(items, name)
    parts = dict(zip([field.name for field in shape.order_fields], items.flatten(), strict=True))
    has_id = valid_mask(parts["order_id"])
    alone = np.zeros(len(rows), np.bool_) if has_id is None else ~has_id
    marks = None
    if shape.net.by_day:
        _refuse_nulls(parts["day"], name)
        marks = (_days(parts["day"], name) << 1 | alone).astype(np.int32)
    else:
        _refuse(alone, name)
    found, keys = _order_keys(parts["order_id"])
    halves = halves_of(_required_sums(parts["sum_minor"], name))
    if halves is None or (np.abs(halves[0]) >> 62 != 0).any():
        raise _damaged(f"an invalid value in column {name!r}")
    refunded = _truths(parts["refunded"], name)
    first, last = (_instants(parts, each) for each in ("first_us", "last_us"))
    _refuse((first[1] != last[1]) | first[1] & (first[0] > last[0]), name)
    return NetEntries(
        rows, found if marks is None else np.where(alone, 0, found),
        halves[0] << 1 | refunded, halves[1].astype(np.uint32),
        np.where(first[1], FAR_US - first[0], 0), np.where(last[1], FAR_US + last[0], 0),
        marks, keys,
    )  # fmt: skip


def _without_id(
    columns: dict[str, pa.Array],
) -> tuple[tuple[Integers, Mask], tuple[Integers, Mask], Integers]:
    name = "without_id"
    _refuse_nulls(columns[name], name)
    parts = dict(zip(("first_us", "last_us", "n_orders"), columns[name].flatten(), strict=True))
    first, last = (_instants(parts, each) for each in ("first_us", "last_us"))
    own = _required(parts, "n_orders")
    _refuse((first[1] != last[1]) | (first[1] & (first[0] > last[0])), name)
    _refuse((own < 0) | (own >> COUNT_BITS != 0) | ((own > 0) != last[1]), name)
    return first, last, own


def _day_sums(columns: dict[str, pa.Array]) -> DayEntries:
    name = "day_sums"
    rows, items = _listed(columns, name)
    _refuse_nulls(items, name)
    day, refunds, sums = items.flatten()
    _refuse_nulls(day, name)
    halves = halves_of(_required_sums(sums, name))
    if halves is None:
        raise _damaged(f"an invalid value in column {name!r}")
    return DayEntries(rows, _days(day, name) << 1 | _truths(refunds, name), *halves)


def _listed(columns: dict[str, pa.Array], name: str) -> tuple[npt.NDArray[np.uint32], pa.Array]:
    """Return the row of each list item, and the items of all lists."""
    lists: Any = columns[name]
    _refuse_nulls(lists, name)
    lengths = values(lists.value_lengths(), np.int32)
    return np.repeat(np.arange(len(lists), dtype=np.uint32), lengths), lists.flatten()


def _order_keys(ids: pa.Array) -> tuple[Integers, ByteKeys | None]:
    keys = keys_of(ids)
    if isinstance(keys, IntKeys):
        return keys.bits.view(np.int64), None
    assert isinstance(keys, ByteKeys)
    return np.arange(len(ids)), keys


def _instants(columns: dict[str, pa.Array], name: str) -> tuple[Integers, Mask]:
    column = columns[name]
    mask = valid_mask(column)
    present = np.ones(len(column), np.bool_) if mask is None else mask
    times = values(column, np.int64)
    _refuse(present & ((times < _FIRST_US - DAY_US) | (times > _LAST_US + DAY_US)), name)
    return times, present


def _days(column: pa.Array, name: str) -> Integers:
    days = values(column, np.int32).astype(np.int64)
    _refuse((days < _FIRST_DAY - 1) | (days > _LAST_DAY + 1), name)
    return days


def _required(columns: dict[str, pa.Array], name: str) -> Integers:
    _refuse_nulls(columns[name], name)
    return values(columns[name], np.int64)


def _required_sums(sums: pa.Array, name: str) -> pa.Array:
    _refuse_nulls(sums, name)
    return sums


def _truths(column: pa.Array, name: str) -> Integers:
    _refuse_nulls(column, name)
    return frozen(column.cast(pa.int8()).to_numpy(zero_copy_only=False)).astype(np.int64)


def _refuse_nulls(column: pa.Array, name: str) -> None:
    if column.null_count:
        raise _damaged(f"null in column {name!r}")


def _refuse(faulty: Mask, name: str) -> None:
    if faulty.any():
        raise _damaged(f"an invalid value in column {name!r}")


def _damaged(got: str) -> DataError:
    return DataError(f"export must be undamaged; got {got}. Export the totals again.")
