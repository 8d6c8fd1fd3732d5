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
from rfm_engine.options.messages import message, named
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.customer_orders import AFTER, DAY, FIRST_DAY, NUMBER, Bucket
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.rows import BucketFolder
from rfm_engine.result.snapshot import Snapshot

LINES, ORDERS = "lines", "orders"
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


class _Plan(NamedTuple):
    """The columns to read, which of them are text, and the columns to take over per relation.

    None means that a relation is not written.
    """

    read: list[str]
    texts: list[str]
    lines: list[str] | None
    orders: list[str] | None
    by_days: bool

    @classmethod
    def of(cls, folder: BucketFolder, by: str | None, wanted: Wanted, *, by_days: bool) -> _Plan:
        """Return the plan for some relations."""
        ids = [CUSTOMER, *([] if by is None else [by])]
        held = [name for name in folder.columns if name not in ids]
        lines = orders = None
        if wanted.lines is None:
            lines = [*ids, *held]
        elif wanted.lines:
            named = {*wanted.lines, *wanted.attributes}
            lines = [*ids, *(name for name in held if name in named)]
        if wanted.orders is None or wanted.orders:
            of_orders = {"moment", "local", "day", ORDER} & {*(wanted.orders or held)}
            of_orders |= {DAY} if {"prev_day", FIRST_DAY} & {*(wanted.orders or ())} else set()
            orders = [*ids, *(name for name in held if name in of_orders)]
        needed = {*ids, ORDER, "moment", "minor", *(lines or ()), *(orders or ())}
        needs_days = by_days or FIRST_DAY in (wanted.lines or ())
        needed |= {*wanted.attributes, *([DAY] if needs_days else [])}
        texts = [name for name in folder.texts if name not in (*ids, ORDER)]
        return cls([n for n in folder.columns if n in needed], texts, lines, orders, by_days)


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
            message(
                "rows must have the column {!r}; got {}. Normalise the orders again with "
                "{carry:{}}.",
                missing[0], ", ".join(folder.columns), missing[0],
            )
        )  # fmt: skip
    _refuse_unnamed(folder, wanted)
    plan = _Plan.of(folder, by, wanted, by_days=snapshot.options["frequency"] == "days")

    def one(number: int) -> Counts:
        rows = pq.ParquetFile(folder.files[number]).read(plan.read, use_threads=False)
        rows = _with_dictionaries(rows, plan.texts)
        bucket = Bucket(rows, by, wanted.attributes, is_net=is_net)
        n_orders = bucket.n_orders
        if plan.lines is not None:
            lines = bucket.lines(plan.lines)
            _write(_chosen(_grouped(lines, by, customers), wanted.lines), out / LINES, number)
        if plan.orders is not None:
            orders = bucket.orders(plan.orders)
            _write(_chosen(_grouped(orders, by, customers), wanted.orders), out / ORDERS, number)
        if plan.by_days:
            days = bucket.orders(["day"])
            n_orders = bucket.n_customers + _count(pc.not_equal(days["day"], days["prev_day"]))
        return Counts(len(rows), bucket.n_customers, n_orders, bucket.minor)

    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(one, range(len(folder.files))))
    refuse_others(Counts(*map(sum, zip(*counted, strict=True))), snapshot)


def _refuse_unnamed(folder: BucketFolder, wanted: Wanted) -> None:
    """Refuse rows without a column that a query needs and that an option names."""
    for name, option in (("units", "units"), ("disc_minor", "discount")):
        if name in (wanted.lines or ()) and name not in folder.columns:
            raise UsageError(
                message(
                    "rows must have the column of {}; got {}. Name it, and normalise the orders "
                    "again if they are in a folder.",
                    named(option), ", ".join(folder.columns),
                )
            )  # fmt: skip


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


def _with_dictionaries(rows: pa.Table, names: Collection[str]) -> pa.Table:
    """Return the rows with some columns of text as dictionaries, which are faster to reorder."""
    for name in names:
        if name in rows.column_names:
            place = rows.column_names.index(name)
            encoded = rows[name].combine_chunks().dictionary_encode()
            rows = rows.set_column(place, name, encoded)
    return rows


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
    left_out = {NUMBER, AFTER, DAY, FIRST_DAY, "prev_day"} - {*names}
    return table.drop_columns([name for name in table.column_names if name in left_out])


def _write(table: pa.Table, folder: Path, number: int) -> None:
    # The file is read a few times only, so that speed matters more than size.
    place = folder / f"part-{number:05}.parquet"
    shared = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(
        table, place, compression="none", use_dictionary=shared, row_group_size=_GROUP_ROWS,
        write_statistics=False, store_schema=False,
    )  # fmt: skip


def _count(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0
