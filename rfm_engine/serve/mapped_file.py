"""Open and check a sorted Arrow IPC file of scored customers, mapped into memory."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, UsageError, shown_cause
from rfm_engine.orders.kinds import OUTPUT_TYPES
from rfm_engine.result.metadata import METADATA_KEY
from rfm_engine.result.snapshot import Snapshot, refuse_part, snapshot_described_by
from rfm_engine.serve.row_text import WriteValue, is_checked, value_writer
from rfm_engine.serve.row_values import ReadValue, value_reader
from rfm_engine.serve.sorted_ids import Place, SortedIds

_MAGIC, _PARQUET, _STREAM = b"ARROW1", b"PAR1", b"\xff\xff\xff\xff"
_DAMAGE = (pa.ArrowException, OverflowError, ValueError, IndexError)
_NO_END = "Not an Arrow file"  # Arrow says so if the magic bytes at the end are missing
_N_SAMPLES = 64
_COMMAND = "rfm score ... --sort customer -o NEW.arrow"


class Identity(NamedTuple):
    """What distinguishes a file from the one that replaces it."""

    device: int
    inode: int
    mtime_ns: int
    size: int


def identity_of(found: os.stat_result) -> Identity:
    """Return the identity of a file."""
    return Identity(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


@dataclass(frozen=True, slots=True)
class MappedFile:
    """An open file of customers in the order of their ids.

    It stays mapped as long as anything refers to its batches, also after it was replaced.
    """

    identity: Identity
    snapshot: Snapshot
    batches: list[pa.RecordBatch]
    ids: SortedIds
    # Arrow makes new lists on each access, which takes as long as a lookup.
    columns: list[list[pa.Array[Any]]]
    names: list[str]
    kinds: list[pa.DataType]
    readers: list[list[ReadValue]]
    writers: list[list[WriteValue]]
    are_checked: list[bool]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return sum(batch.num_rows for batch in self.batches)

    def row(self, place: Place) -> dict[str, Any]:
        """Return one row by column name.

        Raises
        ------
        DataError
            The row is damaged.
        """
        number, row = place
        with self._undamaged():
            self.batches[number].slice(row, 1).validate(full=True)
            each = zip(self.names, self.readers[number], strict=True)
            return {name: read(row) for name, read in each}

    def row_text(self, place: Place) -> str:
        """Return one row as an object of JSON.

        Raises
        ------
        DataError
            The row is damaged.
        """
        number, row = place
        try:
            if not self.are_checked[number]:
                self.batches[number].slice(row, 1).validate(full=True)
            return f"{{{','.join([write(row) for write in self.writers[number]])}}}"
        except _DAMAGE as error:
            raise _damaged(self.snapshot.path, error) from None

    def rows(self, places: Sequence[Place | None]) -> pa.Table:
        """Return one row per place as a table; None is a row of nulls.

        Raises
        ------
        DataError
            A row is damaged.
        """
        missing = self._nulls()
        rows = [missing if at is None else self.batches[at.batch].slice(at.row, 1) for at in places]
        table = pa.Table.from_batches(rows, self.snapshot.schema)
        with self._undamaged():
            table.validate(full=True)  # before Arrow follows offsets to other places
        return table.combine_chunks()

    def _nulls(self) -> pa.RecordBatch:
        """Return a row of nulls with the dictionaries of the file, so that they need no merging."""
        columns = self.columns[0] if self.columns else [pa.array([], kind) for kind in self.kinds]
        nulls = [
            pa.DictionaryArray.from_arrays(pa.nulls(1, column.type.index_type), column.dictionary)
            if isinstance(column, pa.DictionaryArray)
            else pa.nulls(1, column.type)
            for column in columns
        ]
        return pa.RecordBatch.from_arrays(nulls, schema=self.snapshot.schema)

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Raise errors about values as errors that name the file."""
        try:
            yield
        except _DAMAGE as error:
            raise _damaged(self.snapshot.path, error) from None


def mapped_file(path: Path) -> MappedFile:
    """Open and check a file.

    Raises
    ------
    UsageError
        The file does not exist, or is not a sorted, uncompressed Arrow IPC file of `rfm score`.
    DataError
        The file is damaged.
    """
    if path.is_fifo():  # to open it would wait for a writer
        raise _refused(path, "an Arrow file", "a pipe")
    try:
        with path.open("rb") as file:
            identity = identity_of(os.fstat(file.fileno()))
            _refuse_other_formats(path, file.read(len(_MAGIC)))
            content = pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        advice = "Check the path, or write" if isinstance(error, FileNotFoundError) else "Write"
        raise UsageError(
            f"lookup must have a readable file; got {str(path)!r}: {shown_cause(error)}. "
            f"{advice} it with: {_COMMAND}."
        ) from None
    try:
        with pa.ipc.open_file(pa.BufferReader(content)) as reader:
            schema = reader.schema
            if METADATA_KEY not in (schema.metadata or {}):
                raise _refused(path, "written by rfm score", "a file without its metadata")
            snapshot = snapshot_described_by(schema, path, (path,))
            batches = _batches(reader, content, path)
            columns, names = [batch.columns for batch in batches], schema.names
            readers = [[value_reader(column) for column in each] for each in columns]
            writers = [list(map(value_writer, names, each)) for each in columns]
            are_checked = [all(map(is_checked, each)) for each in columns]
    except RfmError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: undecodable names
        raise _damaged(path, error) from None
    refuse_part(snapshot, sum(batch.num_rows for batch in batches))
    n_ids = 1 if snapshot.options["by"] is None else 2
    _check_ids(path, schema, batches, n_ids)
    ids = SortedIds(batches, n_ids)
    if not snapshot.is_sorted or not ids.is_ascending(_N_SAMPLES):
        raise _refused(path, "sorted by customer", "customers in another order")
    kinds = schema.types
    return MappedFile(
        identity, snapshot, batches, ids, columns, names, kinds, readers, writers, are_checked
    )


def _batches(
    reader: pa.RecordBatchFileReader, content: pa.Buffer, path: Path
) -> list[pa.RecordBatch]:
    """Return the batches that have rows; their values are in the mapped file."""
    found = []
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        batch.validate()
        if not _is_within(batch, content):
            raise _refused(path, "uncompressed", "compressed values")
        found.append(batch)
    if reader.stats.num_dictionary_deltas:
        raise _refused(path, "an Arrow file with one dictionary per column", "dictionary deltas")
    return [batch for batch in found if batch.num_rows]


def _is_within(batch: pa.RecordBatch, content: pa.Buffer) -> bool:
    """Return whether all values of a batch are in the mapped file: Arrow decompresses to others."""
    start, end = content.address, content.address + content.size
    return all(
        buffer is None or not buffer.size or start <= buffer.address < end
        for column in batch.columns
        for buffer in column.buffers()
    )


def _refuse_other_formats(path: Path, head: bytes) -> None:
    if head == _MAGIC:
        return
    found = "another format"
    if head.startswith(_PARQUET):
        found = "Parquet"
    elif head.startswith(_STREAM):
        found = "an Arrow stream"
    elif not head:
        found = "an empty file"
    raise _refused(path, "an Arrow file", found)


def _check_ids(
    path: Path, schema: pa.Schema, batches: Sequence[pa.RecordBatch], n_ids: int
) -> None:
    """Refuse id columns of types that no output has, and customers without an id."""
    kinds = schema.types[:n_ids]
    if len(kinds) < n_ids or any(kind not in OUTPUT_TYPES.values() for kind in kinds):
        raise _refused(path, "unchanged", f"ids of type {', '.join(map(str, kinds))}")
    if any(batch.column(0).null_count for batch in batches):
        raise _refused(path, "unchanged", "customers without an id")


def _refused(path: Path, contract: str, found: str) -> UsageError:
    return UsageError(
        f"lookup file must be {contract}; got {str(path)!r}: {found}. Write it with: {_COMMAND}."
    )


def _damaged(path: Path, error: Exception) -> DataError:
    cause = shown_cause(error)
    if cause == _NO_END:
        cause = "a file that ends early"
    return DataError(
        f"lookup file {str(path)!r} must be undamaged; got {cause}. "
        f"Write it again with: {_COMMAND}."
    )
