"""Read Arrow IPC: files, streams in files, streams on standard input and named pipes."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import Constants, Place, Read, Selection, select
from rfm_engine.orders.sources.discovery import File, Pipe
from rfm_engine.orders.sources.files import FileSource
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.pieces import pieces

_CONTRACT = "readable Arrow IPC"
_END = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True, slots=True)
class IpcSource(FileSource):
    """An Arrow IPC file, or an IPC stream in a file; local ones are memory-mapped."""

    fields: tuple[int, ...]
    stream: bool
    shared: bool
    text: bool = False
    n_rows: int | None = None

    def reads(self) -> list[Read]:
        """Return one read, because the place of a batch depends on the batches before it."""
        return [_FileRead(self, self.shared)]

    def batches(self) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches of the file in order."""
        with _opened(self.file) as handle:
            if not self.stream:
                reader = pa.ipc.open_file(handle, options=_options(self.fields))
                for index in range(reader.num_record_batches):
                    yield reader.get_batch(index)
                return
            with pa.ipc.open_stream(handle, options=_options(self.fields)) as batches:
                yield from batches
            end = handle.tell()
            handle.seek(max(end - len(_END), 0))
            _check_end(handle.read(end - handle.tell()), handle.read(1), self.name)


@dataclass(frozen=True, slots=True)
class _FileRead:
    source: IpcSource
    shared: bool

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        return _checked(self.source.batches(), self.source.selection, self.source.name)


@dataclass(slots=True)
class PipeSource:
    """A stream on standard input or a named pipe: it can be read once."""

    name: str
    selection: Selection
    stream: _Stream
    reader: pa.RecordBatchReader
    taken: bool = False
    text: bool = False
    n_rows: int | None = None
    repeatable: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The needed columns."""
        return self.selection.schema

    def reads(self) -> list[Read]:
        """Return the only read."""
        if self.taken:
            raise UsageError(
                f"{self.name} must be read only once; got a second read. Save it as a file."
            )
        self.taken = True
        return [_PipeRead(self)]

    def batches(self) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches of the pipe until its end."""
        with closing(self.stream):
            yield from self.reader
            _check_end(self.stream.last, self.stream.read(1), self.name)


@dataclass(frozen=True, slots=True)
class _PipeRead:
    source: PipeSource
    shared: bool = True

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        return _checked(self.source.batches(), self.source.selection, self.source.name)


@dataclass(slots=True)
class _Stream:
    """The bytes of a pipe. Arrow has no class for pipes: its own files must be able to seek.

    Only the thread that requests a batch calls this object, so that no thread of Arrow holds a
    Python object when the interpreter exits.
    """

    descriptor: int
    last: bytes = b""
    closed: bool = field(default=False)

    def read(self, n_bytes: int) -> bytes:
        """Return ``n_bytes`` bytes, fewer at the end."""
        parts = []
        while n_bytes > 0 and (part := os.read(self.descriptor, min(n_bytes, 1 << 20))):
            parts.append(part)
            n_bytes -= len(part)
        got = b"".join(parts)
        self.last = (self.last + got[-len(_END) :])[-len(_END) :]
        return got

    def close(self) -> None:
        """Close a named pipe; standard input stays open."""
        if not self.closed and self.descriptor > 0:
            os.close(self.descriptor)
        self.closed = True

    def readable(self) -> bool:
        """Return True, which Arrow checks."""
        return True


def open_ipc(
    file: File,
    needed: Sequence[str] | None,
    constants: Constants,
    *,
    stream: bool,
    alone: bool,
) -> IpcSource:
    """Read the schema of ``file``; ``alone`` is True if it is the only input."""
    with reading(file.name, _CONTRACT), _opened(file) as handle:
        if stream:
            with pa.ipc.open_stream(handle) as batches:
                schema = batches.schema
        else:
            schema = pa.ipc.open_file(handle).schema
        selection = select(schema, needed, file.name, constants)
        fields = tuple(schema.get_field_index(name) for name in selection.physical)
    return IpcSource(file, selection, fields, stream, shared=alone)


def open_pipe(pipe: Pipe, needed: Sequence[str] | None) -> PipeSource:
    """Read the schema at the beginning of ``pipe``."""
    with reading(pipe.name, "an Arrow IPC stream"), ExitStack() as undo:
        stream = _Stream(0 if pipe.path is None else os.open(pipe.path, os.O_RDONLY))
        undo.callback(stream.close)
        opened: Any = stream  # not an IOBase: Arrow uses only read, close and closed
        reader = pa.ipc.open_stream(pa.PythonFile(opened, mode="r"), options=_options(()))
        selection = select(reader.schema, needed, pipe.name)
        undo.pop_all()
    return PipeSource(pipe.name, selection, stream, reader)


def _opened(file: File) -> pa.NativeFile:
    return pa.memory_map(file.path) if file.local else file.open()


def _options(fields: Sequence[int]) -> pa.ipc.IpcReadOptions:
    return pa.ipc.IpcReadOptions(use_threads=False, included_fields=list(fields))


def _checked(
    batches: Generator[pa.RecordBatch, None, None], selection: Selection, name: str
) -> Iterator[tuple[pa.RecordBatch, Place]]:
    row = 0
    with reading(name, _CONTRACT), closing(batches):
        for batch in batches:
            for piece in pieces(batch):
                chosen = selection.of(piece)
                chosen.validate(full=True)
                yield chosen, Place(name, None, row)
                row += chosen.num_rows


def _check_end(last: bytes, more: bytes, name: str) -> None:
    """Refuse a stream that its writer did not end, and bytes after the end of a stream.

    Arrow accepts both as a valid end, so rows would be missing without an error.
    """
    if last != _END:
        raise DataError(
            f"{name} must end with the end-of-stream mark; got the end of the data before it. "
            "Check whether the writer failed or did not close the stream."
        )
    if more:
        raise DataError(
            f"{name} must contain one Arrow IPC stream; got more data after its end. "
            "Read the streams one by one."
        )
