"""What a comparison says in short: sizes, entrants, exits, and tables for all groups together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.movement.labels import ENTERED, LEFT

Row = dict[str, Any]


def rows_together(
    table: pa.Table, by: str | None, keys: Sequence[str], *, has_overall: bool
) -> list[Row]:
    """Return the rows of a table without groups: of all groups together, or else added up.

    Ratios are left out of sums.

    Parameters
    ----------
    by
        The column of groups; None without.
    keys
        The columns that name a row.
    has_overall
        Whether the rows without a group are those of all groups together.
    """
    if by is not None and has_overall:
        table, by = table.filter(pc.is_null(table[by])).drop_columns([by]), None
    rows: list[Row] = table.to_pylist()
    if by is None:
        return rows
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        own = found.setdefault(key, dict(zip(keys, key, strict=True)))
        for name, value in row.items():
            if isinstance(value, int | Decimal) and name not in (by, *keys):
                own[name] = own.get(name, 0) + value
    return list(found.values())


def sizes(matrix: Sequence[Row]) -> dict[str, Any]:
    """Return how many customers are at both dates, entered, left, or kept their segment."""
    counted = {
        "customers_from": lambda row: row["from"] != ENTERED,
        "customers_to": lambda row: row["to"] != LEFT,
        "entered": lambda row: row["from"] == ENTERED,
        "left": lambda row: row["to"] == LEFT,
        "in_same_segment": lambda row: row["from"] == row["to"],
    }
    found: dict[str, Any] = {
        name: sum(row["customers"] for row in matrix if holds(row))
        for name, holds in counted.items()
    }
    both = found["customers_from"] - found["left"]
    return found | {"stay_rate": found["in_same_segment"] / both if both else None}
