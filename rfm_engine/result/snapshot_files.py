"""Read the files of a snapshot: Parquet and Arrow IPC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError, shown_cause

_PARQUET, _ARROW = b"PAR1", b"ARROW1"
_MOST_HEAD_BYTES = 1 << 16
_OF_RESULTS = {"recency_days", "frequency", "monetary", "rfm_score", "segment"}


def schema_of(file: Path) -> pa.Schema:
    """Return the schema of a file of a snapshot.

    Raises
    ------
    UsageError
        The file does not exist, or is neither Parquet nor Arrow IPC.
    DataError
        The file is damaged.
    """
    try:
        with file.open("rb") as head:
            magic = head.read(len(_ARROW))
        if magic.startswith(_PARQUET):
            return pq.read_schema(file)
        if magic == _ARROW:
            with pa.memory_map(str(file)) as source:
                return pa.ipc.open_file(source).schema
    except pa.ArrowInvalid as error:
        raise DataError(
            f"snapshot {str(file)!r} must be undamaged; got {shown_cause(error)}. Write it again "
            "with rfm score ... -o."
        ) from None
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        advice = "Check the path, or make it with" if is_missing else "Write it again with"
        raise UsageError(
            f"snapshot {str(file)!r} must be a readable file; got {shown_cause(error)}. "
            f"{advice} rfm score ... -o."
        ) from None
    raise no_snapshot(file)


def no_snapshot(file: Path) -> UsageError:
    """Return the error for a file that cannot be a snapshot."""
    return UsageError(
        f"snapshot must be Parquet or Arrow IPC written by rfm score; got {str(file)!r}, which "
        "is neither. A CSV has no metadata: score to .parquet or .arrow."
    )


def is_scored_csv(file: Path) -> bool:
    """Return whether the first line of a file contains the columns of a result."""
    with file.open("rb") as head:
        names = head.readline(_MOST_HEAD_BYTES).decode(errors="replace").strip().split(",")
    return {name.strip('"') for name in names} >= _OF_RESULTS


def n_rows_of(file: Path) -> int:
    """Return the number of rows of a file."""
    if _is_parquet(file):
        return int(pq.read_metadata(file).num_rows)
    with pa.memory_map(str(file)) as source:
        reader = pa.ipc.open_file(source)
        return sum(reader.get_batch(n).num_rows for n in range(reader.num_record_batches))


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as head:
        return head.read(len(_PARQUET)) == _PARQUET


def table_of(file: Path, columns: list[str] | None = None) -> pa.Table:
    """Return some columns of a file; None means all columns."""
    if _is_parquet(file):
        return pq.ParquetFile(file).read(columns)
    with pa.memory_map(str(file)) as source:
        table = pa.ipc.open_file(source).read_all()
    return table if columns is None else table.select(columns)


def blocks_of(file: Path, columns: list[str]) -> Iterator[pa.Table]:
    """Yield some columns of a file in pieces, its row groups or batches."""
    if _is_parquet(file):
        opened = pq.ParquetFile(file)
        for number in range(opened.num_row_groups):
            yield opened.read_row_group(number, columns)
        return
    with pa.memory_map(str(file)) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            yield pa.Table.from_batches([reader.get_batch(number)]).select(columns)
