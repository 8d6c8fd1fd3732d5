"""Tables out: Parquet, Arrow IPC, CSV. Written aside, then renamed: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from rfm_engine.sink import aside, formats
from rfm_engine.sink.place import check_output, ending, same_place

__all__ = ["check_output", "same_place", "write"]


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
        The ending decides: `.parquet`, `.arrow` (IPC file), `.csv`, `-` (IPC stream on stdout);
        anything else is a directory of Parquet parts.
    threads
        Writers of a directory of parts; the parts are the same for any number of them.
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
    check_output(place)
    told = progress or _untold
    kind = ending(place)
    if kind == "-":
        formats.write_stdout(formats.grouped(batches, schema, told), schema)
        return
    target = Path(place).resolve()
    try:
        if kind:
            with aside.file(target) as temporary:
                formats.WRITERS[kind](formats.grouped(batches, schema, told), schema, temporary)
        else:
            with aside.folder(target) as temporary:
                formats.write_parts(batches, schema, temporary, threads, told)
    except OSError as error:
        error.add_note("The output place is as it was.")
        raise


def _untold(_rows: int) -> None:
    pass
