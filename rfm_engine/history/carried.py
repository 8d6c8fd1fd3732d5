"""The carried columns: the segment before, since when, and how often it changed.

A customer who is in the snapshot before with the same segment keeps its three values. Customers who
left are stored in a file of their own, so that no older snapshot has to be read when they return.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import StateError, shown_cause
from rfm_engine.history.keys import Id, bounds_of, places_of
from rfm_engine.kernels.arrays import arrow, dictionary_places, valid_mask, values, whole
from rfm_engine.kernels.types import Mask
from rfm_engine.options.messages import message
from rfm_engine.result.id_order import ascending

CARRIED = ("previous_segment", "segment_since", "changes")
CUSTOMERS, ABSENT = "customers.parquet", "absent.parquet"
_TEXT = pa.dictionary(pa.int16(), pa.string())
CARRIED_FIELDS = [
    pa.field("previous_segment", _TEXT),
    pa.field("segment_since", pa.date32()),
    pa.field("changes", pa.int32()),
]


class Moves(NamedTuple):
    """Numbers of customers compared with the snapshot before.

    `new` are not in it, `changed` have another segment, and `left` are only in it.
    """

    new: int
    changed: int
    left: int


class Before:
    """The snapshot before, read row group by row group; any thread may use it.

    Parameters
    ----------
    folder
        The folder of the snapshot.
    n_ids
        Number of columns of ids: 1, or 2 with groups.
    with_overall
        Whether customers of all groups together are in the file; their group is null, and they are
        not counted as moves.

    Raises
    ------
    StateError
        A file is missing or damaged.
    """

    def __init__(self, folder: Path, n_ids: int, *, with_overall: bool) -> None:
        self._file = folder / CUSTOMERS
        self._n_ids = n_ids
        self._with_overall = with_overall
        with readable(self._file), pq.ParquetFile(self._file) as opened:
            names = opened.schema_arrow.names
            self._n_groups = opened.num_row_groups
        self._ids = names[:n_ids]
        self._n_customers = self.n_counted(self._file)
        self._lock = Lock()
        self._n_stayed = self._n_changed = 0
        self._stays: list[Mask | None] = [None] * self._n_groups
        absent = folder / ABSENT
        with readable(absent):
            self._absent = pq.read_table(absent) if absent.exists() else None
        self._returned = np.zeros(0 if self._absent is None else len(self._absent), np.bool_)

    @cached_property
    def _firsts(self) -> list[Id]:
        """The first ids of the row groups, in order."""
        return [bounds_of(self._read(number, self._ids[:1]))[0] for number in self._numbers]

    @property
    def _numbers(self) -> range:
        return range(self._n_groups)

    def _read(self, number: int, names: Sequence[str]) -> pa.Table:
        with readable(self._file), pq.ParquetFile(self._file) as opened:
            return opened.read_row_group(number, list(names), use_threads=False)

    def _around(self, table: pa.Table) -> list[int]:
        """Return the row groups that may have customers of a sorted table."""
        first, last = bounds_of(table)
        firsts = self._firsts
        return [
            number
            for number in self._numbers
            if firsts[number] <= last
            and (number + 1 == self._n_groups or firsts[number + 1] >= first)
        ]

    def carried(self, table: pa.Table, as_of: date) -> list[pa.Array[Any]]:
        """Return the carried columns of some customers of the next snapshot, sorted by id."""
        n = len(table)
        segments = whole(table["segment"])
        found = _Columns.new(n, as_of)
        if n:
            for number in self._around(table):
                names = [*self._ids, "segment", *CARRIED]
                self._carry(found, table, segments, self._read(number, names), number)
            self._return(found, table)
        return found.arrays(segments.dictionary)

    def _carry(
        self, found: _Columns, table: pa.Table, segments: Any, before: pa.Table, number: int
    ) -> None:
        """Set the columns of customers who are in a row group of the snapshot before."""
        place = places_of(table, before, self._n_ids)
        is_here = place >= 0
        stays = np.zeros(len(before), np.bool_)
        stays[place[is_here]] = True
        here, there = np.flatnonzero(is_here), place[is_here]
        names = segments.dictionary
        now = dictionary_places(segments)[here]
        then = _codes(before["segment"], names)[there]
        is_same = now == then
        with self._lock:
            own = self._stays[number]
            self._stays[number] = stays if own is None else own | stays
            counted = self._counted(table)[here]
            self._n_stayed += int(counted.sum())
            self._n_changed += int((counted & ~is_same).sum())
        previous = _codes(before["previous_segment"], names)[there]
        found.previous[here] = np.where(is_same, previous, then)
        since = values(whole(before["segment_since"]), np.int32)[there]
        found.since[here] = np.where(is_same, since, found.since[here])
        found.changes[here] = values(whole(before["changes"]), np.int32)[there] + ~is_same

    def _return(self, found: _Columns, table: pa.Table) -> None:
        """Set the columns of customers who were absent in the snapshot before."""
        if self._absent is None:
            return
        names = whole(table["segment"]).dictionary
        place = places_of(table, self._absent, self._n_ids)
        here = np.flatnonzero(place >= 0)
        there = place[here]
        self._returned[there] = True
        found.previous[here] = _codes(self._absent["segment"], names)[there]
        found.changes[here] = values(whole(self._absent["changes"]), np.int32)[there] + 1

    def _counted(self, table: pa.Table) -> Mask:
        """Return which customers of a table are counted as moves."""
        known = valid_mask(whole(table.column(1))) if self._with_overall else None
        return np.ones(len(table), np.bool_) if known is None else known

    def n_counted(self, file: Path) -> int:
        """Return how many customers of a file are counted as moves."""
        with readable(file):
            if not self._with_overall:
                return int(pq.read_metadata(file).num_rows)
            groups = pq.read_table(file, columns=[self._ids[1]])
        return len(groups) - int(groups.column(0).null_count)

    def moves(self, n_customers: int) -> Moves:
        """Return how many customers moved to the next snapshot, which has `n_customers`.

        Call it after `carried` for all customers of the next snapshot.
        """
        n_stayed = self._n_stayed
        return Moves(n_customers - n_stayed, self._n_changed, self._n_customers - n_stayed)

    def absent(self) -> pa.Table:
        """Return the customers of earlier snapshots who are not in the next one, sorted by id.

        Call it after `carried` for all customers of the next snapshot.
        """
        names = [*self._ids, "segment", "changes"]
        tables = []
        for number, stays in enumerate(self._stays):
            if stays is not None and stays.all():
                continue
            rows = self._read(number, names)
            tables.append(rows if stays is None else rows.filter(arrow(~stays)))
        if self._absent is not None:
            tables.append(self._absent.select(names).filter(arrow(~self._returned)))
        if not tables:
            return pa.table({})
        left = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        order = ascending([whole(left.column(number)) for number in range(self._n_ids)])
        return left.take(arrow(order))


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Raise errors of reading a file of a history as errors that name the file.

    Raises
    ------
    StateError
        It is missing or damaged.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise StateError(
            message(
                "a history must have the undamaged file {!r}; got {}. Run rfm history verify, and "
                "add this date again with {replace}.",
                str(file), shown_cause(error),
            )
        ) from None  # fmt: skip


class _Columns(NamedTuple):
    """The carried columns while they are filled; a code of -1 is null."""

    previous: npt.NDArray[np.int16]
    since: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]

    @classmethod
    def new(cls, n: int, as_of: date) -> _Columns:
        """Return the columns of customers who were never in a snapshot before."""
        day = (as_of - date(1970, 1, 1)).days
        return cls(np.full(n, -1, np.int16), np.full(n, day, np.int32), np.zeros(n, np.int32))

    def arrays(self, names: pa.Array[Any]) -> list[pa.Array[Any]]:
        """Return the columns of `CARRIED_FIELDS`; codes are places in `names`."""
        known = self.previous >= 0
        codes = arrow(self.previous, None, None if known.all() else known)
        previous = pa.DictionaryArray.from_arrays(codes, names, safe=False)
        return [previous, arrow(self.since, pa.date32()), arrow(self.changes)]


def first_columns(table: pa.Table, as_of: date) -> list[pa.Array[Any]]:
    """Return the carried columns of customers of the first snapshot of a history."""
    return _Columns.new(len(table), as_of).arrays(whole(table["segment"]).dictionary)


def _codes(column: pa.ChunkedArray[Any], names: pa.Array[Any]) -> npt.NDArray[np.int16]:
    """Return the places in `names` of the texts of a column, -1 for null."""
    import pyarrow.compute as pc

    array = whole(column)
    if not len(array.dictionary):
        return np.full(len(array), -1, np.int16)
    places = pc.index_in(array.dictionary, value_set=names).fill_null(-1)
    codes = places.to_numpy().astype(np.int16).take(dictionary_places(array))
    known = valid_mask(array)
    return codes if known is None else np.where(known, codes, np.int16(-1))
