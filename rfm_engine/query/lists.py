"""Read files about customers: lists of known customers, and contacts with the shop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, path_text, shown_value
from rfm_engine.kernels.arrays import arrow, is_text, valid_mask
from rfm_engine.options.messages import message, named
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.ids import ids_of
from rfm_engine.orders.place import MissingColumnError, Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.sources.entry import files_of, open_files
from rfm_engine.orders.time.clock import local_days, to_instants
from rfm_engine.orders.time.texts import parse_times
from rfm_engine.query.csv_files import csv_format_of
from rfm_engine.query.snapshot_options import reading_of
from rfm_engine.result.snapshot import Snapshot


def read_customer_file(
    option: str, given: str | os.PathLike[str], snapshot: Snapshot, days: Mapping[str, str | None],
    texts: Sequence[str] = (),
) -> pa.Table:  # fmt: skip
    """Read the ids of customers and some columns of a CSV, Parquet or Arrow file.

    Parameters
    ----------
    option
        The option that names the file, for messages.
    given
        The path or URI. The column of ids has the name of the customer column of the orders.
    days
        The columns of times to read as local days, by the name of the result; None is a column of
        nulls.
    texts
        The columns to read as text.

    Returns
    -------
    pyarrow.Table
        `customer_id` in the type of the snapshot, the days, and the texts. Rows without an id are
        left out.

    Raises
    ------
    UsageError
        The file or a column does not exist.
    DataError
        Ids are of another type than in the snapshot, or a value is not a time.
    """
    reading = reading_of(snapshot)
    customer: str = reading.options["customer"]
    kind = snapshot.schema.field(0).type
    columns = [name for name in days.values() if name is not None]
    files = files_of(path_text(named(option), given)) or []
    try:
        csv = csv_format_of(files, reading.csv)
        sources = open_files(files, [customer, *columns, *texts], csv_format=csv, roles={})
    except MissingColumnError as error:
        raise error.advised(_advice(error.column, customer, days)) from None
    schema = pa.schema([
        (CUSTOMER, kind), *((name, pa.date32()) for name in days),
        *((name, pa.string()) for name in texts),
    ])  # fmt: skip
    found = [pa.Table.from_batches([], schema)]
    for source in sources:
        for read in source.reads():
            for rows, place in read:
                batch = Batch(rows, place)
                ids = _ids(batch, reading, kind, option, text=source.text)
                arrays = [ids, *(days_of(batch, name, reading, place) for name in days.values())]
                arrays += [batch.column(name).cast(pa.string()) for name in texts]
                table = pa.Table.from_arrays(arrays, schema=schema)
                found.append(table.filter(ids.is_valid()))
    return pa.concat_tables(found)


def _advice(missing: str, customer: str, days: Mapping[str, str | None]) -> str:
    if missing == customer:
        return f"Rename the column of ids to {customer!r}, as in the orders."
    if missing == days.get("registered"):
        return message("Correct {registered}.")
    return f"Rename the column to {missing!r}."


def _ids(batch: Batch, reading: Reading, kind: pa.DataType, option: str, *, text: bool) -> pa.Array:
    customer = reading.options["customer"]
    ids = ids_of(batch, customer, reading, text=text)
    if isinstance(ids, pa.DictionaryArray):
        ids = ids.dictionary.take(ids.indices)
    is_parsed = text and pa.types.is_integer(kind)
    alike = is_text(ids.type) == is_text(kind) or is_parsed
    try:
        if alike:
            return ids.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    raise DataError(
        message(
            "ids of {} must have the type of the customers, {}; got {} such as {}. Convert the "
            "column {!r}.",
            named(option), kind, ids.type, shown_value(ids[0]), customer,
        )
    )  # fmt: skip


def _parsed(texts: pa.Array, name: str, batch: Batch) -> pa.Array:
    """Return texts as times; options about the times of orders do not apply.

    Raises
    ------
    DataError
        A text is no time, or only some have a time zone.
    """
    found = parse_times(texts, None)
    for row, wanted in (
        (found.unreadable, "dates or times such as 2026-10-31 or 2026-10-31 17:30"),
        (found.mixed, "a time zone in all times, or in none"),
    ):
        if row >= 0:
            raise DataError(
                f"column {name!r} must have {wanted}; got {shown_value(str(texts[row]))} in "
                f"{batch.where(row)}. Correct it."
            )
    return found.times


def days_of(batch: Batch, name: str | None, reading: Reading, place: Place) -> pa.Array:
    """Return the local days of a column of dates or times; nulls if there is no column."""
    if name is None:
        return pa.nulls(len(batch.reason), pa.date32())
    times = batch.column(name)
    if is_text(times.type):
        times = _parsed(times, name, batch)
    elif not (pa.types.is_date(times.type) or pa.types.is_timestamp(times.type)):
        raise UsageError(
            f"column {name!r} of {place.name} must have dates or times; got {times.type}. Convert "
            "it."
        )
    moments, bad = to_instants(times, reading.zone)
    valid = valid_mask(times)
    known = np.ones(len(times), np.bool_) if valid is None else valid
    known = known if bad is None else known & ~bad
    days = local_days(moments, reading.zone).astype(np.int32)
    return arrow(days, pa.date32(), known)
