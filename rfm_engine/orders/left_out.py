"""Keep some values of the columns of conditions, for the warning that no row counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from rfm_engine.errors import shown_value
from rfm_engine.orders.place import Place
from rfm_engine.orders.where import Condition

_SEARCHED_ROWS = 1024
MOST_LISTED = 10

LeftOut = Mapping[str, tuple[str, ...]]
"""By column that a condition names: its least values, quoted; at most one more than are listed."""


def left_out(batch: pa.RecordBatch, place: Place, conditions: Sequence[Condition]) -> LeftOut:
    """Return the values that the first rows of a source have in the columns of conditions."""
    some = batch.slice(0, max(_SEARCHED_ROWS - place.row, 0))
    return {
        each.column: _least(
            "null" if value is None else shown_value(value)
            for value in some.column(each.column).to_pylist()
        )
        for each in conditions
    }


def both(one: LeftOut, other: LeftOut) -> LeftOut:
    """Return the values of both; the order of batches does not matter."""
    return {
        column: _least([*one.get(column, ()), *other.get(column, ())])
        for column in {**one, **other}
    }


def _least(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*values})[: MOST_LISTED + 1])
