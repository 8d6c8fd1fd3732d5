"""Add what SQL does not compute: money in major units, and intervals of shares."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pyarrow as pa

from rfm_engine.insight.finishing import Finished
from rfm_engine.insight.statistics import Z_95

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


def retention(table: pa.Table, options: Options) -> Finished:
    """Add the interval of the share of customers who bought again."""
    counts = zip(table["retained"].to_pylist(), table["size"].to_pylist(), strict=True)
    bounds = [wilson(part, n) for part, n in counts]
    place = table.column_names.index("retention") + 1
    for name, own in (("retention_high", 1), ("retention_low", 0)):
        column = pa.array([None if each is None else each[own] for each in bounds], pa.float64())
        table = table.add_column(place, name, column)
    return money(table, options)


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """Return the 95% interval of a share (Wilson 1927); None if there is nothing to divide by."""
    if not whole:
        return None
    share, square = part / whole, Z_95 * Z_95
    middle = share + square / (2 * whole)
    width = Z_95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = (middle - width) / scale if part else 0.0
    high = (middle + width) / scale if part < whole else 1.0
    return low, high


def _rescaled(minor: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return whole numbers as decimals with the same digits."""
    return pa.Array.from_buffers(kind, len(minor), minor.buffers(), offset=minor.offset)
