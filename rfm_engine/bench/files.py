"""Simulated orders in other file formats, because the format decides how fast a file is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from rfm_engine.bench.work import Input
from rfm_engine.errors import UsageError
from rfm_engine.output import write

PARQUET, CSV = "parquet", "csv"


def in_format(orders: Input, name: str) -> Input:
    """Convert a Parquet file of orders to another format, next to it, and return the new file.

    Raises
    ------
    UsageError
        The format is unknown, or the package that writes it is not installed.
    """
    if name not in FORMATS:
        raise UsageError(f"format must be one of {', '.join(FORMATS)}; got {name!r}. Choose one.")
    if name == PARQUET:
        return orders
    place = orders.path.with_name("again.csv" if name == CSV else "again.parquet")
    _WRITERS[name](orders.path, place)
    return orders._replace(path=place, bytes=place.stat().st_size, format=name)


def _by_pyarrow(source: Path, target: Path) -> None:
    """Write Parquet with the defaults of pyarrow: dictionaries and snappy."""
    with pq.ParquetFile(source) as file, pq.ParquetWriter(target, file.schema_arrow) as writer:
        for number in range(file.num_row_groups):
            writer.write_table(file.read_row_group(number))


def _by_duckdb(source: Path, target: Path) -> None:
    """Write Parquet with the defaults of DuckDB."""
    try:
        from rfm_engine.bench.engines.duckdb_sql import copy_parquet
    except ImportError:
        raise UsageError(
            "format parquet-duckdb must be written by DuckDB, which is not installed. "
            "pip install duckdb"
        ) from None
    copy_parquet(str(source), str(target))


def _as_csv(source: Path, target: Path) -> None:
    with pq.ParquetFile(source) as file:
        write(file.iter_batches(), file.schema_arrow, target)


_WRITERS: dict[str, Callable[[Path, Path], None]] = {
    "parquet-pyarrow": _by_pyarrow,
    "parquet-duckdb": _by_duckdb,
    CSV: _as_csv,
}
FORMATS = (PARQUET, *_WRITERS)
"""`parquet` is what `rfm simulate` writes."""
