"""CSV, every column as text: ids keep their zeros and amounts never pass through a float."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

import pyarrow as pa
import pyarrow.csv as arrow_csv

from rfm_engine.errors import UsageError
from rfm_engine.orders.place import Constants, Place, Read, select
from rfm_engine.orders.sources.discover import File
from rfm_engine.orders.sources.files import FileSource
from rfm_engine.orders.sources.guard import reading

_CONTRACT = "readable CSV"
_NAME = re.compile(r"\.(?:csv|tsv|txt)(?:\.(?:gz|zst|bz2))?$", re.IGNORECASE)
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_BLOCK_BYTES = 1 << 22
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class CsvSource(FileSource):
    """A CSV file with a header."""

    delimiter: str
    empty: bool
    shared: bool
    text: bool = True
    n_rows: int | None = None

    def reads(self) -> list[Read]:
        """Return one read, or none when there is only a header."""
        return [] if self.empty else [CsvRead(self, self.shared)]


@dataclass(frozen=True, slots=True)
class CsvRead:
    """The rows of one CSV file, parsed a block at a time."""

    source: CsvSource
    shared: bool

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        """Yield batches; rows count without the header."""
        source, physical = self.source, self.source.selection.physical
        row = 0
        with (
            reading(source.name, _CONTRACT),
            source.file.open_stream(compression(source.file.path)) as stream,
            arrow_csv.open_csv(
                cast("IO[bytes]", stream),
                read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=source.delimiter, newlines_in_values=True
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(physical, pa.string()),
                    include_columns=list(physical),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            ) as batches,
        ):
            for batch in batches:
                if batch.num_rows:
                    yield source.selection.of(batch), Place(source.name, None, row)
                    row += batch.num_rows


def is_csv(name: str) -> bool:
    """Whether the ending of ``name`` says CSV."""
    return _NAME.search(name) is not None


def compression(path: str) -> str | None:
    """Return Arrow's name for the compression that the ending of ``path`` says."""
    return _COMPRESSIONS.get("." + path.rpartition(".")[2].lower())


def check_delimiter(delimiter: str) -> None:
    """Refuse a delimiter that no CSV can have."""
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise UsageError(
            f"the CSV delimiter must be one ASCII character, not a quote or line end; "
            f"got {delimiter!r}. Try ',' or ';'."
        )


def open_csv(
    file: File,
    needed: Sequence[str],
    constants: Constants,
    *,
    delimiter: str,
    alone: bool,
) -> CsvSource:
    """Read the header of ``file``; ``alone`` when there is no other input."""
    if delimiter == "," and re.search(r"\.tsv(?:\.\w+)?$", file.path, re.IGNORECASE):
        delimiter = "\t"
    with reading(file.name, _CONTRACT):
        with file.open_stream(compression(file.path)) as stream:
            head = stream.read(_HEADER_BYTES)
        names, empty = _header(head, delimiter)
        held = pa.schema([pa.field(name, pa.string()) for name in names])
        selection = select(held, needed, file.name, constants)
    return CsvSource(file, selection, delimiter, empty, shared=alone)


def _header(head: bytes, delimiter: str) -> tuple[list[str], bool]:
    """Return the column names, and whether no row follows them."""
    text = io.StringIO(head.decode("utf-8-sig", errors="replace"), newline="")
    try:
        names = next((line for line in csv.reader(text, delimiter=delimiter) if line), [])
    except csv.Error as error:
        raise ValueError(f"no header: {error}") from error
    return names, len(head) < _HEADER_BYTES and not text.read().strip()
