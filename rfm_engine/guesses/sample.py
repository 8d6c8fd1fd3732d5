"""Read a sample of the input: some rows of some files, as text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa

from rfm_engine.errors import UsageError, shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Guess
from rfm_engine.orders.sources.discovery import File, discover
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.recognition import Content, recognise
from rfm_engine.orders.sources.tables.part import TablePart

T = TypeVar("T")

_MOST_FILES = 8
_MOST_ROWS = 20_000
_LISTED_COLUMNS = 5


class Sample(NamedTuple):
    """The sampled rows.

    Attributes
    ----------
    name
        The name of the first file.
    columns
        The columns of the first file.
    format
        Guesses of the format of CSV.
    delimiter
        The delimiter of CSV, None for other files.
    """

    name: str
    columns: tuple[Column, ...]
    format: tuple[Guess, ...] = ()
    delimiter: str | None = None

    @property
    def n_rows(self) -> int:
        """Number of sampled rows."""
        return len(self.columns[0].values) if self.columns else 0


def read_sample(inputs: Sequence[str | os.PathLike[str]], typed: Mapping[str, Any]) -> Sample:
    """Read a sample of the files; `typed` are options that are known.

    Raises
    ------
    UsageError
        An input is missing, is a stream, its first line holds no names of columns, or files have
        different columns.
    DataError
        A file is corrupt or has no known format.
    """
    found = discover(inputs, as_files=bool(typed.get("as_files")))
    files = [file for file in found if isinstance(file, File)]
    parts = [part for part in found if isinstance(part, TablePart)]
    if len(files) + len(parts) < len(found):
        raise UsageError(
            "init must read files, because it reads some parts only; got a stream. Save it first."
        )
    if parts and files:
        raise UsageError(
            f"init must read only tables or only files; got {parts[0].table} and {files[0].name}. "
            "Give inputs of one kind."
        )
    if parts:
        n_rows = _MOST_ROWS // len(_spread(parts))
        held = [_rows_of_part(part, n_rows) for part in _spread(parts)]
        return _sample([part.table for part in _spread(parts)], held)
    recognised = recognise(files[0])
    if recognised.content == "csv":
        from rfm_engine.guesses.csv_sample import read_csv_sample

        some = [file for file in _spread(files) if recognise(file).content == "csv"]
        return read_csv_sample(some, typed)
    some = [file for file in _spread(files) if recognise(file).content == recognised.content]
    tables = [_rows_of(file, recognised.content, _MOST_ROWS // len(some)) for file in some]
    return _sample([file.name for file in some], tables)


def _sample(names: Sequence[str], tables: Sequence[pa.Table]) -> Sample:
    first = tables[0].schema
    for name, table in zip(names, tables, strict=True):
        require_same_columns(name, table.schema.names, names[0], first.names)
    rows = [row for table in tables for row in table.to_pylist()]
    columns = tuple(
        Column(field.name, tuple(_text(row.get(field.name)) for row in rows), _plain(field.type))
        for field in first
    )
    return Sample(names[0], columns)


def require_same_columns(
    name: str, columns: Sequence[str], first: str, wanted: Sequence[str]
) -> None:
    """Refuse a file whose columns are not those of the first file, in any order.

    Raises
    ------
    UsageError
        The columns differ.
    """
    if sorted(columns) == sorted(wanted):
        return
    lacks = [f"no {shown_value(each)}" for each in wanted if each not in columns]
    more = [shown_value(each) for each in columns if each not in wanted]
    found = [*lacks[:_LISTED_COLUMNS], *more[:_LISTED_COLUMNS]] or ["a name more than once"]
    raise UsageError(
        f"{name} must have the columns of {first}; got {', '.join(found)}. Run rfm init only for "
        "files with the same columns."
    )


def _spread(files: Sequence[T]) -> list[T]:
    """Return some of the files: the first, the last, and files between them."""
    n = min(len(files), _MOST_FILES)
    return [files[i * (len(files) - 1) // max(n - 1, 1)] for i in range(n)]


def _rows_of(file: File, content: Content, n_rows: int) -> pa.Table:
    """Return some rows of a Parquet or Arrow file: from the begin, the middle and the end."""
    with reading(file.name, "orders"), file.open() as handle:
        if content == "parquet":
            import pyarrow.parquet as pq

            parquet = pq.ParquetFile(handle)
            groups = sorted({0, parquet.num_row_groups // 2, parquet.num_row_groups - 1} - {-1})
            parts = [_first(parquet.iter_batches(n_rows, [each])) for each in groups]
            return _joined(parts, parquet.schema_arrow, n_rows)
        if content == "ipc file":
            arrow = pa.ipc.open_file(handle)
            places = sorted({0, arrow.num_record_batches // 2, arrow.num_record_batches - 1} - {-1})
            batches = [arrow.get_batch(each) for each in places if arrow.num_record_batches]
            return _joined(batches, arrow.schema, n_rows)
        stream = pa.ipc.open_stream(handle)
        return _joined([_first(stream)], stream.schema, n_rows)


def _rows_of_part(part: TablePart, n_rows: int) -> pa.Table:
    """Return some rows of a file of a table: from the begin, the middle and the end."""
    source = part.open(None, most_rows=n_rows)
    reads = source.reads()
    places = sorted({0, len(reads) // 2, len(reads) - 1} - {-1}) if reads else []
    return _joined([_first(b for b, _ in reads[each]) for each in places], source.schema, n_rows)


def _first(batches: Any) -> pa.RecordBatch | None:
    return next(iter(batches), None)


def _joined(parts: Sequence[pa.RecordBatch | None], schema: pa.Schema, n_rows: int) -> pa.Table:
    held = [part for part in parts if part is not None]
    each = max(n_rows // max(len(held), 1), 1)
    return pa.Table.from_batches([part.slice(0, each) for part in held], schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _text(value: object) -> str | None:
    return None if value is None else str(value)
