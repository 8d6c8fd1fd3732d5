"""A directory with one Parquet file per bucket of rows, written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.orders.batches import gathered
from rfm_engine.output import atomic
from rfm_engine.output.in_order import in_order
from rfm_engine.output.place import check_output
from rfm_engine.parquet.concatenation import Stitch
from rfm_engine.parquet.encoding import Memory, empty_file
from rfm_engine.parquet.row_groups import encode_group

BucketsOf = Callable[[pa.RecordBatch], npt.NDArray[np.uint16]]


def write_buckets(  # noqa: PLR0913 - what is written, and how it is divided
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    place: str | os.PathLike[str],
    *,
    n_buckets: int,
    buckets_of: BucketsOf,
    most_bytes: int,
    threads: int = 1,
) -> None:
    """Write each row to the file of its bucket, in the order of the rows.

    Parameters
    ----------
    batches
        Record batches of `schema`, consumed one by one.
    place
        A directory, under the rules of `rfm_engine.output.write`. Bucket 7 is
        `part-00007.parquet`; a bucket without rows has a file too.
    n_buckets, buckets_of
        The number of buckets, and a function that returns the bucket of each row of a batch,
        `uint16[n_rows]`.
    most_bytes
        Bytes of rows to collect before a row group is written to the file of each bucket.
    threads
        Number of threads that encode; it does not change the files.

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
                whole = _rounds(batches, most_bytes)
                in_order(files.jobs(whole, buckets_of), threads, files.append)
            files.sync()
    except OSError as error:
        error.add_note("The output place is unchanged.")
        raise


class _Files:
    """The Parquet files of all buckets, open for appending row groups."""

    def __init__(self, folder: Path, schema: pa.Schema, n_buckets: int) -> None:
        self._schema = schema
        self._paths = [folder / f"part-{number:05}.parquet" for number in range(n_buckets)]
        self._marker = folder / atomic.MARKER
        self._opened = ExitStack()
        self._stitches: list[Stitch] = []
        self._spare: list[Memory] = []

    def __enter__(self) -> None:
        empty = empty_file(self._schema)
        self._marker.write_bytes(empty.view())
        with ExitStack() as opened:
            for path in self._paths:
                file = opened.enter_context(pa.OSFile(str(path), "wb"))
                self._stitches.append(Stitch(file, empty.view()))
            self._opened = opened.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        with self._opened:
            if kind is None:
                for stitch in self._stitches:
                    stitch.close()

    def jobs(
        self, rounds: Iterable[pa.RecordBatch], buckets_of: BucketsOf
    ) -> Iterator[Callable[[], tuple[int, Memory]]]:
        """Yield functions that encode the rows of a bucket in a round; empty buckets have none."""
        for batch in rounds:
            numbers = buckets_of(batch)
            order = np.argsort(numbers, kind="stable")
            counts = np.bincount(numbers, minlength=len(self._paths))
            ends = np.cumsum(counts)
            for number in np.flatnonzero(counts).tolist():
                rows = order[ends[number] - counts[number] : ends[number]]
                yield partial(self._encoded_rows, number, batch, rows)

    def append(self, done: tuple[int, Memory]) -> None:
        """Append an encoded row group to the file of its bucket."""
        number, memory = done
        self._stitches[number].append(memory.view())
        self._spare.append(memory)

    def sync(self) -> None:
        """Sync the files to disk."""
        for path in (*self._paths, self._marker):
            atomic.sync(path)

    def _encoded_rows(
        self, number: int, batch: pa.RecordBatch, rows: npt.NDArray[np.intp]
    ) -> tuple[int, Memory]:
        chosen = batch.take(arrow(rows))
        return number, self._encoded(pa.Table.from_batches([chosen], self._schema))

    def _encoded(self, table: pa.Table) -> Memory:
        memory = self._spare.pop() if self._spare else Memory()
        memory.begin()
        encode_group(table, memory)
        return memory


def _rounds(batches: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Join small batches, because each round writes a row group to every bucket."""
    for some in gathered(batches, n_bytes=most_bytes):
        whole = pa.concat_batches(some)
        del some
        yield whole
        del whole
