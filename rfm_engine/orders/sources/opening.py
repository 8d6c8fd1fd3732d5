"""The way in: whatever the caller holds becomes sources of record batches, needed columns only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import Constants, MissingColumnError, Place, Read, Source
from rfm_engine.orders.sources import csv, frames, hive, ipc, memory, parquet
from rfm_engine.orders.sources.deadline import STORE_TIMEOUT, seconds_of
from rfm_engine.orders.sources.discover import File, Pipe, discover
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.remote_source import open_remote

__all__ = ["Place", "Read", "Source", "open_sources"]

_ACCEPTED = (
    "a path, a list of paths, something with __arrow_c_stream__ (table, frame, relation, reader), "
    "a pyarrow dataset, a Polars LazyFrame, or record batches"
)


def open_sources(
    orders: object,
    needed: Sequence[str],
    *,
    csv_delimiter: str = ",",
    store_timeout: float | str = STORE_TIMEOUT,
) -> list[Source]:
    """Open orders wherever they are, cut down to the needed columns.

    Parameters
    ----------
    orders
        A path, glob, directory, URI or ``-`` (an IPC stream on standard input), a list of such,
        or one thing in memory: anything with ``__arrow_c_stream__``, a record batch, a list or
        iterator of record batches, a pyarrow dataset, a Polars LazyFrame.
    needed
        Column names; every batch has exactly these, in this order. A name given twice counts once.
    csv_delimiter
        Delimiter of CSV files; ``.tsv`` files have tabs unless another than ``,`` is given.
    store_timeout
        How long an object store may make no progress, in seconds or as a text like ``"30s"``.

    Returns
    -------
    list of Source
        One for each file, in order, or one for what is in memory.

    Raises
    ------
    UsageError
        An input or a needed column is missing, or ``orders`` is nothing of the above.
    DataError
        A file is corrupt, truncated, empty or of no known format.
    RfmError
        An object store cannot be reached, refuses or breaks off.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"customer_id": [7], "amount": [1050], "note": ["x"]})
    >>> [source] = open_sources(table, ["amount", "customer_id"])
    >>> source.schema.names, source.n_rows
    (['amount', 'customer_id'], 1)
    """
    csv.check_delimiter(csv_delimiter)
    files = files_of(orders, store_timeout)
    if files is None:
        return [_in_memory(orders, list(dict.fromkeys(needed)))]
    return open_files(files, needed, csv_delimiter=csv_delimiter)


def files_of(
    orders: object, store_timeout: float | str = STORE_TIMEOUT
) -> list[File | Pipe] | None:
    """Return the files that orders stand in, None where they are in memory.

    Raises
    ------
    UsageError
        An input is missing.
    RfmError
        An object store cannot be reached.
    """
    seconds_of(store_timeout)
    paths = _paths(orders)
    return None if paths is None else discover(paths, store_timeout)


def open_files(
    files: Sequence[File | Pipe], needed: Sequence[str], *, csv_delimiter: str = ","
) -> list[Source]:
    """Open files as `open_sources` does."""
    csv.check_delimiter(csv_delimiter)
    return _on_disk(files, list(dict.fromkeys(needed)), csv_delimiter)


def _paths(orders: object) -> list[str | os.PathLike[str]] | None:
    """Return the inputs when ``orders`` is one path or several, None when it is no path."""
    if isinstance(orders, str | os.PathLike):
        return [orders]
    if not isinstance(orders, list | tuple):
        return None
    paths = [given for given in orders if isinstance(given, str | os.PathLike)]
    if len(paths) < len(orders) and not all(isinstance(o, pa.RecordBatch) for o in orders):
        kinds = ", ".join(dict.fromkeys(type(given).__name__ for given in orders))
        raise UsageError(
            f"a list of orders must hold paths only or record batches only; got {kinds}. "
            "Give the others one at a time."
        )
    if not orders:
        raise UsageError("orders must be at least one input; got an empty list. Name a file.")
    return paths or None


def _in_memory(orders: object, needed: list[str]) -> Source:
    if isinstance(orders, pa.Table):
        return memory.of_table(orders, needed)
    if isinstance(orders, pa.RecordBatch):
        return memory.of_batches([orders], needed)
    if isinstance(orders, list | tuple):
        return memory.of_batches(orders, needed)
    if isinstance(orders, pa.RecordBatchReader):
        return memory.of_reader(orders, needed)
    if memory.is_dataset(orders):
        return memory.of_dataset(orders, needed)
    if frames.is_lazy(orders):
        return frames.of_lazy(orders, needed)
    if hasattr(orders, "__arrow_c_stream__"):
        return frames.of_stream(orders, needed)
    if isinstance(orders, Iterator):
        return memory.of_iterator(orders, needed)
    raise UsageError(f"orders must be {_ACCEPTED}; got {type(orders).__name__}.")


def _on_disk(files: Sequence[File | Pipe], needed: list[str], delimiter: str) -> list[Source]:
    constants = iter(hive.constants([file.keys for file in files if isinstance(file, File)]))
    alone = len(files) == 1
    sources: list[Source] = []
    missing: list[MissingColumnError] = []
    for file in files:
        try:
            if isinstance(file, File):
                opening = partial(_file, file, needed, next(constants), delimiter, alone=alone)
                sources.append(opening() if file.local else open_remote(file, opening))
            else:
                sources.append(ipc.open_pipe(file, needed))
        except MissingColumnError as error:
            missing.append(error)
    if missing and sources:
        raise DataError(
            f"column {missing[0].column!r} must exist in all input; got it in {sources[0].name} "
            f"and not in {missing[0].name}. Add it, or leave that file out."
        )
    if missing:
        raise missing[0]
    return sources


def _file(
    file: File,
    needed: list[str],
    constants: Constants,
    delimiter: str,
    *,
    alone: bool,
) -> Source:
    with reading(file.name, "orders"), file.open() as handle:
        magic = handle.read(8)
    if not magic:
        raise DataError(f"{file.name} must hold orders; got an empty file. Write it again.")
    if csv.is_csv(file.path):
        text = {key: pa.scalar(value, pa.string()) for key, value in file.keys.items()}
        return csv.open_csv(file, needed, text, delimiter=delimiter, alone=alone)
    if magic[:4] in (b"PAR1", b"PARE"):
        return parquet.open_parquet(file, needed, constants, alone=alone)
    if magic[:6] == b"ARROW1":
        return ipc.open_ipc(file, needed, constants, stream=False, alone=alone)
    if magic[:4] == b"\xff\xff\xff\xff":
        return ipc.open_ipc(file, needed, constants, stream=True, alone=alone)
    raise DataError(
        f"{file.name} must be Parquet, Arrow IPC or CSV (by its ending .csv, .tsv or .txt, also "
        "with .gz, .zst or .bz2); got none of them. Convert it or leave it out."
    )
