"""Score the rows of a snapshot again for another period; only values are used, no segments.

Under a window, orders drop out as time passes, and which ones cannot be seen from snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.api import score
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import values
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.rows import BucketFolder, is_bucket_folder
from rfm_engine.result.snapshot import Snapshot, read_snapshot
from rfm_engine.totals.chunks import decimals

_TIME, _AMOUNT, _GROUP = "moment", "amount", "group"


def aged_snapshot(folder: BucketFolder, before: Snapshot, place: Path, **running: Any) -> Snapshot:
    """Return the customers at the first date with the orders that the window has at the second.

    These are the rows of the second snapshot up to the first date.

    Parameters
    ----------
    folder
        The rows of the second snapshot.
    before
        The snapshot at the first date.
    place
        The file to write.
    """
    options = before.options
    given: dict[str, Any] = {name: options[name] for name in ("timezone", "zero", "frequency")}
    given["refunds"] = "net" if options["refunds"] == "error" else options["refunds"]
    given["order"] = None if options["order"] is None else ORDER
    given["by"] = None if options["by"] is None else _GROUP
    given |= {"customer": CUSTOMER, "time": _TIME, "amount": _AMOUNT, "amount_scale": before.scale}
    reader = pa.RecordBatchReader.from_batches(_schema(folder, before), _batches(folder, before))
    assert before.as_of is not None
    score(reader, as_of=before.as_of, output=place, sort="customer", **given, **running)
    return read_snapshot(place)


def wide_snapshot(
    rows: object, after: Snapshot, since: date, place: Path, **running: Any
) -> Snapshot:
    """Score the rows of a snapshot with a window that begins at an earlier date.

    Raises
    ------
    UsageError
        The rows are a folder of normalised rows, which has no older rows.
    """
    if is_bucket_folder(rows):
        raise UsageError(
            message(
                "{rows} must go back to {}; got normalised rows of the last {}. Give the orders.",
                since, after.options["window"],
            )
        )  # fmt: skip
    options: dict[str, Any] = {
        name: value
        for name in declared(TotalsOptions)
        if (value := after.options.get(name)) not in (None, (), False)
        and name not in ("as_of", "window", "clv_unit", "clv")
    }
    assert after.as_of is not None
    window = f"{(after.as_of - since).days + 1}d"
    score(rows, as_of=after.as_of, window=window, output=place, **options, **running)
    return read_snapshot(place)


def _schema(folder: BucketFolder, before: Snapshot) -> pa.Schema:
    by = before.options["by"]
    fields = [
        pa.field(CUSTOMER, before.schema.field(0).type),
        pa.field(_TIME, folder.schema.field("moment").type),
        pa.field(_AMOUNT, pa.decimal128(18, before.scale)),
    ]
    if before.options["order"] is not None:
        fields.append(pa.field(ORDER, folder.schema.field(ORDER).type))
    if by is not None:
        fields.append(pa.field(_GROUP, before.schema.field(1).type))
    return pa.schema(fields)


def _batches(folder: BucketFolder, before: Snapshot) -> Iterator[pa.RecordBatch]:
    schema, by = _schema(folder, before), before.options["by"]
    sources = {_AMOUNT: "minor", _GROUP: by}
    names = [sources.get(name, name) for name in schema.names]
    for file in folder.files:
        for batch in pq.ParquetFile(file).iter_batches(columns=list(dict.fromkeys(names))):
            columns = []
            for field, name in zip(schema, names, strict=True):
                column = batch[name]
                if field.name == _AMOUNT:
                    column = decimals(values(column, np.int64), before.scale)
                columns.append(column if column.type == field.type else column.cast(field.type))
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
