"""Stream the normalised rows: the orders that count, in canonical columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import is_bytes, is_text, plain_type, texts
from rfm_engine.orders.attributes import AttributeColumns, Attributes
from rfm_engine.orders.extra_columns import ExtraColumns
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.kinds import SeenKinds
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import day_date
from rfm_engine.orders.row_columns import RowColumns, refuse_collisions, row_fields
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.orders.workers import results_in_order

T = TypeVar("T")

METADATA_KEY = b"rfm_engine_rows"
"""The metadata key of normalised rows; results of `score` have a different key."""

MOST_ROWS = 1 << 18
"""Threads process parts of a batch, so that few batches are in memory at a time."""
# A decoded column of text may be much larger than its dictionary.
_MOST_BYTES = 1 << 28


class Added(NamedTuple):
    """The input columns whose values are added to the columns that all rows have."""

    attributes: Attributes
    carry: Sequence[str]


class NormalizedRows:
    """The rows of orders that count: a stream that can be read once.

    Every library that reads Arrow streams (`__arrow_c_stream__`) can read it: pyarrow, Polars,
    DuckDB, pandas. Iterating over it yields record batches. If the data are faulty, iterating
    raises the same `DataError` as `score`; other consumers of the stream raise their own error with
    the same message. The rows are in the order of the input.

    Attributes
    ----------
    schema
        The columns. The value of `rfm_engine_rows` in the metadata is JSON: `version`, `as_of`,
        `scale` (digits of `minor` after the decimal point), `timezone` (of `local` and `day`) and
        `options`.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        intake: Intake,
        added: Added,
        about: dict[str, Any],
        threads: int,
    ) -> None:
        intake.join(sources)
        reading, kinds = intake.reading, intake.kinds
        # The schema is fixed now. A later batch may show a kind that the first batch does not
        # show, and must then agree with it.
        shown = SeenKinds(kinds.customer, kinds.order, scale=kinds.scale, by=kinds.by)
        intake.agree("the columns of normalised rows", shown)
        of_attributes = AttributeColumns(added.attributes, reading, kinds, sources)
        fields = row_fields(reading, kinds) + of_attributes.fields
        unchanged, carried = added.attributes.unchanged, dict.fromkeys(added.carry, "carry")
        refuse_collisions(fields, reading, [*unchanged.items(), *carried.items()])
        copied = ExtraColumns(unchanged | carried, sources)
        self._columns = RowColumns(reading, kinds, of_attributes, copied)
        as_of = None if intake.as_of_day is None else day_date(intake.as_of_day)
        facts = {
            "as_of": None if as_of is None else as_of.isoformat(),
            "scale": kinds.scale,
            "timezone": reading.options["timezone"],
        }
        metadata = {METADATA_KEY: json.dumps(about | facts, default=str)}
        self.schema = pa.schema([*fields, *copied.fields], metadata)
        self._scale = kinds.scale
        self._sources = sources
        self._intake = intake
        self._threads = threads
        self._lock = Lock()
        self._is_begun = False

    @property
    def rows(self) -> RowCounts:
        """Numbers of rows read, counted and dropped by reason; final at the end of the stream."""
        return self._intake.ledger.counts()

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows so far, each with a code and a text."""
        return self._intake.warnings

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None if it was `"newest"` and no row has counted."""
        day = self._intake.as_of_day
        return None if day is None else day_date(day)

    @property
    def scale(self) -> int:
        """Number of digits of the minor units after the decimal point."""
        return self._scale

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the stream as a capsule of the Arrow C stream interface.

        Consumers may call it several times to read the schema, but can read only one stream.
        """
        reader = pa.RecordBatchReader.from_batches(self.schema, iter(self))
        return reader.__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches.

        Raises
        ------
        UsageError
            The rows have been read already.
        DataError
            The data are faulty.
        """
        for batches in self._in_order(self._counted):
            yield from batches

    def _in_order(self, process: Callable[..., list[T]]) -> Iterator[list[T]]:
        with self._lock:
            if self._is_begun:
                raise UsageError(
                    "normalised rows must be read only once; got a second read. Store them in a "
                    "table, or normalise the orders again."
                )
            self._is_begun = True
        jobs = self._jobs(process)
        if self._intake.duplicates is None:
            yield from results_in_order(jobs, self._threads, "rfm-rows")
        else:  # In sequence, so that the first of equal rows is the one that counts.
            yield from (job() for job in jobs)

    def _jobs(self, process: Callable[..., list[T]]) -> Iterator[Callable[[], list[T]]]:
        for source in self._sources:
            for read in source.reads():
                for batch, place in read:
                    for part, where in _parts(batch, place):
                        yield partial(process, part, where, text=source.text)

    def _counted(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> list[pa.RecordBatch]:
        return [
            pa.RecordBatch.from_arrays(
                self._columns.of(rows, piece, where, text=text), schema=self.schema
            )
            for rows, piece, where in self._intake.pieces(batch, place, text=text)
            if rows.counts[COUNTED]
        ]

    def _processed(
        self,
        process: Callable[[list[pa.Array]], T],
        batch: pa.RecordBatch,
        place: Place,
        *,
        text: bool,
    ) -> list[T]:
        return [
            process(self._columns.of(rows, piece, where, text=text, shared=True))
            for rows, piece, where in self._intake.pieces(batch, place, text=text)
            if rows.counts[COUNTED]
        ]


def each_batch(rows: NormalizedRows, process: Callable[[list[pa.Array]], T]) -> Iterator[T]:
    """Read rows as iterating over them does, and yield the result of `process` for each batch.

    `process` is called in the threads of the stream, with the columns of a batch. Text columns that
    are copied from the input are dictionary arrays if they are in the input.

    Raises
    ------
    UsageError, DataError
        As iteration.
    """
    for results in rows._in_order(partial(rows._processed, process)):
        yield from results


def _parts(batch: pa.RecordBatch, place: Place) -> Iterator[tuple[pa.RecordBatch, Place]]:
    """Split a batch that has many rows, or columns that take much memory when decoded."""
    n = batch.num_rows
    if n > MOST_ROWS or (n > 1 and sum(map(_decoded_bytes, batch.columns)) > _MOST_BYTES):
        yield from _parts(batch.slice(0, n // 2), place)
        yield from _parts(batch.slice(n // 2), place.after(n // 2))
    else:
        yield batch, place


def _decoded_bytes(column: pa.Array) -> int:
    """Return an upper bound of the bytes that a column of text takes without its dictionary."""
    kind = plain_type(column.type)
    if not (is_text(kind) or is_bytes(kind)):
        return 0
    if not isinstance(column, pa.DictionaryArray):
        if column.nbytes <= _MOST_BYTES:
            return int(column.nbytes)
        offsets = texts(column).offsets  # For a slice of views, `nbytes` counts shared buffers.
        return int(offsets[-1] - offsets[0])
    return len(column) * int(np.diff(texts(column.dictionary).offsets).max(initial=0))
