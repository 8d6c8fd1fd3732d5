"""Open any accepted input as sources of record batches with only the needed columns.

The module that reads a format is imported only when an input of this format is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.place import (
    Constants,
    MissingColumnError,
    Needed,
    Period,
    Place,
    Read,
    Source,
    named_by_role,
)
from rfm_engine.orders.sources import hive
from rfm_engine.orders.sources.deadline import STORE_TIMEOUT, seconds_of
from rfm_engine.orders.sources.discovery import File, Input, Pipe, discover
from rfm_engine.orders.sources.recognition import recognise
from rfm_engine.orders.sources.tables.opening import is_table, parts_of
from rfm_engine.orders.sources.tables.part import TablePart

__all__ = ["Place", "Read", "Source", "open_sources"]

_PLAIN = CsvFormat()
_ACCEPTED = (
    "a path, an object with __arrow_c_stream__ (table, frame, relation, reader), a record batch, a "
    "pyarrow dataset, a Polars LazyFrame, a Spark DataFrame, a Delta or Iceberg table, or a list "
    "of these"
)


def open_sources(  # noqa: PLR0913 - the orders, and how they are read
    orders: object,
    needed: Sequence[str],
    *,
    existing: Sequence[str] = (),
    csv_format: CsvFormat = _PLAIN,
    as_files: bool = False,
    store_timeout: float | str = STORE_TIMEOUT,
    roles: Mapping[str, str] | None = None,
    most_rows: int | None = None,
    period: Period | None = None,
) -> list[Source]:
    """Open orders of any accepted kind, limited to the needed columns.

    Parameters
    ----------
    orders
        A path, glob, directory, URI, ``-`` (an IPC stream on standard input), ``delta:PATH`` or
        ``iceberg:CATALOG.TABLE``, or a list of these. Or an object: any object with
        ``__arrow_c_stream__``, a record batch, a pyarrow dataset, a Polars LazyFrame, a Spark
        DataFrame, a `DeltaTable`, a table or scan of ``pyiceberg``, or a list or iterator of these.
    needed
        Column names. Every batch has exactly these columns, in this order. A name that is given
        twice counts once.
    existing
        Columns that must exist too, but are not read.
    csv_format
        The format of CSV files. ``.tsv`` files are read with tabs unless a delimiter other than
        ``,`` is given.
    as_files
        Read files of Delta, Iceberg and Hudi tables, including rows that the table has deleted.
    store_timeout
        How long an object store may make no progress, in seconds or as a text like ``"30s"``.
    roles
        The option that names each column, for messages about missing columns.
    most_rows
        The greatest number of rows of a batch of Parquet. Batches that are kept while the next ones
        are decoded should be small, so that memory is used again.
    period
        The days that count. Files of tables with rows of other days only are not read, but their
        rows are counted; None if every row has to be read.

    Returns
    -------
    list of Source
        One source per file, also of tables, in order, or one per object in memory. Consecutive
        record batches in a list that have the same types are one source.

    Raises
    ------
    UsageError
        An input or a needed column is missing, ``orders`` is none of the above, or a file belongs
        to a table.
    DataError
        A file is corrupt, truncated, empty or has no known format.
    RfmError
        An object store cannot be reached, refuses a request or breaks off.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"customer_id": [7], "amount": [1050], "note": ["x"]})
    >>> [source] = open_sources(table, ["amount", "customer_id"])
    >>> source.schema.names, source.n_rows
    (['amount', 'customer_id'], 1)
    """
    files = files_of(orders, as_files=as_files, store_timeout=store_timeout)
    columns = Needed(needed, existing)
    if files is not None:
        return open_files(
            files, columns, csv_format=csv_format, roles=roles, most_rows=most_rows, period=period
        )
    with named_by_role(roles):
        return _in_memory(orders, columns, period)


def files_of(
    orders: object, *, as_files: bool = False, store_timeout: float | str = STORE_TIMEOUT
) -> list[Input] | None:
    """Return the files that contain the orders, None if the orders are in memory.

    Raises
    ------
    UsageError
        An input is missing. Without `as_files`, also if a file belongs to a table.
    RfmError
        An object store cannot be reached.
    """
    seconds_of(store_timeout)
    paths = _paths(orders)
    if paths is None:
        return None
    return discover(paths, as_files=as_files, store_timeout=store_timeout)


def open_files(  # noqa: PLR0913 - the files, and how they are read
    files: Sequence[Input],
    needed: Sequence[str] | None,
    *,
    csv_format: CsvFormat = _PLAIN,
    roles: Mapping[str, str] | None = None,
    most_rows: int | None = None,
    period: Period | None = None,
) -> list[Source]:
    """Open files as `open_sources` does; if `needed` is None, with all columns of each file."""
    with named_by_role(roles):
        columns = needed if needed is None or isinstance(needed, Needed) else Needed(needed)
        return _on_disk(files, columns, csv_format, most_rows, period)


def _paths(orders: object) -> list[str | os.PathLike[str]] | None:
    """Return the inputs if ``orders`` is one or several paths, None if it is not a path."""
    if isinstance(orders, str | os.PathLike):
        return [orders]
    if not isinstance(orders, list | tuple):
        return None
    paths = [given for given in orders if isinstance(given, str | os.PathLike)]
    if paths and len(paths) < len(orders):
        kinds = ", ".join(dict.fromkeys(type(given).__name__ for given in orders))
        raise UsageError(
            "a list of orders must contain only paths, or only tables, frames and record batches; "
            f"got {kinds}. Read the files first, or score them separately."
        )
    if not orders:
        raise UsageError("orders must have at least one input; got an empty list. Give a file.")
    return paths or None


def _in_memory(orders: object, needed: Needed, period: Period | None) -> list[Source]:
    from rfm_engine.orders.sources import memory, sequences

    def open_one(item: object, name: str) -> Source:
        return _one(item, needed, name)

    if is_table(orders):
        parts = parts_of(orders)
        alone = len(parts) == 1
        return [part.open(needed, period=period, alone=alone) for part in parts]
    if isinstance(orders, list | tuple):
        return _all_opened(sequences.openers_of(orders, needed, open_one))
    if isinstance(orders, Iterator) and not _is_one(orders):
        return [sequences.of_iterator(orders, needed, open_one)]
    return [_one(orders, needed, memory.NAME)]


def _is_one(orders: object) -> bool:
    """Tell whether an object is one input, even if it is iterable."""
    return isinstance(orders, pa.RecordBatchReader) or hasattr(orders, "__arrow_c_stream__")


def _one(orders: object, needed: Needed, name: str) -> Source:
    from rfm_engine.orders.sources import frames, memory, sequences, spark

    if isinstance(orders, pa.Table):
        return memory.of_table(orders, needed, name)
    if isinstance(orders, pa.RecordBatch):
        return sequences.of_batches([orders], needed, name)
    if isinstance(orders, pa.RecordBatchReader):
        return memory.of_reader(orders, needed, name=name)
    if memory.is_dataset(orders):
        return memory.of_dataset(orders, needed, name)
    if spark.is_spark(orders):
        return spark.of_spark(orders, needed, name)
    if frames.is_lazy(orders):
        return frames.of_lazy(orders, needed, name)
    if hasattr(orders, "__arrow_c_stream__"):
        return frames.of_stream(orders, needed, name)
    raise UsageError(f"{name} must be {_ACCEPTED}; got {type(orders).__name__}.")


def _all_opened(openers: Iterable[Callable[[], Source]]) -> list[Source]:
    """Open all sources; an error about a column names a source with it and a source without it.

    Raises
    ------
    UsageError
        No source has a needed column.
    DataError
        Only some sources have a needed column.
    """
    sources: list[Source] = []
    missing: list[MissingColumnError] = []
    for open_source in openers:
        try:
            sources.append(open_source())
        except MissingColumnError as error:
            missing.append(error)
    if missing and sources:
        raise DataError(
            f"column {missing[0].column!r} must exist in all input; got it in {sources[0].name} "
            f"and not in {missing[0].name}. Add the column, or leave that input out."
        )
    if missing:
        raise missing[0]
    return sources


def _on_disk(
    files: Sequence[Input],
    needed: Needed | None,
    csv_format: CsvFormat,
    most_rows: int | None,
    period: Period | None,
) -> list[Source]:
    constants = iter(hive.constants([file.keys for file in files if isinstance(file, File)]))
    alone = len(files) == 1

    def opener(file: Input) -> Callable[[], Source]:
        if isinstance(file, TablePart):
            return partial(file.open, needed, period=period, most_rows=most_rows, alone=alone)
        if isinstance(file, Pipe):
            from rfm_engine.orders.sources import ipc

            return lambda: ipc.open_pipe(file, needed)
        own = next(constants)
        opening = partial(_file, file, needed, own, csv_format, most_rows=most_rows, alone=alone)
        if file.local:
            return opening
        from rfm_engine.orders.sources.remote_source import open_remote

        return partial(open_remote, file, opening)

    return _all_opened(map(opener, files))


def _file(  # noqa: PLR0913 - the file, and how it is read
    file: File,
    needed: Needed | None,
    constants: Constants,
    csv_format: CsvFormat,
    *,
    most_rows: int | None,
    alone: bool,
) -> Source:
    content, compression = recognise(file)
    if content == "csv":
        from rfm_engine.orders.sources import csv

        text = {key: pa.scalar(value, pa.string()) for key, value in file.keys.items()}
        return csv.open_csv(
            file, needed, text, format=csv_format, compression=compression, alone=alone
        )
    if content == "parquet":
        from rfm_engine.orders.sources import parquet

        return parquet.open_parquet(file, needed, constants, most_rows=most_rows, alone=alone)
    from rfm_engine.orders.sources import ipc

    return ipc.open_ipc(file, needed, constants, stream=content == "ipc stream", alone=alone)
