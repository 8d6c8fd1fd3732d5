"""Check that a format supports the types of all columns, before anything is read."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.csv

from rfm_engine.errors import DataError
from rfm_engine.output.place import ending
from rfm_engine.output.text import as_text, check_text
from rfm_engine.parquet.encoding import Memory, write_table


def check_types(schema: pa.Schema, place: str | os.PathLike[str]) -> None:
    """Refuse columns whose type the format of the output does not support.

    Raises
    ------
    DataError
        A column has such a type; the message names the column.
    """
    kind = ending(place)
    if kind in ("-", ".arrow"):
        return
    if kind.startswith(".csv"):
        check_text(schema)
    for field in schema:
        alone = pa.schema([field])
        empty = pa.Table.from_batches([], alone)
        try:
            if kind.startswith(".csv"):
                head = as_text(empty).schema
                pyarrow.csv.CSVWriter(pa.BufferOutputStream(), head).close()
            else:
                write_table(empty, alone, Memory())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError):
            name = "CSV" if kind.startswith(".csv") else "Parquet"
            raise DataError(
                f"column {field.name!r} must have a type that {name} supports; got {field.type}. "
                "Convert it, leave it out, or write .arrow."
            ) from None
