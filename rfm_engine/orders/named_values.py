"""Search the values that conditions name, for warnings that no row has them or that none counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

import pyarrow as pa

from rfm_engine.errors import shown_value
from rfm_engine.kernels.arrays import is_bytes, is_text, plain, plain_type
from rfm_engine.orders.judge import COUNTED, FILTERED
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.place import Place
from rfm_engine.orders.where import Condition

_SEARCHED_ROWS = 1024
MOST_LISTED = 10

Named = frozenset[tuple[str, str]]
"""Pairs of a column and a value of a condition."""
SomeValues = Mapping[str, tuple[str, ...]]
"""By column that a condition names: its least values, quoted; at most one more than are listed."""


class NamedValues:
    """Search each value that a condition names until a row has it. Thread-safe.

    Values after `!=` are only searched if they are words of text. `amount!=0` is right even if no
    amount is 0.

    The values that no row has are the same for any threads and batches, because they are searched
    in all rows. The values that the first rows of each source have are kept for columns with such a
    value, and if no row counts; then they are complete.
    """

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        self._lock = Lock()
        self._unseen = {
            (each.column, value)
            for each in conditions
            for value in each.values
            if each.keep or any(map(str.isalpha, value))
        }
        self.some: SomeValues = {}

    def add(self, rows: OrderRows, batch: pa.RecordBatch, place: Place) -> Named:
        """Return the values, not found before, that a batch has."""
        if not self._conditions or not batch.num_rows:
            return frozenset()
        unseen = self._unseen.copy()
        if unseen or not rows.counts[COUNTED]:
            self._keep_some(batch, place, {column for column, _ in unseen}, rows)
        found = frozenset(
            (each.column, value)
            for each in self._conditions
            if (values := [v for v in each.values if (each.column, v) in unseen])
            for value in self._found(each, values, batch.column(each.column), rows)
        )
        if found:
            self.found(found)
        return found

    def found(self, found: Named) -> None:
        """Search these values no more, because a row has them."""
        with self._lock:
            self._unseen = self._unseen - found

    def join(self, other: NamedValues) -> None:
        """Add the values that the first rows of another run with the same conditions have."""
        with self._lock:
            self.some = _both(self.some, other.some)

    def missing(self) -> list[tuple[str, list[str]]]:
        """Return the columns of conditions with the values that no row has."""
        columns = dict.fromkeys(each.column for each in self._conditions)
        pairs = ((column, sorted(v for c, v in self._unseen if c == column)) for column in columns)
        return [(column, values) for column, values in pairs if values]

    def _found(
        self, condition: Condition, values: list[str], column: pa.Array, rows: OrderRows
    ) -> list[str]:
        """Return the values that a batch has, without a search if the rows left out show it."""
        n_left = int(rows.counts[FILTERED])
        if condition.keep:
            may_have = len(self._conditions) > 1 or n_left < len(rows.reason)
            return condition.found(column, values) if may_have else []
        kind = plain_type(column.type)
        if not (is_text(kind) or is_bytes(kind) or pa.types.is_null(kind)):
            return values
        return condition.found(column, values) if n_left else []

    def _keep_some(
        self, batch: pa.RecordBatch, place: Place, unseen: set[str], rows: OrderRows
    ) -> None:
        """Keep some values of the first rows of a source."""
        first = batch.slice(0, max(_SEARCHED_ROWS - place.row, 0))
        if not first.num_rows:
            return
        wanted = {each.column for each in self._conditions}
        if rows.counts[COUNTED]:
            wanted &= unseen
        some = {
            column: _least(map(_shown, plain(first.column(column)).unique().to_pylist()))
            for column in wanted
        }
        with self._lock:
            self.some = _both(self.some, some)


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode(errors="backslashreplace")
    return "null" if value is None else shown_value(value)


def _both(one: SomeValues, other: SomeValues) -> SomeValues:
    return {
        column: _least([*one.get(column, ()), *other.get(column, ())])
        for column in {**one, **other}
    }


def _least(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*values})[: MOST_LISTED + 1])
