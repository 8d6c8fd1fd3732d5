"""Writers of the output formats: Parquet, a directory of Parquet parts, Arrow IPC, CSV.

Each writer takes functions that build the row groups, calls them in `threads` threads, and reports
the number of rows that it has written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.csv

from rfm_engine.output.atomic import MARKER, sync
from rfm_engine.output.in_order import in_order
from rfm_engine.output.text import as_text, check_text
from rfm_engine.parquet.concatenation import Stitch
from rfm_engine.parquet.encoding import Memory, empty_file
from rfm_engine.parquet.row_groups import encode_group

Groups: TypeAlias = Iterable[Callable[[], pa.Table]]
Wrote: TypeAlias = Callable[[int], None]
"""Called in the calling thread with the number of rows of each written group."""

Writer: TypeAlias = Callable[[Groups, pa.Schema, Path, int, Wrote], None]

_GROUP_ROWS = 1 << 20
_BATCH_ROWS = 1 << 16  # Ctrl-C waits until this many rows are written: 0.1 s for CSV


def grouped(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Groups:
    """Join or cut batches into row groups of equal size; the last one may be smaller."""
    waiting: list[pa.RecordBatch] = []
    room = _GROUP_ROWS
    for batch in batches:
        start = 0
        while batch.num_rows - start >= room:
            waiting.append(batch.slice(start, room))
            yield partial(pa.Table.from_batches, waiting, schema)
            start += room
            waiting, room = [], _GROUP_ROWS
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            room -= batch.num_rows - start
    if waiting:
        yield partial(pa.Table.from_batches, waiting, schema)


def write_parquet(
    groups: Groups, schema: pa.Schema, path: Path, threads: int, wrote: Wrote
) -> None:
    """Write one Parquet file; its row groups are encoded in `threads` threads."""
    spare: list[Memory] = []

    def encoded(group: Callable[[], pa.Table]) -> tuple[int, Memory]:
        table = group()
        memory = spare.pop() if spare else Memory()
        memory.begin()
        encode_group(table, memory)
        return table.num_rows, memory

    with pa.OSFile(str(path), "wb") as file:
        stitch = Stitch(file, empty_file(schema).view())

        def take(done: tuple[int, Memory]) -> None:
            n_rows, memory = done
            stitch.append(memory.view())
            spare.append(memory)
            wrote(n_rows)

        in_order((partial(encoded, group) for group in groups), threads, take)
        stitch.close()


def write_parts(
    groups: Groups, schema: pa.Schema, folder: Path, threads: int, wrote: Wrote
) -> None:
    """Write Parquet parts with one row group each, and the marker file."""
    spare: list[Memory] = []
    head = empty_file(schema).view()

    def write_part(group: Callable[[], pa.Table], name: str) -> int:
        table = group()
        memory = spare.pop() if spare else Memory()
        memory.begin()
        encode_group(table, memory)
        with pa.OSFile(str(folder / name), "wb") as file:
            stitch = Stitch(file, head)
            stitch.append(memory.view())
            stitch.close()
        spare.append(memory)
        sync(folder / name)
        return int(table.num_rows)

    parts = (
        partial(write_part, group, f"part-{number:05}.parquet")
        for number, group in enumerate(groups)
    )
    in_order(parts, threads, wrote)
    empty = [MARKER] if any(folder.iterdir()) else ["part-00000.parquet", MARKER]
    for name in empty:
        (folder / name).write_bytes(head)
        sync(folder / name)


def write_arrow(groups: Groups, schema: pa.Schema, path: Path, threads: int, wrote: Wrote) -> None:
    """Write one Arrow IPC file."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        _write_each(groups, threads, writer.write_batch, wrote)


def write_csv(groups: Groups, schema: pa.Schema, path: Path, threads: int, wrote: Wrote) -> None:
    """Write one CSV file with a header; null is an empty field, an empty text is `""`."""
    with pa.OSFile(str(path), "wb") as sink:
        _write_text(groups, schema, sink, threads, wrote)


def write_csv_gz(groups: Groups, schema: pa.Schema, path: Path, threads: int, wrote: Wrote) -> None:
    """Write one gzip-compressed CSV file without a time stamp: equal tables give equal bytes."""
    with pa.OSFile(str(path), "wb") as file, pa.CompressedOutputStream(file, "gzip") as sink:
        _write_text(groups, schema, sink, threads, wrote)


def _write_text(
    groups: Groups, schema: pa.Schema, sink: pa.NativeFile, threads: int, wrote: Wrote
) -> None:
    check_text(schema)
    head = as_text(pa.Table.from_batches([], schema)).schema
    texts = (partial(_text, group) for group in groups)
    with pyarrow.csv.CSVWriter(sink, head) as writer:
        _write_each(texts, threads, writer.write_batch, wrote)


def write_stdout(groups: Groups, schema: pa.Schema, threads: int, wrote: Wrote) -> None:
    """Write an Arrow IPC stream to stdout."""
    # A Python file is safe here because only one thread writes. Opening /dev/stdout again would
    # truncate a file that the shell appends to.
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as writer:
        _write_each(groups, threads, writer.write_batch, wrote)
    sys.stdout.buffer.flush()


def _text(group: Callable[[], pa.Table]) -> pa.Table:
    return as_text(group())


def _write_each(
    groups: Groups, threads: int, write: Callable[[pa.RecordBatch], None], wrote: Wrote
) -> None:
    def take(table: pa.Table) -> None:
        for batch in table.to_batches(_BATCH_ROWS):
            write(batch)
        wrote(table.num_rows)

    in_order(groups, threads, take)


WRITERS: dict[str, Writer] = {
    ".parquet": write_parquet,
    ".arrow": write_arrow,
    ".csv": write_csv,
    ".csv.gz": write_csv_gz,
    "": write_parts,
}
