"""A table of any kind in the report document: named columns of plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from rfm_engine.reporting.document.money import money_text
from rfm_engine.reporting.document.table_files import TableFile

MOST_ROWS = 50
_MONEY = (
    "minor", "least", "most", "net", "ltv", "later_per_customer", "least0", "least2",
)  # fmt: skip
_SHARES = (
    "share", "retention", "conversion", "repeat_rate", "whale_share", "survival", "support",
    "confidence", "rate",
)  # fmt: skip
# Integers that name a row instead of counting customers or orders.
_NAMES = ("decile", "k", "weekday", "hour", "day", "value", "value_1", "value_2", "p", "q")
_DAYS = ("q10", "q25", "q50", "q75", "q80", "q90", "q95", "median_days")


def plain_table(file: TableFile) -> dict[str, Any]:
    """Return a table with its first rows.

    Each column has a name and a kind: `count`, `money`, `share`, `number`, `date`, `flag` or
    `text`. Money is text in major units.
    """
    table = file.table
    kinds = dict(_kinds(file))
    scale = file.snapshot.scale
    columns = [
        [_value(value, kinds[name], scale) for value in _values(table[name].slice(0, MOST_ROWS))]
        for name in table.column_names
    ]
    return {
        "table": file.kind,
        "title": file.title,
        "columns": [{"name": _shown(name, kind), "kind": kind} for name, kind in kinds.items()],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "left_out": max(0, len(table) - MOST_ROWS),
    }


def plain_value(value: Any) -> Any:
    """Return a value of a column as JSON supports it; a number that is none is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _kinds(file: TableFile) -> Iterator[tuple[str, str]]:
    """Yield the kind of each column; those with values of the snapshot may have any name."""
    copied = {file.by, *_split_columns(file)}
    for field in file.table.schema:
        yield field.name, _kind(field, is_copied=field.name in copied)


def _split_columns(file: TableFile) -> list[str]:
    """Return the columns of `stats` with the values by which it splits the customers."""
    n = len(file.options.get("split") or ()) if file.kind == "stats" else 0
    place = file.table.column_names.index("total") + 1 if n else 0
    names: list[str] = file.table.column_names
    return names[place : place + n]


def _kind(field: pa.Field, *, is_copied: bool) -> str:
    name, kind = field.name, field.type
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_temporal(kind):
        return "date"
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return "text"
    if is_copied or name in _NAMES or name in _DAYS:
        return "number"
    is_share = name.startswith(_SHARES) or name.endswith(("_ratio", "_share"))
    if pa.types.is_decimal(kind) or name in _MONEY or (name.endswith("_minor") and not is_share):
        return "money"
    if pa.types.is_integer(kind):
        return "count"
    return "share" if is_share and not name.endswith("_ratio") else "number"


def _shown(name: str, kind: str) -> str:
    """Return the name of a column in the document, where money is not in minor units."""
    if kind != "money":
        return name
    return "monetary" if name == "minor" else name.removesuffix("_minor")


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return values of Python; times that are finer than it knows are texts."""
    if getattr(column.type, "unit", None) == "ns":
        column = column.cast(pa.string())
    found: list[Any] = column.to_pylist()
    return found


def _value(value: Any, kind: str, scale: int) -> Any:
    if kind != "money" or value is None:
        return plain_value(value)
    return money_text(round(value) if isinstance(value, float) else value, scale)
