"""Tables out: Parquet, Arrow IPC, CSV. Written aside, then renamed: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from rfm_engine.output import atomic, formats
from rfm_engine.output.place import check_output, ending


def write(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write `batches` to `place`, which afterwards holds all of them or is what it was.

    Parameters
    ----------
    batches
        Record batches of `schema`, of any size; taken one after the other, so that a generator
        is never held whole.
    schema
        Columns and metadata of the output.
    place
        The ending decides: `.parquet`, `.arrow` (IPC file), `.csv`, `.csv.gz`, `-` (IPC stream on
        stdout); a name without an ending, or with a trailing `/`, is a directory of Parquet parts.
    threads
        Threads that encode Parquet; the output is the same for any number of them.
    progress
        Called now and then from the calling thread with the number of rows written.

    Raises
    ------
    UsageError
        If `place` is one that is never written to.
    DataError
        If a column has no form in CSV (binary).
    OSError
        If the disk is full or fails. Nothing is left behind, the old output stands.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"customer_id": [1, 2]})
    >>> write(table.to_batches(), table.schema, "/tmp/customers.parquet")
    """
    write_groups(
        formats.grouped(batches, schema), schema, place, threads=threads, progress=progress
    )


def write_groups(
    groups: Iterable[Callable[[], pa.Table]],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write tables that are built when their turn comes; `place` holds all or is what it was.

    Parameters
    ----------
    groups
        Functions that build tables of `schema`, a quarter of a million rows or more: a row group
        or a part. They are called in `threads` threads at a time, and each table is dropped as
        soon as it is encoded; the groups keep their order. The calling thread walks over them, at
        most two a thread ahead.
    schema, place, progress
        As for `write`.
    threads
        Threads that build and encode. `.arrow`, `.csv` and `-` are built by several, but written
        by one.

    Raises
    ------
    UsageError, DataError, OSError
        As for `write`. What a function of `groups` raises comes out unchanged.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"customer_id": [1, 2]})
    >>> write_groups([lambda: table], table.schema, "/tmp/customers.parquet")
    """
    check_output(place)
    n_written = 0

    def wrote(n_rows: int) -> None:
        nonlocal n_written
        n_written += n_rows
        if progress:
            progress(n_written)

    kind = ending(place)
    if kind == "-":
        formats.write_stdout(groups, schema, threads, wrote)
        return
    target = Path(place).resolve()
    try:
        with (atomic.file if kind else atomic.folder)(target) as temporary:
            formats.WRITERS[kind](groups, schema, temporary, threads, wrote)
    except OSError as error:
        error.add_note("The output place is as it was.")
        raise
