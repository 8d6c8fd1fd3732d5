"""Read orders from memory: tables, batches, frames, relations, streams, iterators."""

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
    name: str = NAME
    shared: bool = False

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield each batch with its place."""
        row = self.first_row
        for batch in self.batches:
            yield batch, Place(self.name, None, row)
            row += batch.num_rows


@dataclass(frozen=True, slots=True)
class BatchSource:
    """Batches in memory, with only the needed columns."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    n_rows: int
    name: str = NAME
    text: bool = False
    repeatable: bool = True

    def reads(self) -> list[Read]:
        """Return reads of about a million rows, without copying rows."""
        reads: list[Read] = []
        held: list[pa.RecordBatch] = []
        rows, row = 0, 0
        for batch in self.batches:
            for piece in pieces(batch):
                if held and rows + piece.num_rows > MOST_ROWS:
                    reads.append(BatchRead(tuple(held), row - rows, self.name))
                    held, rows = [], 0
                held.append(piece)
                rows += piece.num_rows
                row += piece.num_rows
        if held:
            reads.append(BatchRead(tuple(held), row - rows, self.name))
        return reads


@dataclass(slots=True)
class StreamSource:
    """Batches that arrive one by one, and can be read again if `again` is given.

    Exceptions of the producer pass through unchanged.
    """

    schema: pa.Schema
    first: Iterable[pa.RecordBatch] | None
    again: Callable[[], Iterable[pa.RecordBatch]] | None
    n_rows: int | None = None
    name: str = NAME
    text: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether the producer can be read again."""
        return self.again is not None

    def reads(self) -> list[Read]:
        """Return the only read, which threads share."""
        batches, self.first = self.first, None
        if batches is None:
            if self.again is None:
                raise UsageError(
                    "a stream of orders must be read only once; got a second read. "
                    "Give a table or a file instead."
                )
            batches = self.again()
        return [StreamRead(batches, tuple(self.schema.names), self.name)]


@dataclass(frozen=True, slots=True)
class StreamRead:
    """The batches of a stream, with the needed columns selected by name."""

    batches: Iterable[pa.RecordBatch]
    names: tuple[str, ...]
    name: str = NAME
    shared: bool = True

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield slices of the batches; refuse a batch without a needed column."""
        row = 0
        for index, batch in enumerate(self.batches):
            for piece in pieces(chosen(batch, index, self.names)):
                yield piece, Place(self.name, None, row)
                row += piece.num_rows


def of_table(table: pa.Table, needed: Sequence[str], name: str = NAME) -> BatchSource:
    """Select the needed columns of a table."""
    require_columns(table.schema.names, needed, name)
    cut = table.select(list(needed))
    schema = pa.schema(list(cut.schema))
    return BatchSource(schema, tuple(cut.to_batches()), cut.num_rows, name)


def of_reader(
    reader: pa.RecordBatchReader,
    needed: Sequence[str],
    again: Callable[[], pa.RecordBatchReader] | None = None,
    n_rows: int | None = None,
    name: str = NAME,
) -> StreamSource:
    """Select the needed columns of a stream; ``again``, if given, opens the stream again."""
    require_columns(reader.schema.names, needed, name)
    schema = pa.schema([reader.schema.field(column) for column in needed])
    return StreamSource(schema, reader, again, n_rows, name)


def of_dataset(dataset: Any, needed: Sequence[str], name: str = NAME) -> StreamSource:
    """Scan the needed columns of a pyarrow dataset."""
    require_columns(dataset.schema.names, needed, name)

    def scan() -> Any:
        # Read few fragments and batches ahead: the default holds 113 MB for a file of 64 MB.
        scanner = dataset.scanner(columns=list(needed), batch_readahead=2, fragment_readahead=1)
        return scanner.to_reader()

    return of_reader(scan(), list(needed), scan, name=name)


def is_dataset(orders: object) -> bool:
    """Tell whether ``orders`` is a pyarrow dataset, without importing `pyarrow.dataset`."""
    module = sys.modules.get("pyarrow.dataset")
    return module is not None and isinstance(orders, module.Dataset)


def chosen(batch: pa.RecordBatch, index: int, names: tuple[str, ...]) -> pa.RecordBatch:
    """Return the needed columns of a batch, which must contain each of them once.

    Raises
    ------
    DataError
        A column is missing or occurs more than once.
    """
    held = batch.schema.names
    lacking = next((name for name in names if held.count(name) != 1), None)
    if lacking is not None:
        raise DataError(
            f"batch {index} of orders must have column {lacking!r} once, like the first batch; "
            f"got {', '.join(map(repr, held))}. Give all batches the same columns."
        )
    return batch.select(list(names))
