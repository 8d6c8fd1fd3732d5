"""Prepare normalised rows for queries: lines with the number of their order, and orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError
from rfm_engine.kernels.arrays import values
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.customer_orders import NUMBER, customer_orders
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.rows import BucketFolder
from rfm_engine.result.snapshot import Snapshot

LINES, ORDERS = "lines", "orders"
_BASE = ("moment", "local", "day", "minor")
# Written and read a few times only, so that speed matters more than size.
_COMPRESSION = "lz4"
_MONEY = "the net amount of these customers"
_GROUP_ROWS = 1 << 18


class Counts(NamedTuple):
    """What rows and a snapshot must have in common; `minor` is of customers with an order."""

    rows: int
    customers: int
    orders: int
    minor: int


class Wanted(NamedTuple):
    """The columns that queries read, and the columns that order rows without an order id.

    Attributes
    ----------
    lines, orders
        Names of columns; None means all columns, and no columns that the relation is not read.
    attributes
        Columns of the input that queries read as `attribute`. They decide the order of rows as in
        `customer_orders`.
    """

    lines: Collection[str] | None
    orders: Collection[str] | None
    attributes: Sequence[str]


def prepare(
    folder: BucketFolder, customers: Customers, wanted: Wanted, out: Path, threads: int
) -> None:
    """Write the relations `lines` and `orders` to the folders of these names in `out`.

    Raises
    ------
    DataError
        The rows are not those of the snapshot.
    """
    for name in (LINES, ORDERS):
        (out / name).mkdir()
    snapshot = customers.snapshot
    by: str | None = snapshot.options["by"]
    is_net = snapshot.options["refunds"] == "net-order"
    missing = [name for name in wanted.attributes if name not in folder.columns]
    if missing:
        raise UsageError(
            f"rows must have the column {missing[0]!r}; got {', '.join(folder.columns)}. Normalise "
            "the orders again with this column (--carry)."
        )
    named = folder.columns if wanted.lines is None else wanted.lines
    needed = {CUSTOMER, by, ORDER, *_BASE, *named, *wanted.attributes}
    read = [name for name in folder.columns if name in needed]

    def one(number: int) -> Counts:
        rows = pq.ParquetFile(folder.files[number]).read(read)
        found = customer_orders(rows, by, wanted.attributes, is_net=is_net)
        lines, orders = (_grouped(each, by, customers) for each in found)
        if wanted.lines != []:
            names = None if wanted.lines is None else {*wanted.lines, *wanted.attributes}
            _write(_chosen(lines, names), out / LINES, number)
        if wanted.orders != []:
            _write(_chosen(orders, wanted.orders), out / ORDERS, number)
        by_days = snapshot.options["frequency"] == "days"
        return _counts(len(rows), found.lines, orders, by_days=by_days)

    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(one, range(len(folder.files))))
    refuse_others(Counts(*map(sum, zip(*counted, strict=True))), snapshot)


def refuse_others(found: Counts, snapshot: Snapshot) -> None:
    """Refuse rows that are not those of the snapshot.

    Raises
    ------
    DataError
        A count or the net amount differs.
    """
    totals = snapshot.segment_totals
    asked = Counts(
        snapshot.rows.counted, snapshot.n_customers, sum(each.orders for each in totals),
        sum(each.monetary_minor for each in totals),
    )  # fmt: skip
    counted = "days with orders" if snapshot.options["frequency"] == "days" else "orders"
    words = ("the number of counted rows", "the number of customers with an order",
             f"the number of {counted}", _MONEY)  # fmt: skip
    for word, mine, theirs in zip(words, found, asked, strict=True):
        if mine == theirs:
            continue
        shown = [f"{each:,}" for each in (theirs, mine)]
        if word == _MONEY:
            shown = [format_minor(each, snapshot.scale) for each in (theirs, mine)]
        raise DataError(
            f"rows must be those of the snapshot {str(snapshot.path)!r}, with {word} {shown[0]}; "
            f"got {shown[1]}. Give the orders that were scored."
        )


def _grouped(table: pa.Table, by: str | None, customers: Customers) -> pa.Table:
    """Return a table with the column `group_id` instead of the group."""
    if by is None:
        zeros = pa.array(np.zeros(len(table), np.int32))
        return table.append_column(GROUP, zeros)
    return table.append_column(GROUP, customers.group_ids(table[by]))


def _chosen(table: pa.Table, names: Collection[str] | None) -> pa.Table:
    """Return the columns with these names, and always group and customer."""
    if names is None:
        return table
    kept = {GROUP, CUSTOMER, *names}
    return table.select([name for name in table.column_names if name in kept])


def _write(table: pa.Table, folder: Path, number: int) -> None:
    place = folder / f"part-{number:05}.parquet"
    pq.write_table(table, place, compression=_COMPRESSION, row_group_size=_GROUP_ROWS)


def _counts(n_rows: int, lines: pa.Table, orders: pa.Table, *, by_days: bool) -> Counts:
    n_customers = _count(pc.equal(orders[NUMBER], 1))
    n_orders = len(orders)
    if by_days:
        n_orders = n_customers + _count(pc.not_equal(orders["day"], orders["prev_day"]))
    minor = [values(chunk, np.int64) for chunk in lines["minor"].chunks]
    # In halves, because the sum of many amounts may exceed 64 bits.
    high = sum(int((each >> 32).sum()) for each in minor)
    low = sum(int((each & 0xFFFFFFFF).sum()) for each in minor)
    return Counts(n_rows, n_customers, n_orders, (high << 32) + low)


def _count(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0
