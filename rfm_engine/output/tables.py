"""Write tables as Parquet, Arrow IPC or CSV: to a temporary name, which is then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from rfm_engine.output import atomic, formats
from rfm_engine.output.place import check_output, ending


def write(  # noqa: PLR0913 - what is written, where, and how
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    private: bool = False,
) -> None:
    """Write `batches` to `place`, completely or not at all.

    Parameters
    ----------
    batches
        Record batches of `schema`, of any size. They are consumed one by one, so that a generator
        is never completely in memory.
    schema
        Columns and metadata of the output.
    place
        The ending decides: `.parquet`, `.arrow` (IPC file), `.csv`, `.csv.gz`, `-` (IPC stream on
        stdout); a name without an ending, or with a trailing `/`, is a directory of Parquet parts.
    threads
        Number of threads that encode Parquet; it does not change the output.
    progress
        Called from time to time, in the calling thread, with the number of rows written.
    private
        Whether only the owner can read the output, from its creation.

    Raises
    ------
    UsageError
        If `place` must not be written to.
    DataError
        If a column cannot be written as CSV (binary).
    OSError
        If the disk is full or fails. No temporary files remain, and the old output is unchanged.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"customer_id": [1, 2]})
    >>> write(table.to_batches(), table.schema, "/tmp/customers.parquet")
    """
    write_groups(
        formats.grouped(batches, schema), schema, place, threads=threads, progress=progress,
        private=private,
    )  # fmt: skip


def write_groups(  # noqa: PLR0913 - what is written, where, and how
    groups: Iterable[Callable[[], pa.Table]],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    private: bool = False,
) -> None:
    """Write tables that are built only when they are needed, completely or not at all.

    Parameters
    ----------
    groups
        Functions that build tables of `schema`, each for a row group or a part, with a quarter of
        a million rows or more. `threads` threads call them. Each table is freed as soon as it is
        encoded; the groups keep their order. The calling thread iterates over them, at most two
        per thread ahead.
    schema, place, progress, private
        As for `write`.
    threads
        Number of threads that build and encode. `.arrow`, `.csv` and `-` are built by several
        threads, but written by one.

    Raises
    ------
    UsageError, DataError, OSError
        As for `write`. Exceptions of the functions in `groups` are raised unchanged.

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
        made = atomic.file if kind else atomic.folder
        modes = (atomic.PRIVATE if kind else atomic.PRIVATE_FOLDER,) if private else ()
        with made(target, *modes) as temporary:
            formats.WRITERS[kind](groups, schema, temporary, threads, wrote)
    except OSError as error:
        error.add_note("The output place is unchanged.")
        raise
