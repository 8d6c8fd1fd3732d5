"""Sort customers by their ids, even if they do not fit in memory.

Customers arrive in chunks, in the order of their hashes. The bounds from a sample of the ids divide
all ids into ranges that have at most about as many customers as a row group. Each chunk is sorted
and split at the bounds. Then the pieces of each range are sorted together. The bounds are random,
so row groups are split by rank: they are the same for every sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain, islice
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.orders.workers import Workers
from rfm_engine.result.id_order import ascending
from rfm_engine.result.pieces import Piece, Room
from rfm_engine.totals.memory.system import give_back_unused

GROUP_ROWS = 1 << 18
"""Customers per row group; the last row group has fewer."""
# With this number, the largest of 400 ranges is 1.3 times as large as intended.
SAMPLE_ROWS = 128
"""Ids in the sample per range."""
# Ranges of a quarter of a row group save 65 MB while it is sorted. With many customers there would
# be too many ranges: the cost grows with the square of their number.
_SHARE, _MANY_RANGES = 4, 256
_MOST_TEXT_BYTES = (1 << 31) - 1  # the output has 32-bit offsets
_STORED = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}

Make: TypeAlias = Callable[[], pa.Table]


def sample_rows(n_customers: int) -> int:
    """Return how many ids a sample of `n_customers` customers must have, at least one."""
    return max(n_customers * SAMPLE_ROWS * _SHARE // GROUP_ROWS, 1)


class _Run(NamedTuple):
    """A chunk split into ranges: its pieces, their numbers of rows, and dictionaries by column."""

    pieces: list[Piece]
    n_rows: npt.NDArray[np.int64]
    dictionaries: dict[int, pa.Array[Any]]


class SortedCustomers:
    """Makes tables of customers in the order of their ids.

    Parameters
    ----------
    makes
        Functions that make tables of `schema`, in any order. They are called on `threads` threads.
    sample
        Ids of random customers, `sample_rows` of them: the first columns of `schema`, which are the
        sort keys.
    room
        Where all customers are kept until their row group is made.
    """

    def __init__(
        self, makes: Sequence[Make], schema: pa.Schema, sample: pa.Table, room: Room, threads: int
    ) -> None:
        self._schema = schema
        self._stored = pa.schema([field.with_type(_stored(field.type)) for field in schema])
        self._n_ids = sample.num_columns
        self._room = room
        self._bounds = self._bounds_of(sample)
        with Workers(threads) as pool:
            self._runs = list(pool.map(self._run, makes))
        if room.is_full:
            # Frees 100 to 250 MB that threads used to make and sort tables.
            give_back_unused()
        n_ranges = len(self._bounds[0]) + 1
        self._ends = np.cumsum(sum((run.n_rows for run in self._runs), np.zeros(n_ranges, int)))
        # All tables of a result have the same dictionaries.
        self._dictionaries = self._runs[0].dictionaries if self._runs else {}
        self._locks = [Lock() for _ in range(n_ranges)]
        # A row group takes four times its memory while it is sorted. Therefore only one is sorted
        # at a time if pieces were spilled to disk.
        self._turn: AbstractContextManager[object] = Lock() if room.is_full else nullcontext()
        self._ranges: list[pa.RecordBatch | None] = [None] * n_ranges
        self._n_uses = [0] * n_ranges
        for start in self._starts:
            for number in self._ranges_of(start):
                self._n_uses[number] += 1

    def groups(self) -> Iterator[Make]:
        """Yield functions that make the row groups; call each once, from any thread."""
        return (partial(self._group, start) for start in self._starts)

    @property
    def _starts(self) -> range:
        return range(0, int(self._ends[-1]), GROUP_ROWS)

    def _bounds_of(self, sample: pa.Table) -> list[pa.Array[Any]]:
        """Return the largest id of each range except the last, by column."""
        columns = self._batch(sample).columns
        step = SAMPLE_ROWS if len(sample) <= SAMPLE_ROWS * _MANY_RANGES else SAMPLE_ROWS * _SHARE
        chosen = arrow(ascending(columns)[step::step].copy())
        return [column.take(chosen) for column in columns]

    def _run(self, make: Make) -> _Run:
        import pyarrow.compute as pc

        table = make()
        dictionaries = {
            number: column.chunk(0).dictionary
            for number, column in enumerate(table.columns)
            if pa.types.is_dictionary(column.type)
        }
        batch = self._batch(table)
        n_rows = batch.num_rows
        pairs = zip(batch.columns, self._bounds, strict=False)
        order = ascending([pa.concat_arrays(pair) for pair in pairs])
        is_bound = order >= n_rows
        cuts = np.flatnonzero(is_bound) - np.arange(len(self._bounds[0]))
        bounds = np.concatenate([[0], cuts, [n_rows]])
        batch = pc.take(batch, arrow(order[~is_bound]), boundscheck=False)
        return _Run(self._room.keep(batch, bounds), np.diff(bounds), dictionaries)

    def _batch(self, table: pa.Table) -> pa.RecordBatch:
        """Return a table as one batch without dictionaries, in which text can exceed 2 GiB."""
        schema = pa.schema([self._stored.field(number) for number in range(table.num_columns)])
        columns = [
            pa.chunked_array([chunk.indices for chunk in column.chunks], kind)
            if pa.types.is_dictionary(column.type)
            else column.cast(kind)
            if column.type != kind
            else column
            for column, kind in zip(table.columns, schema.types, strict=True)
        ]
        return _one_batch(pa.table(columns, schema=schema))

    def _range(self, number: int) -> pa.RecordBatch:
        """Return the sorted customers of a range; kept if another row group needs the range too."""
        with self._locks[number]:
            batch = self._ranges[number]
            if batch is None:
                batch = self._in_order([self._piece(n, number) for n in range(len(self._runs))])
            self._n_uses[number] -= 1
            self._ranges[number] = batch if self._n_uses[number] else None
            return batch

    def _in_order(self, pieces: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
        """Concatenate and sort pieces column by column, because 2 MB stay in the CPU cache."""
        import pyarrow.compute as pc

        whole = map(pa.concat_arrays, zip(*(piece.columns for piece in pieces), strict=True))
        ids = list(islice(whole, self._n_ids))
        order = arrow(ascending(ids))
        columns = [pc.take(column, order, boundscheck=False) for column in chain(ids, whole)]
        return pa.RecordBatch.from_arrays(columns, schema=self._stored)

    def _piece(self, run: int, number: int) -> pa.RecordBatch:
        """Return the customers of one chunk in one range."""
        return self._runs[run].pieces[number]()

    def _ranges_of(self, start: int) -> range:
        end = min(start + GROUP_ROWS, int(self._ends[-1]))
        first, last = np.searchsorted(self._ends, [start + 1, end])
        return range(int(first), int(last) + 1)

    def _group(self, start: int) -> pa.Table:
        with self._turn:
            return self._sorted_group(start)

    def _sorted_group(self, start: int) -> pa.Table:
        pieces = []
        for number in self._ranges_of(start):
            batch = self._range(number)
            before = int(self._ends[number]) - batch.num_rows
            first = max(start - before, 0)
            pieces.append(batch.slice(first, max(start + GROUP_ROWS - before - first, 0)))
        # If there is one slice only, its whole buffers would be written too. Concatenation with an
        # empty slice copies it.
        pieces.append(pieces[-1].slice(0, 0))
        columns = list(map(pa.concat_arrays, zip(*(p.columns for p in pieces), strict=True)))
        return self._restored(pa.RecordBatch.from_arrays(columns, schema=self._stored))

    def _restored(self, batch: pa.RecordBatch) -> pa.Table:
        n_rows = batch.num_rows
        if n_rows > 1 and any(column.nbytes > _MOST_TEXT_BYTES for column in batch.columns):
            half = n_rows // 2
            parts = self._restored(batch.slice(0, half)), self._restored(batch.slice(half))
            return pa.concat_tables(parts)
        columns = []
        for number, (column, kind) in enumerate(
            zip(batch.columns, self._schema.types, strict=True)
        ):
            if number in self._dictionaries:
                texts = self._dictionaries[number]
                columns.append(pa.DictionaryArray.from_arrays(column, texts, safe=False))
            else:
                columns.append(column.cast(kind) if column.type != kind else column)
        return pa.table(columns, schema=self._schema)


def _stored(kind: pa.DataType) -> pa.DataType:
    """Return the type in which values of a type are kept."""
    return kind.index_type if pa.types.is_dictionary(kind) else _STORED.get(kind, kind)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return (
        batches[0]
        if batches
        else pa.RecordBatch.from_arrays(
            [pa.nulls(0, kind) for kind in table.schema.types], schema=table.schema
        )
    )
