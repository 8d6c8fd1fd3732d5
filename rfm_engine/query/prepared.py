"""Prepare normalised rows for queries: lines with the number of their order, and orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError
from rfm_engine.options.messages import message, named
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.roles import likely_column
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.customer_orders import AFTER, DAY, FIRST_DAY, NUMBER, Bucket, Piece
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.rows import BucketFolder
from rfm_engine.result.snapshot import Snapshot

LINES, ORDERS = "lines", "orders"


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
        texts = [name for name in folder.texts if name in needed - {*ids, ORDER}]
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
    _refuse_missing(folder, wanted)
    plan = _Plan.of(folder, by, wanted, by_days=snapshot.options["frequency"] == "days")

    def one(number: int) -> Counts:
        rows = _read(folder.files[number], plan)
        name = f"part-{number:05}.parquet"
        counts = Counts(0, 0, 0, 0)
        with _Writer(out / LINES / name) as lines, _Writer(out / ORDERS / name) as orders:
            for piece in Bucket(rows, by).pieces(wanted.attributes, is_net=is_net):
                if plan.lines is not None:
                    table = _grouped(piece.lines(plan.lines), by, customers)
                    lines.write(_chosen(table, wanted.lines))
                if plan.orders is not None:
                    table = _grouped(piece.orders(plan.orders), by, customers)
                    orders.write(_chosen(table, wanted.orders))
                counts = Counts(*map(sum, zip(counts, _counts(piece, plan), strict=True)))
        return counts

    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(one, range(len(folder.files))))
    refuse_others(Counts(*map(sum, zip(*counted, strict=True))), snapshot)


def _refuse_missing(folder: BucketFolder, wanted: Wanted) -> None:
    """Refuse rows without an attribute, or without a column that an option names."""
    for name in wanted.attributes:
        if name in folder.columns:
            continue
        likely = likely_column("attribute", name, folder.columns, ())
        hint = f"Did you mean {likely!r}? If not, n" if likely else "N"
        raise UsageError(
            message(
                "rows must have the column {!r}; got {}. {}ormalise the orders again with "
                "{carry:{}}.",
                name, ", ".join(folder.columns), hint, name,
            )
        )  # fmt: skip
    for name, option in (("units", "units"), ("disc_minor", "discount")):
        if name in (wanted.lines or ()) and name not in folder.columns:
            raise UsageError(
                message(
                    "rows must have the column of {}; got none. Name it, and normalise the orders "
                    "again if they are in a folder.",
                    named(option),
                )
            )


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
    words = ("counted rows", "customers with an order", counted, "")
    for word, mine, theirs in zip(words, found, asked, strict=True):
        if mine == theirs:
            continue
        if word:
            has, got = f"{theirs:,} {word}", f"{mine:,}"
        else:
            of_these, got = (format_minor(each, snapshot.scale) for each in (theirs, mine))
            has = f"a net amount of {of_these}"
        raise DataError(
            message(
                "rows must be those of the snapshot {!r}, which has {}; got {}. As {rows}, "
                "give the orders that were scored.",
                str(snapshot.path), has, got,
            )
        )  # fmt: skip


def _read(place: Path, plan: _Plan) -> pa.Table:
    """Read a bucket, with dictionaries for texts, which makes it faster to reorder them."""
    about = pq.read_metadata(place)
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    places = {about.schema.column(i).path: i for i in range(about.num_columns)}
    # Others have been written without a dictionary, at least in part.
    held = [
        name
        for name in plan.texts
        if all("RLE_DICTIONARY" in group.column(places[name]).encodings for group in groups)
    ]
    file = pq.ParquetFile(place, read_dictionary=held)
    rows = file.read(plan.read, use_threads=False).unify_dictionaries()
    for name in plan.texts:
        if name not in held:
            encoded = rows[name].combine_chunks().dictionary_encode()
            rows = rows.set_column(rows.column_names.index(name), name, encoded)
    return rows


def _grouped(table: pa.Table, by: str | None, customers: Customers) -> pa.Table:
    """Return a table with the column `group_id` instead of the group, if there are groups."""
    if by is None:
        return table
    return table.append_column(GROUP, customers.group_ids(table[by]))


def _chosen(table: pa.Table, names: Collection[str] | None) -> pa.Table:
    """Return the columns with these names, and always group and customer."""
    if names is None:
        return table
    left_out = {NUMBER, AFTER, DAY, FIRST_DAY, "prev_day"} - {*names}
    return table.drop_columns([name for name in table.column_names if name in left_out])


def _counts(piece: Piece, plan: _Plan) -> Counts:
    n_orders = piece.n_orders
    if plan.by_days:
        days = piece.orders(["day"])
        n_orders = piece.n_customers + _count(pc.not_equal(days["day"], days["prev_day"]))
    return Counts(piece.n_rows, piece.n_customers, n_orders, piece.minor)


class _Writer:
    """Write tables to a Parquet file, which is made when the first one is written.

    The file is read a few times only, so that speed matters more than size.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._opened = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def write(self, table: pa.Table) -> None:
        """Append a row group."""
        if self._writer is None:
            shared = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
            self._writer = self._opened.enter_context(
                pq.ParquetWriter(
                    self._place, table.schema, compression="none", use_dictionary=shared,
                    write_statistics=False, store_schema=False,
                )
            )  # fmt: skip
        self._writer.write_table(table)


def _count(mask: pa.ChunkedArray) -> int:
    return pc.sum(mask).as_py() or 0
