"""Read Parquet by row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import refuse_invalid_text
from rfm_engine.orders.place import Constants, Place, Read, select
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.files import FileSource
from rfm_engine.orders.sources.guard import reading
from rfm_engine.parquet.footer import BYTE_ARRAY, RowGroup, read_footer

_CONTRACT = "readable Parquet"
_BUFFER_BYTES = 1 << 20
# Grouping visits every partition once per batch. For 20 M rows of 2 M customers it took 0.60 s in
# batches of 1 M rows and 0.92 s in batches of 256 K.
_ROWS = 1 << 20
# Text is decoded fastest in small batches, because their buffers stay in the cache and are reused.
# It is grouped fastest in large batches. 10 M rows took 3.9, 3.2 and 3.7 s of processor time in
# batches of 64 K, 256 K and 1 M rows.
_TEXT_ROWS = 1 << 18
_BATCH_BYTES = 1 << 24
_FEWEST_ROWS = 1 << 10
# Small consecutive row groups are read together, because every read opens the file again and
# because large batches are grouped fastest. A large file with small row groups still has at least
# this number of reads, so that all threads finish at about the same time. 100 M rows in row groups
# of 122,880 rows, as DuckDB writes them, took 8.2 s of processor time one by one and 6.8 s
# together.
_JOINED_ROWS = 1 << 16
_READS = 32


@dataclass(frozen=True, slots=True)
class Piece:
    """One row group or several small consecutive ones, with the number of rows of each."""

    first_group: int
    group_rows: tuple[int, ...]
    first_row: int = 0

    @property
    def n_rows(self) -> int:
        """Number of rows in all its row groups."""
        return sum(self.group_rows)


@dataclass(frozen=True, slots=True)
class ParquetSource(FileSource):
    """A Parquet file whose footer has been checked."""

    n_rows: int
    pieces: Sequence[Piece]
    metadata: pq.FileMetaData | None  # kept only for several reads, to parse it once
    dictionaries: Sequence[str]
    batch_rows: int
    alone: bool
    text: bool = False

    def reads(self) -> list[Read]:
        """Return one read per row group; small consecutive row groups share a read."""
        shared = self.alone and len(self.pieces) == 1
        return [RowGroups(self, piece, shared) for piece in self.pieces]


@dataclass(frozen=True, slots=True)
class RowGroups:
    """A piece, decoded in batches by the thread that reads it."""

    source: ParquetSource
    piece: Piece
    shared: bool

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield batches with their places, which count rows from the start of the row group."""
        source, piece = self.source, self.piece
        first = piece.first_group
        start = Place(source.name, first, 0, piece.group_rows, piece.first_row)
        read = 0
        with (
            reading(source.name, _CONTRACT),
            source.file.open() as handle,
            _parquet(source.file, handle, source.metadata, source.dictionaries) as parquet,
        ):
            batches = parquet.iter_batches(
                batch_size=source.batch_rows,
                row_groups=list(range(first, first + len(piece.group_rows))),
                columns=list(source.selection.physical),
                use_threads=False,
            )
            for batch in batches:
                found = source.selection.of(batch), start.after(read)
                _validate(found[0])
                read += batch.num_rows
                del batch  # Free it before the next one is decoded, as in `orders.scan`.
                yield found
                del found
        if read != piece.n_rows:
            raise DataError(
                f"{source.name} must contain {piece.n_rows} rows from row group {first} "
                f"on, according to its footer; got {read}. Write the file again."
            )


def open_parquet(
    file: File,
    needed: Sequence[str] | None,
    constants: Constants,
    *,
    most_rows: int | None = None,
    alone: bool,
) -> ParquetSource:
    """Read and check the footer of ``file``.

    ``most_rows`` is the greatest number of rows of a batch, and ``alone`` is True if the file is
    the only input.
    """
    with reading(file.name, _CONTRACT), file.open() as handle:
        groups = read_footer(handle, file.name)
        dictionaries = _dictionaries(groups, needed or ())
        with _parquet(file, handle, None, dictionaries) as parquet:
            metadata = parquet.metadata
            selection = select(parquet.schema_arrow, needed, file.name, constants)
    pieces = _pieces(groups)
    return ParquetSource(
        file=file,
        selection=selection,
        n_rows=sum(group.n_rows for group in groups),
        pieces=pieces,
        metadata=metadata if len(pieces) > 1 else None,
        dictionaries=dictionaries,
        batch_rows=min(_batch_rows(groups, selection.physical), most_rows or _ROWS),
        alone=alone,
    )


def _parquet(
    file: File,
    handle: pa.NativeFile,
    metadata: pq.FileMetaData | None,
    dictionaries: Sequence[str],
) -> pq.ParquetFile:
    return pq.ParquetFile(
        handle,
        metadata=metadata,
        read_dictionary=list(dictionaries),
        buffer_size=_BUFFER_BYTES if file.local else 0,
        pre_buffer=not file.local,
        coerce_int96_timestamp_unit="us",
        page_checksum_verification=True,
    )


def _validate(batch: pa.RecordBatch) -> None:
    """Check what Arrow does not check when it decodes, such as whether text is UTF-8."""
    for column in batch.columns:
        if pa.types.is_string(column.type):
            refuse_invalid_text(column)
        else:
            column.validate(full=True)


def _pieces(row_groups: Sequence[RowGroup]) -> list[Piece]:
    """Return pieces that contain every row once; a large row group is a piece by itself."""
    share = sum(group.n_rows for group in row_groups) // _READS
    most = max(_JOINED_ROWS, min(_ROWS, share))
    pieces: list[Piece] = []
    n_rows = 0
    for index, group in enumerate(row_groups):
        last = pieces[-1] if pieces else None
        if last and last.n_rows + group.n_rows <= most:
            rows = (*last.group_rows, group.n_rows)
            pieces[-1] = Piece(last.first_group, rows, last.first_row)
        else:
            pieces.append(Piece(index, (group.n_rows,), n_rows))
        n_rows += group.n_rows
    return [piece for piece in pieces if piece.n_rows]


def _dictionaries(row_groups: Sequence[RowGroup], needed: Sequence[str]) -> list[str]:
    """Return the text columns whose pages are all dictionary encoded.

    These columns are read as dictionaries and not decoded. 5 M rows of 50,000 customers with ids
    of 32 characters then took 93 instead of 175 ns per row. Columns with other pages are decoded:
    if the dictionaries were full before the end of the row groups, reading them as dictionaries
    took 173 instead of 155 ns per row.
    """
    chunks = [chunk for group in row_groups if group.n_rows for chunk in group.chunks]
    plain = {chunk.column for chunk in chunks if not chunk.all_dictionary}
    held = {chunk.column for chunk in chunks if chunk.physical_type == BYTE_ARRAY}
    return [column for column in needed if column in held - plain]


def _batch_rows(row_groups: Sequence[RowGroup], physical: Sequence[str]) -> int:
    """Choose the number of rows per batch so that long values do not make batches huge."""
    bytes_a_row = [
        chunk.unpacked_bytes / group.n_rows
        for group in row_groups
        for chunk in group.chunks
        if group.n_rows and chunk.physical_type == BYTE_ARRAY and chunk.column in physical
    ]
    if not bytes_a_row:
        return _ROWS
    return max(_FEWEST_ROWS, min(_TEXT_ROWS, int(_BATCH_BYTES / max(bytes_a_row))))
