"""Orders that are there already: tables, batches, frames, relations, streams, iterators."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import Place, Read, require_columns
from rfm_engine.orders.sources.pieces import MOST_ROWS, pieces

NAME = "orders"


@dataclass(frozen=True, slots=True)
class BatchRead:
    """Batches in memory, one after the other."""

    batches: tuple[pa.RecordBatch, ...]
    first_row: int
    shared: bool = False

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield each batch with its place."""
        row = self.first_row
        for batch in self.batches:
            yield batch, Place(NAME, None, row)
            row += batch.num_rows


@dataclass(frozen=True, slots=True)
class BatchSource:
    """Batches in memory, only the needed columns of them."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    n_rows: int
    name: str = NAME
    text: bool = False
    repeatable: bool = True

    def reads(self) -> list[Read]:
        """Return reads of about a million rows, without copying any."""
        reads: list[Read] = []
        held: list[pa.RecordBatch] = []
        rows, row = 0, 0
        for batch in self.batches:
            for piece in pieces(batch):
                if held and rows + piece.num_rows > MOST_ROWS:
                    reads.append(BatchRead(tuple(held), row - rows))
                    held, rows = [], 0
                held.append(piece)
                rows += piece.num_rows
                row += piece.num_rows
        if held:
            reads.append(BatchRead(tuple(held), row - rows))
        return reads


@dataclass(slots=True)
class StreamSource:
    """Batches that come one by one, perhaps a second time.

    What the producer raises passes through unchanged.
    """

    schema: pa.Schema
    first: Iterable[pa.RecordBatch] | None
    again: Callable[[], Iterable[pa.RecordBatch]] | None
    n_rows: int | None = None
    name: str = NAME
    text: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the producer can be asked again."""
        return self.again is not None

    def reads(self) -> list[Read]:
        """Return the one read, which threads share."""
        batches, self.first = self.first, None
        if batches is None:
            if self.again is None:
                raise UsageError(
                    "a stream of orders must be read once only; got a second reading. "
                    "Give a table or a file."
                )
            batches = self.again()
        return [StreamRead(batches, tuple(self.schema.names))]


@dataclass(frozen=True, slots=True)
class StreamRead:
    """The batches of a stream, the needed columns taken by name."""

    batches: Iterable[pa.RecordBatch]
    names: tuple[str, ...]
    shared: bool = True

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield slices of the batches; a batch without a needed column is refused."""
        row = 0
        for index, batch in enumerate(self.batches):
            for piece in pieces(_chosen(batch, index, self.names)):
                yield piece, Place(NAME, None, row)
                row += piece.num_rows


def of_table(table: pa.Table, needed: Sequence[str]) -> BatchSource:
    """Take the needed columns of a table."""
    require_columns(table.schema.names, needed, NAME)
    chosen = table.select(list(needed))
    schema = pa.schema(list(chosen.schema))
    return BatchSource(schema, tuple(chosen.to_batches()), chosen.num_rows)


def of_batches(batches: Sequence[pa.RecordBatch], needed: Sequence[str]) -> BatchSource:
    """Take the needed columns of batches in memory, each by its own names."""
    require_columns(batches[0].schema.names, needed, NAME)
    names = tuple(needed)
    chosen = tuple(_chosen(batch, index, names) for index, batch in enumerate(batches))
    rows = sum(batch.num_rows for batch in chosen)
    return BatchSource(pa.schema(list(chosen[0].schema)), chosen, rows)


def of_reader(
    reader: pa.RecordBatchReader,
    needed: Sequence[str],
    again: Callable[[], pa.RecordBatchReader] | None = None,
    n_rows: int | None = None,
) -> StreamSource:
    """Take the needed columns of a stream; ``again`` opens it anew where that is possible."""
    require_columns(reader.schema.names, needed, NAME)
    schema = pa.schema([reader.schema.field(name) for name in needed])
    return StreamSource(schema, reader, again, n_rows)


def of_iterator(batches: Iterator[object], needed: Sequence[str]) -> StreamSource:
    """Take the needed columns of an iterator of batches, whose first one is read now."""
    first = next(batches, None)
    if first is None:
        raise UsageError(
            "an iterator of orders must yield at least one record batch; got none. "
            "Yield an empty batch with the columns."
        )
    named = _batch(first)
    require_columns(named.schema.names, needed, NAME)
    schema = pa.schema([named.schema.field(name) for name in needed])
    return StreamSource(schema, _resumed(named, batches), None)


def of_dataset(dataset: Any, needed: Sequence[str]) -> StreamSource:
    """Scan the needed columns of a pyarrow dataset."""
    require_columns(dataset.schema.names, needed, NAME)

    def scan() -> Any:
        # Few fragments and batches ahead: the default holds 113 MB for a file of 64 MB.
        scanner = dataset.scanner(columns=list(needed), batch_readahead=2, fragment_readahead=1)
        return scanner.to_reader()

    return of_reader(scan(), needed, scan)


def is_dataset(orders: object) -> bool:
    """Whether ``orders`` is a pyarrow dataset, without importing them."""
    module = sys.modules.get("pyarrow.dataset")
    return module is not None and isinstance(orders, module.Dataset)


def _resumed(first: pa.RecordBatch, rest: Iterator[object]) -> Iterator[pa.RecordBatch]:
    yield first
    for batch in rest:
        yield _batch(batch)


def _batch(given: object) -> pa.RecordBatch:
    if not isinstance(given, pa.RecordBatch):
        raise UsageError(
            f"an iterator of orders must yield pyarrow.RecordBatch; got {type(given).__name__}. "
            "Use Table.to_batches() for tables."
        )
    return given


def _chosen(batch: pa.RecordBatch, index: int, names: tuple[str, ...]) -> pa.RecordBatch:
    held = batch.schema.names
    lacking = next((name for name in names if held.count(name) != 1), None)
    if lacking is not None:
        raise DataError(
            f"batch {index} of orders must have column {lacking!r} once, as the first one has; "
            f"got {', '.join(held)}. Give all batches the same columns."
        )
    return batch.select(list(names))
