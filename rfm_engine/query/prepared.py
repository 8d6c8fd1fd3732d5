"""Prepare normalised rows for queries: lines with the number of their order, and orders."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError, shown_cause
from rfm_engine.options.messages import message, named
from rfm_engine.orders.roles import likely_column
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.agreement import Counts, ids_sum, refuse_others
from rfm_engine.query.customer_orders import AFTER, DAY, FIRST_DAY, NUMBER, Bucket, Piece
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.row_plan import GROUP_OF_ROWS, PREVIOUS_DAY, RowPlan, Wanted
from rfm_engine.query.rows import BucketFolder
from rfm_engine.result.snapshot import Snapshot

LINES, ORDERS = "lines", "orders"
_OF_CUSTOMERS = {CUSTOMER, GROUP, FIRST_DAY, NUMBER, AFTER}
_MAY_BE_MISSING = ("list_minor", "cost_minor")


def prepare(  # noqa: PLR0913 - the rows, and how they are read
    folder: BucketFolder, customers: Customers, wanted: Wanted, out: Path, threads: int,
    until: date | None = None,
) -> None:  # fmt: skip
    """Write the relations `lines` and `orders` to the folders of these names in `out`.

    Parameters
    ----------
    until
        The last day to read; the rows need not be those of the snapshot then.

    Raises
    ------
    DataError
        The rows are not those of the snapshot, their ids are of another type, or a file is damaged.
    """
    for name in (LINES, ORDERS):
        (out / name).mkdir()
    snapshot = customers.snapshot
    by: str | None = snapshot.options["by"]
    is_net = snapshot.options["refunds"] == "net-order"
    _refuse_missing(folder, wanted)
    ids = _type_of_ids(folder, snapshot)
    by_days = snapshot.options["frequency"] == "days"
    plan = RowPlan.of(folder, by, wanted, needs_days=by_days or until is not None)
    group = None if by is None else GROUP_OF_ROWS

    def one(number: int) -> Counts:
        rows = _with_ids(_up_to(_read(folder.files[number], plan), until), ids)
        name = f"part-{number:05}.parquet"
        counts = Counts.none()
        with _Writer(out / LINES / name) as lines, _Writer(out / ORDERS / name) as orders:
            for piece in Bucket(rows, group).pieces(wanted.places, is_net=is_net):
                if plan.lines is not None:
                    table = _grouped(piece.lines(plan.lines, of_all=wanted.all_lines), customers)
                    lines.write(_with_missing(_chosen(table, wanted.lines), wanted.lines))
                if plan.orders is not None:
                    table = _grouped(piece.orders(plan.orders), customers)
                    orders.write(_chosen(table, wanted.orders))
                counts += _counts(piece, customers, by_days=by_days)
        return counts

    with ThreadPoolExecutor(threads) as pool:
        counted = sum(pool.map(one, range(len(folder.files))), Counts.none())
    if until is None:
        refuse_others(counted, customers)


def _refuse_missing(folder: BucketFolder, wanted: Wanted) -> None:
    """Refuse rows without an attribute, or without a column that an option names."""
    for name in wanted.attributes:
        if name in folder.columns:
            _refuse_nested(name, folder)
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
        if name in (wanted.lines or ()) and name not in folder.own:
            raise UsageError(
                message(
                    "rows must have the column of {}; got none. Name it, and normalise the orders "
                    "again if they are in a folder.",
                    named(option),
                )
            )


def _type_of_ids(folder: BucketFolder, snapshot: Snapshot) -> pa.DataType:
    """Return the type of ids in the snapshot; refuse rows whose ids are of another kind."""
    asked, found = snapshot.schema.field(0).type, folder.schema.field(CUSTOMER).type
    if asked != found and not (pa.types.is_integer(asked) and pa.types.is_integer(found)):
        raise _other_ids(asked, found)
    return asked


def _other_ids(asked: pa.DataType, found: object) -> DataError:
    return DataError(
        message(
            "ids of {rows} must have the type of the customers of the snapshot, {}; got {}. Give "
            "the orders that were scored.",
            asked, found,
        )
    )  # fmt: skip


def _with_ids(rows: pa.Table, kind: pa.DataType) -> pa.Table:
    """Return rows with ids of the type of the snapshot, such as int64 instead of uint64."""
    ids = rows[CUSTOMER]
    if ids.type == kind:
        return rows
    try:
        converted = ids.cast(kind)
    except pa.ArrowInvalid:
        raise _other_ids(kind, f"a number that is not {kind}") from None
    return rows.set_column(rows.column_names.index(CUSTOMER), CUSTOMER, converted)


def _refuse_nested(name: str, folder: BucketFolder) -> None:
    kind = folder.schema.field(name).type
    if pa.types.is_nested(kind):
        raise UsageError(
            message(
                "column {!r} of {rows} must have single values to be compared; got {}. Choose a "
                "part of it in the input.",
                name, kind,
            )
        )  # fmt: skip


def _read(place: Path, plan: RowPlan) -> pa.Table:
    """Read a bucket, with dictionaries for texts, which makes it faster to reorder them."""
    try:
        return _read_bucket(place, plan)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"file {str(place)!r} of the rows must be undamaged Parquet; got {shown_cause(error)}. "
            "Normalise the orders again."
        ) from error


def _read_bucket(place: Path, plan: RowPlan) -> pa.Table:
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
    read = list(dict.fromkeys(source for _, source in plan.sources))
    rows = file.read(read, use_threads=False).unify_dictionaries()
    columns = {name: rows[name] for name in read}
    for name in plan.texts:
        if name not in held:
            columns[name] = rows[name].combine_chunks().dictionary_encode()
    found = {name: columns[source] for name, source in plan.sources}
    group = found.get(GROUP_OF_ROWS)
    if group is not None and pa.types.is_dictionary(group.type):  # it is an attribute too
        found[GROUP_OF_ROWS] = group.cast(group.type.value_type)
    return pa.table(found)


def _up_to(rows: pa.Table, until: date | None) -> pa.Table:
    """Return the rows up to a day; all rows without one."""
    if until is None:
        return rows
    import pyarrow.compute as pc

    return rows.filter(pc.less_equal(rows[DAY], until)).unify_dictionaries()


def _grouped(table: pa.Table, customers: Customers) -> pa.Table:
    """Return a table with the column `group_id` instead of the group, if there are groups."""
    if GROUP_OF_ROWS not in table.column_names:
        return table
    groups = customers.group_ids(table[GROUP_OF_ROWS])
    return table.drop_columns([GROUP_OF_ROWS]).append_column(GROUP, groups)


def _chosen(table: pa.Table, names: Collection[str] | None) -> pa.Table:
    """Return the columns with these names, and always group and customer."""
    if names is None:
        return table
    left_out = {NUMBER, AFTER, DAY, FIRST_DAY, PREVIOUS_DAY} - {*names}
    return table.drop_columns([name for name in table.column_names if name in left_out])


def _with_missing(table: pa.Table, names: Collection[str] | None) -> pa.Table:
    """Return the lines with nulls for list prices and costs that are wanted and not in the rows."""
    for name in _MAY_BE_MISSING:
        if name in (names or ()) and name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), pa.int64()))
    return table


def _counts(piece: Piece, customers: Customers, *, by_days: bool) -> Counts:
    names = [CUSTOMER] if customers.groups is None else [CUSTOMER, GROUP_OF_ROWS]
    people = _grouped(piece.customers(names), customers)
    n_orders = piece.n_days if by_days else piece.n_orders
    return Counts(piece.n_rows, len(people), n_orders, piece.minor, ids_sum(people))


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
            # Rows are in the order of customers, so that these columns have runs of equal values.
            compression = {
                name: "lz4" if name in _OF_CUSTOMERS else "none" for name in table.column_names
            }
            shared = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
            self._writer = self._opened.enter_context(
                pq.ParquetWriter(
                    self._place, table.schema, compression=compression, use_dictionary=shared,
                    write_statistics=False, store_schema=False,
                )
            )  # fmt: skip
        self._writer.write_table(table)
