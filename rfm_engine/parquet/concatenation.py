"""Join row groups that were encoded separately to one Parquet file.

A larger file can use the pages of a row group that was encoded as a separate file, unchanged. Only
the offsets in its footer change. pyarrow can join footers but cannot change their offsets, and it
encodes a file in one thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from rfm_engine.parquet.thrift import STRUCT, Compact, Written, sequence, varint

MAGIC = b"PAR1"
_TAIL_BYTES = 8  # length of the footer and the magic after it
_NO_STRUCTS = bytes([STRUCT])
_N_ROWS, _ROW_GROUPS, _CHUNKS = 3, 4, 1
# On a disk that writes 2 GB/s, syncing 350 MB at the end takes 0.15 s. If syncing starts early, it
# takes no extra time.
_SYNC_BYTES = 64 << 20

Edits: TypeAlias = "Mapping[int, Edits | Callable[[Any], bytes]]"
"""Replacements for the values of a struct, by field number."""


class RowGroup(Protocol):
    """An encoded row group whose place in the file is not known yet."""

    @property
    def data(self) -> Sequence[Any]:
        """The bytes of all pages, in order."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""

    def struct(self, start: int) -> Written:
        """Return the metadata if the first page is at `start` of the file."""


class Stitch:
    """Appends encoded row groups to an open file; `close` completes the Parquet file."""

    def __init__(self, file: pa.OSFile, empty: memoryview) -> None:
        """Start with `empty`, an encoded table without rows, which has the schema and metadata."""
        self._file = file
        self._about = _footer(empty)
        self._groups: list[bytes] = []
        self._n_rows = 0
        self._unsynced = 0
        file.write(MAGIC)

    def append(self, encoded: memoryview) -> None:
        """Append the row groups of an encoded table with the same schema."""
        footer = _footer(encoded)
        pages = encoded[len(MAGIC) : footer_start(encoded)]
        shift = self._file.tell() - len(MAGIC)
        self._file.write(pages)
        for number, kind in footer.fields():
            if number == _N_ROWS:
                self._n_rows += footer.value(kind)
            elif number == _ROW_GROUPS:
                moves = _moves(shift)
                self._groups += [edited(footer, moves) for _ in footer.items()]
            else:
                footer.value(kind)
        self._written(len(pages))

    def _written(self, n_bytes: int) -> None:
        self._unsynced += n_bytes
        if self._unsynced >= _SYNC_BYTES:
            os.fsync(self._file.fileno())
            self._unsynced = 0

    def append_group(self, group: RowGroup) -> None:
        """Append an encoded row group."""
        start = self._file.tell()
        for part in group.data:
            self._file.write(part)
        self._groups.append(group.struct(start).data)
        self._n_rows += group.n_rows
        self._written(self._file.tell() - start)

    def close(self) -> None:
        """Write the footer."""
        footer = edited(
            self._about,
            {_N_ROWS: lambda _: _zigzag(self._n_rows), _ROW_GROUPS: lambda _: _list(self._groups)},
        )
        self._file.write(footer + len(footer).to_bytes(4, "little") + MAGIC)


def column_chunks(encoded: memoryview, shift: int) -> list[bytes]:
    """Return the metadata of each column chunk of an encoded table with one row group.

    The offsets are those of a file in which the pages are `shift` bytes further on.
    """
    footer = _footer(encoded)
    moves = _moves_of_chunk(shift)
    found: list[bytes] = []
    for number, kind in footer.fields():
        if number != _ROW_GROUPS:
            footer.value(kind)
            continue
        for _ in footer.items():
            for part, kind_of_part in footer.fields():
                if part == _CHUNKS:
                    found += [edited(footer, moves) for _ in footer.items()]
                else:
                    footer.value(kind_of_part)
    return found


def chunk_structs(encoded: memoryview) -> list[dict[int, Any]]:
    """Return the metadata of each column chunk of an encoded table with one row group, parsed."""
    [group] = _footer(encoded).struct()[_ROW_GROUPS]
    return [chunk[3] for chunk in group[_CHUNKS]]


def footer_start(encoded: memoryview) -> int:
    """Return the offset of the footer, which is the end of the pages."""
    return len(encoded) - len(_footer(encoded).data) - _TAIL_BYTES


def edited(reader: Compact, edits: Edits) -> bytes:
    """Copy the struct at the position of `reader`, with some values replaced."""
    copy = bytearray()
    copied = reader.at
    for number, kind in reader.fields():
        edit = edits.get(number)
        start = reader.at
        if edit is None:
            reader.value(kind)
            continue
        if callable(edit):
            value = edit(reader.value(kind))
        elif kind == STRUCT:
            value = edited(reader, edit)
        else:
            value = _list([edited(reader, edit) for _ in reader.items()])
        copy += reader.data[copied:start] + value
        copied = reader.at
    return bytes(copy + reader.data[copied : reader.at])


def _moves(shift: int) -> Edits:
    """Return the changes in a row group when its pages move by `shift` bytes."""
    # The last is the offset of the first page of the group.
    return {_CHUNKS: _moves_of_chunk(shift), 5: partial(_moved, shift)}


def _moves_of_chunk(shift: int) -> Edits:
    """Return the changes in a column chunk when its pages move by `shift` bytes."""
    move = partial(_moved, shift)
    # Data, index and dictionary pages, bloom filter; the metadata of the chunk (0 nowadays), its
    # offset and column index.
    pages = dict.fromkeys((9, 10, 11, 14), move)
    return {2: move, 3: pages, 4: move, 6: move}


def _moved(shift: int, offset: int) -> bytes:
    # If something does not exist, some fields are 0 instead of missing.
    return _zigzag(offset + shift if offset else 0)


def _footer(encoded: memoryview) -> Compact:
    n_bytes = int.from_bytes(encoded[-_TAIL_BYTES:][:4], "little")
    return Compact(bytes(encoded[-_TAIL_BYTES - n_bytes : -_TAIL_BYTES]))


def _list(structs: list[bytes]) -> bytes:
    return sequence([Written(STRUCT, each) for each in structs]).data if structs else _NO_STRUCTS


def _zigzag(value: int) -> bytes:
    return varint(value << 1)  # offsets and counts are never negative
