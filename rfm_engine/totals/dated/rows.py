"""The counted rows of each period, kept in memory while there is room, otherwise spilled to disk.

A row takes less memory than the totals of a customer, and most customers have few rows in one
period. So rows are kept, and added to totals when a date needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.group_keys import GroupIds
from rfm_engine.orders.judge import COUNTED, REASONS
from rfm_engine.orders.keys import RowKeys, from_arrays, joined
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.memory.spill import Span, SpillFile

# Rows are added to the totals in pieces of about this size, well below 100 ms each, so that Ctrl-C
# works. Much smaller pieces have few rows per table.
_MOST_ROWS = 1 << 19
_TIME, _AMOUNT, _CUSTOMER, _ORDER, _WITH_ORDER, _GROUP, _WITH_GROUP = range(7)

Columns: TypeAlias = list[list[npt.NDArray[Any]]]
"""The arrays of each column; no arrays if rows do not have it."""


class _Piece(NamedTuple):
    """Some rows of a period: `n` of them, and their arrays, or the places of these on disk."""

    n: int
    columns: Sequence[Sequence[Any]]
    is_on_disk: bool


class PeriodRows:
    """The rows of each period. Thread-safe.

    Parameters
    ----------
    n_periods
        The number of periods.
    most_bytes
        Rows that take more memory together are spilled to disk; None means no limit.
    spill
        The file for rows that do not fit in memory.
    """

    def __init__(self, n_periods: int, most_bytes: int | None, spill: SpillFile) -> None:
        self._pieces: list[list[_Piece]] = [[] for _ in range(n_periods)]
        self._n_rows = [0] * n_periods
        self._most_bytes = most_bytes
        self._n_bytes = 0
        self._spill = spill
        self._lock = Lock()

    def add(self, period: int, rows: OrderRows, places: Integers) -> None:
        """Keep a copy of the rows at `places`, which belong to a period."""
        columns = _columns(rows, places)
        n_bytes = sum(array.nbytes for column in columns for array in column)
        is_on_disk = not self._fits(n_bytes)
        kept: Sequence[Sequence[Any]] = columns
        if is_on_disk:
            kept = [[self._spill.put(array) for array in column] for column in columns]
        with self._lock:
            self._pieces[period].append(_Piece(len(places), kept, is_on_disk))
            self._n_rows[period] += len(places)

    def n_rows(self, periods: range) -> int:
        """Return the number of rows of some periods."""
        return sum(self._n_rows[periods.start : periods.stop])

    def of(self, periods: range) -> Iterator[Callable[[], OrderRows]]:
        """Yield functions that return the rows of some periods, in pieces to be added."""
        some: list[_Piece] = []
        n_rows = 0
        for piece in chain.from_iterable(self._pieces[periods.start : periods.stop]):
            some.append(piece)
            n_rows += piece.n
            if n_rows >= _MOST_ROWS:
                yield partial(self._loaded, some)
                some, n_rows = [], 0
        if some:
            yield partial(self._loaded, some)

    def drop(self, period: int) -> None:
        """Free the memory of the rows of a period."""
        for piece in self._pieces[period]:
            if not piece.is_on_disk:
                self._n_bytes -= sum(each.nbytes for column in piece.columns for each in column)
        self._pieces[period] = []

    def _fits(self, n_bytes: int) -> bool:
        with self._lock:
            fits = self._most_bytes is None or self._n_bytes + n_bytes <= self._most_bytes
            self._n_bytes += n_bytes * fits
            return fits

    def _loaded(self, some: Sequence[_Piece]) -> OrderRows:
        return _rows(list(map(self._columns, some)), sum(piece.n for piece in some))

    def _columns(self, piece: _Piece) -> Columns:
        if not piece.is_on_disk:
            return [list(column) for column in piece.columns]
        spans: Sequence[Sequence[Span]] = piece.columns
        return [[self._spill.get(span) for span in column] for column in spans]


def _columns(rows: OrderRows, places: Integers) -> Columns:
    groups = rows.groups
    return [
        [rows.time_us.take(places)],
        [rows.amount_minor.take(places)],
        _taken(rows.keys, places),
        [] if rows.order_keys is None else _taken(rows.order_keys, places),
        [] if rows.order_present is None else [rows.order_present.take(places)],
        [] if groups is None else _taken(groups.keys, places),
        [] if groups is None or groups.present is None else [groups.present.take(places)],
    ]


def _taken(keys: RowKeys, places: Integers) -> list[npt.NDArray[Any]]:
    return keys.take(places).arrays()


def _rows(some: Sequence[Columns], n_rows: int) -> OrderRows:
    """Return rows, all of them counted, from several pieces of their columns."""
    counts = np.zeros(len(REASONS), np.int64)
    counts[COUNTED] = n_rows
    groups = _keys(some, _GROUP)
    return OrderRows(
        keys=joined([from_arrays(piece[_CUSTOMER]) for piece in some]),
        time_us=_numbers(some, _TIME),
        amount_minor=_numbers(some, _AMOUNT),
        reason=frozen(np.zeros(n_rows, np.uint8)),
        counts=counts,
        n_rounded=0,
        newest_day=None,
        currencies=frozenset(),
        order_keys=_keys(some, _ORDER),
        order_present=_present(some, _WITH_ORDER),
        text_time=None,
        groups=None if groups is None else GroupIds(groups, _present(some, _WITH_GROUP)),
    )


def _numbers(some: Sequence[Columns], column: int) -> Integers:
    return frozen(np.concatenate([piece[column][0] for piece in some]))


def _keys(some: Sequence[Columns], column: int) -> RowKeys | None:
    found = [from_arrays(list(map(frozen, piece[column]))) for piece in some if piece[column]]
    return joined(found) if found else None


def _present(some: Sequence[Columns], column: int) -> npt.NDArray[np.bool_] | None:
    """Return which rows have a value; None if all do. Pieces in which all do have no array."""
    if not any(piece[column] for piece in some):
        return None
    return np.concatenate(
        [
            piece[column][0] if piece[column] else np.ones(len(piece[_TIME][0]), np.bool_)
            for piece in some
        ]
    )
