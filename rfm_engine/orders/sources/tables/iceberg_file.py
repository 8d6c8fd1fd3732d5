"""Read one data file of an Iceberg table, by our own reader where that is possible."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.orders.place import Read, Source
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.memory import StreamRead
from rfm_engine.orders.sources.tables.iceberg_facts import IcebergFacts
from rfm_engine.orders.sources.tables.parquet_file import ParquetFile, names_by_number

_CONTRACT = "readable data"


@dataclass(frozen=True, slots=True)
class IcebergFile:
    """A data file of a scan.

    Attributes
    ----------
    facts
        The scan of `pyiceberg`, the task for this file, and the columns of the scan.
    file
        The file; None if only `pyiceberg` can open it.
    """

    facts: IcebergFacts
    file: File | None

    @property
    def scan(self) -> Any:
        """The scan of `pyiceberg`."""
        return self.facts.scan

    @property
    def task(self) -> Any:
        """The task for this file."""
        return self.facts.task

    @property
    def schema(self) -> pa.Schema:
        """The columns of the scan."""
        return self.facts.schema

    @property
    def name(self) -> str:
        """Path or URI."""
        return str(self.task.file.file_path) if self.file is None else self.file.name

    def __call__(self, needed: Sequence[str], *, most_rows: int | None, alone: bool) -> Source:
        """Open the file."""
        names = self._physical(needed)
        if names is None or self.file is None:
            return TaskRows(self, tuple(needed), alone=alone)
        own = ParquetFile(self.file, self.schema, names)
        return own(needed, most_rows=most_rows, alone=alone)

    def _physical(self, needed: Sequence[str]) -> dict[str, str] | None:
        """Return the names of columns in the file; None if `pyiceberg` has to read it.

        Columns of Iceberg have numbers, so a file may name them differently. `pyiceberg` reads
        files with deleted rows, files that lack a column, and those of other formats.
        """
        from pyiceberg.manifest import FileFormat

        task, file = self.task, self.file
        is_whole = self.facts.n_rows is not None
        if file is None or not is_whole or task.file.file_format != FileFormat.PARQUET:
            return None
        held = names_by_number(file)
        numbers = {each.name: each.field_id for each in self.scan.projection().fields}
        found = {name: held.get(numbers[name]) for name in needed}
        names = {name: each for name, each in found.items() if each is not None}
        return names if len(names) == len(found) else None


@dataclass(frozen=True, slots=True)
class TaskRows:
    """The rows of a file as `pyiceberg` reads it; rows are numbered without deleted ones."""

    opened: IcebergFile
    names: tuple[str, ...]
    alone: bool
    text: bool = False
    repeatable: bool = True

    @property
    def name(self) -> str:
        """Path or URI."""
        return self.opened.name

    @property
    def schema(self) -> pa.Schema:
        """The needed columns, with the types of the table."""
        return pa.schema([self.opened.schema.field(name) for name in self.names])

    @property
    def n_rows(self) -> int | None:
        """Number of rows, if none are deleted or filtered."""
        return self.opened.facts.n_rows

    def reads(self) -> list[Read]:
        """Return the only read."""
        return [StreamRead(_Batches(self), self.names, self.name, shared=self.alone)]


@dataclass(frozen=True, slots=True)
class _Batches:
    rows: TaskRows

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        file = self.rows.opened.file
        if file is None or file.local:
            return self._batches()
        return file.deadline.each(file.name, self._batches)

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        from pyiceberg.exceptions import ResolveError
        from pyiceberg.io.pyarrow import ArrowScan

        opened = self.rows.opened
        scan = opened.scan
        projection = scan.projection().select(*self.rows.names, case_sensitive=True)
        arrow = ArrowScan(
            scan.table_metadata, scan.io, projection, scan.row_filter, scan.case_sensitive
        )
        with reading(self.rows.name, _CONTRACT):
            try:
                yield from arrow.to_record_batches([opened.task])
            except ResolveError as error:
                raise ValueError(str(error)) from error
