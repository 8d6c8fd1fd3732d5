"""A directory with one Parquet file per bucket of rows, written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from rfm_engine.output import atomic
from rfm_engine.output.bucket_encoding import encoded
from rfm_engine.output.bucket_parts import MOST_WORDS, Part
from rfm_engine.output.bucket_slots import SPARE_SLOTS, Rows, Slots
from rfm_engine.output.in_order import in_order
from rfm_engine.output.place import check_output
from rfm_engine.output.words import Words
from rfm_engine.parquet.concatenation import Stitch
from rfm_engine.parquet.encoding import empty_file
from rfm_engine.parquet.pages import RowGroup, Scratch

# All buckets together write at most this number of words for each set of row groups.
_ALL_WORDS = 1 << 22
# `in_order` begins two jobs per thread, and each keeps a slot.
_MOST_THREADS = SPARE_SLOTS // 2 - 1
T = TypeVar("T")


def write_buckets(  # noqa: PLR0913 - what is written, and how it is divided
    parts: Iterable[Part],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    n_buckets: int,
    most_bytes: int,
    threads: int = 1,
) -> None:
    """Write each row to the file of its bucket, in the order of the rows.

    A row group has up to a million rows, fewer if the rows of all buckets do not fit in memory. The
    files depend on the parts and on `most_bytes`, but not on `threads`.

    Parameters
    ----------
    parts
        Rows with the columns of `schema`, and their buckets, consumed one by one.
    place
        A directory, under the rules of `rfm_engine.output.write`. Bucket 7 is
        `part-00007.parquet`; a bucket without rows has a file too.
    n_buckets
        The number of buckets.
    most_bytes
        Bytes of memory for rows.
    threads
        Number of threads that encode.

    Raises
    ------
    UsageError, OSError
        As `rfm_engine.output.write`.
    """
    check_output(place)
    target = Path(place).resolve()
    try:
        with atomic.folder(target) as folder:
            files = _Files(folder, schema, n_buckets)
            with files:
                words = Words(len(schema), min(MOST_WORDS, _ALL_WORDS // n_buckets))
                slots = Slots(schema.names, n_buckets, words, most_bytes)

                spare: list[Scratch] = []

                def append(done: _Encoded) -> None:
                    files.stitches[done.rows.bucket].append_group(done.group)
                    slots.end(done.rows)
                    spare.append(done.scratch)

                jobs = _jobs(parts, slots, partial(_encoded, schema, words, spare))
                in_order(jobs, min(threads, _MOST_THREADS), append)
            files.sync()
    except OSError as error:
        error.add_note("The output place is unchanged.")
        raise


class _Encoded(NamedTuple):
    """Encoded rows, and the memory that is used until they are written."""

    rows: Rows
    group: RowGroup
    scratch: Scratch


class _Files:
    """The Parquet files of all buckets, open for appending row groups."""

    def __init__(self, folder: Path, schema: pa.Schema, n_buckets: int) -> None:
        self.stitches: list[Stitch] = []
        self._schema = schema
        self._paths = [folder / f"part-{number:05}.parquet" for number in range(n_buckets)]
        self._marker = folder / atomic.MARKER
        self._opened = ExitStack()

    def __enter__(self) -> None:
        empty = empty_file(self._schema)
        self._marker.write_bytes(empty.view())
        with ExitStack() as opened:
            for path in self._paths:
                file = opened.enter_context(pa.OSFile(str(path), "wb"))
                self.stitches.append(Stitch(file, empty.view()))
            self._opened = opened.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        with self._opened:
            if kind is None:
                for stitch in self.stitches:
                    stitch.close()

    def sync(self) -> None:
        """Sync the files to disk."""
        for path in (*self._paths, self._marker):
            atomic.sync(path)


def _jobs(
    parts: Iterable[Part], slots: Slots, encode: Callable[[Rows], T]
) -> Iterator[Callable[[], T]]:
    """Yield functions that encode rows of a bucket."""
    for part in parts:
        for rows in slots.add(part):
            yield partial(encode, rows)
        del part
    for rows in slots.flush():
        yield partial(encode, rows)


def _encoded(schema: pa.Schema, words: Words, spare: list[Scratch], rows: Rows) -> _Encoded:
    try:
        scratch = spare.pop()
    except IndexError:
        scratch = Scratch()
    return _Encoded(rows, encoded(rows, schema, words, scratch), scratch)
