"""Does a Parquet footer describe its file? Checked before a single page is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pyarrow.parquet as pq

from rfm_engine.errors import DataError

_MAGIC_BYTES = 4
_TAIL_BYTES = 8  # length of the footer and the magic after it


def check_footer(metadata: pq.FileMetaData, file_bytes: int, name: str) -> None:
    """Refuse a footer whose counts, sizes or places contradict one another or the file.

    All column chunks are looked at, needed or not: 20,000 of them take 10 ms.

    Raises
    ------
    DataError
        Row groups do not add up, or a column chunk leaves the file, overlaps another one or
        holds another number of values than its row group has rows.
    """
    rows = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    if metadata.num_rows < 0 or any(n < 0 for n in rows) or sum(rows) != metadata.num_rows:
        raise _refusal(name, f"{sum(rows)} rows in row groups and {metadata.num_rows} in all")
    data_end = file_bytes - _TAIL_BYTES - metadata.serialized_size
    spans = sorted(_spans(metadata, data_end, name))
    for (_, end, before), (start, _, after) in pairwise(spans):
        if start < end:
            raise _refusal(name, f"{after} beginning inside {before}")


def _spans(metadata: pq.FileMetaData, data_end: int, name: str) -> Iterator[tuple[int, int, str]]:
    columns = metadata.num_columns
    flat = [metadata.schema.column(i).max_repetition_level == 0 for i in range(columns)]
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        rows = row_group.num_rows
        if row_group.num_columns != columns:
            raise _refusal(name, f"{row_group.num_columns} columns in row group {group}")
        if rows == 0:
            continue
        for index in range(columns):
            chunk = row_group.column(index)
            what = f"column {chunk.path_in_schema!r} of row group {group}"
            values, held = chunk.num_values, chunk.total_compressed_size
            if held <= 0 or chunk.total_uncompressed_size < 0 or chunk.file_path:
                raise _refusal(name, f"{what} of {held} bytes, {chunk.file_path or 'here'}")
            if values < 0 or (flat[index] and values != rows):
                raise _refusal(name, f"{what} with {values} values for {rows} rows")
            start = chunk.data_page_offset
            dictionary = chunk.dictionary_page_offset
            # Some old writers put 0 where there is no dictionary page.
            if dictionary is not None and 0 < dictionary < start:
                start = dictionary
            if start < _MAGIC_BYTES or start + held > data_end:
                raise _refusal(name, f"{what} at {start} to {start + held} of {data_end} bytes")
            yield start, start + held, what


def _refusal(name: str, got: str) -> DataError:
    return DataError(
        f"{name} must have a footer that describes it; got {got}. Write the file again."
    )
