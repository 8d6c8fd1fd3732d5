"""Add what SQL does not compute: money in major units, and intervals of shares."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.insight.finishing import Finished
from rfm_engine.insight.statistics import wilson

Options = dict[str, Any]
_DIGITS = 38


def money(table: pa.Table, options: Options) -> Finished:
    """Return a table with its amounts, which are sums of minor units, in major units."""
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            kind = pa.decimal128(_DIGITS, options["scale"])
            chunks = [_rescaled(chunk, kind) for chunk in table[place].chunks]
            table = table.set_column(place, field.name, pa.chunked_array(chunks, kind))
    return Finished(table, {})


def effects_without_aging(table: pa.Table, options: Options) -> Finished:
    """Return the effects with `moved`, the sum of `aged` and `behaviour`, in place of both.

    Under a window, only the rows tell which orders drop out as time passes.
    """
    place = table.column_names.index("aged")
    moved = pc.add(table["aged"], table["behaviour"])
    rest = table.drop_columns(["aged", "behaviour"])
    return money(rest.add_column(place, "moved", moved), options)


def retention(table: pa.Table, options: Options) -> Finished:
    """Add the intervals of the shares of customers who bought again."""
    shares = {"retention": "retained", "conversion": "converted"}
    if options["within"] is None:
        del shares["conversion"]
        kept = [name for name in table.column_names if name not in ("converted", "conversion")]
        table = table.select(kept)
    sizes = table["size"].to_pylist()
    for share, part in shares.items():
        bounds = list(map(wilson, table[part].to_pylist(), sizes))
        place = table.column_names.index(share) + 1
        for end, own in (("high", 1), ("low", 0)):
            column = [None if each is None else each[own] for each in bounds]
            table = table.add_column(place, f"{share}_{end}", pa.array(column, pa.float64()))
    return money(table, options)


def _rescaled(minor: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return whole numbers as decimals with the same digits."""
    return pa.Array.from_buffers(kind, len(minor), minor.buffers(), offset=minor.offset)
