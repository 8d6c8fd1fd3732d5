"""Write sorted rows to files by bucket, and read them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

from rfm_engine.state.columns import Columns, fits
from rfm_engine.state.manifest import File, Part
from rfm_engine.state.merge import N_BUCKETS, Rows, followed, merged
from rfm_engine.state.shape import CustomerFile, Shape
from rfm_engine.state.store import Current, Snapshot, Store

# A file is read as a whole, and its customers are one row group of the result. With twice as many
# rows, the system had to allocate new memory each time, and writing 50 M customers took a sixth
# longer.
_ROWS_A_FILE = 1 << 18

Buckets = tuple[int, int]
"""The first bucket, and the one after the last."""


def buckets_for(n_rows: int) -> list[Buckets]:
    """Return one range of buckets per file that `n_rows` rows need; they cover all buckets."""
    n_files = 1
    while n_files < N_BUCKETS and n_rows > n_files * _ROWS_A_FILE:
        n_files *= 2
    each = N_BUCKETS // n_files
    return [(first, first + each) for first in range(0, N_BUCKETS, each)]


class PartWriter:
    """Write data files for the generation `number`, which is not published yet."""

    def __init__(self, store: Store, pool: Executor, number: int) -> None:
        self._store = store
        self.number = number
        self.pool = pool
        self.names: list[str] = []

    @contextmanager
    def published_or_discarded(self) -> Iterator[None]:
        """Delete the written files if an error occurs before the generation is published."""
        try:
            yield
        except BaseException:  # also on Ctrl-C, so that no files are left
            self.pool.shutdown(cancel_futures=True)  # wait for threads that are still writing
            if not self._store.is_published(self.number):
                self._store.discard(self._store.data / name for name in self.names)
            raise

    def part(self, role: str, shape: Shape, rows: Rows) -> Part:
        """Write rows of all buckets; their number determines the number of files."""
        if not rows.n:
            return Part()
        pieces = (
            (first, partial(rows.of_buckets, first, last)) for first, last in buckets_for(rows.n)
        )
        return self.part_of(role, shape, pieces)

    def part_of(self, role: str, shape: Shape, pieces: Iterable[tuple[int, partial[Rows]]]) -> Part:
        """Write one file per piece: a first bucket, and a function that makes the rows from it on.

        A part covers all buckets. A part without rows has no files.
        """

        def written(piece: tuple[int, partial[Rows]]) -> File:
            first, make = piece
            return self.file(role, shape, first, make())

        part = Part(tuple(self.pool.map(written, pieces)))
        return part if part.n_rows else Part()

    def file(self, role: str, shape: Shape, first: int, rows: Rows) -> File:
        """Write the rows of the buckets from `first` on to a file."""
        counts = (rows.bounds[1:] - rows.bounds[:-1]).tolist()
        return self.add(role, first, counts, shape.encoded(rows))

    def add(self, role: str, first: int, counts: Sequence[int], data: memoryview) -> File:
        """Write the bytes of a file that has `counts` rows in the buckets from `first` on."""
        file = self._store.add(self.number, role, first, counts, data)
        self.names.append(file.name)
        return file


class PartReader:
    """Read the rows of parts of one shape, by ranges of buckets.

    Files that overlap several ranges are read once and kept.
    """

    def __init__(self, snapshot: Snapshot | Current, shape: Shape, parts: Sequence[Part]) -> None:
        self._snapshot = snapshot
        self._shape = shape
        self._parts = [part for part in parts if part.files]
        self._kept: dict[str, Rows] = {}

    @property
    def n_rows(self) -> int:
        """Number of rows in all parts."""
        return sum(part.n_rows for part in self._parts)

    def prepare(
        self, ranges: Sequence[Buckets], pool: Executor, most_rows: float = math.inf
    ) -> int:
        """Read the files that overlap several of the ranges, with the threads of `pool`.

        At most `most_rows` rows are kept. The other files are read again for each range. Return the
        number of rows that are kept.
        """
        files = [file for part in self._parts for file in part.files]
        wide = [f for f in files if sum(_overlap(f, each) for each in ranges) > 1]
        ends = list(accumulate(file.n_rows for file in wide))
        wide = wide[: bisect_right(ends, most_rows)]
        found = pool.map(self._read, wide)
        self._kept = {file.name: rows for file, rows in zip(wide, found, strict=True)}
        return ends[len(wide) - 1] if wide else 0

    def n_most(self, buckets: Buckets) -> int:
        """Return an upper bound of the number of rows in a range."""
        first, last = buckets
        return sum(
            sum(file.counts[max(first - file.first_bucket, 0) : last - file.first_bucket])
            for part in self._parts
            for file in part.files
            if _overlap(file, buckets)
        )

    def ranges(self) -> list[Buckets]:
        """Return the ranges of the files of the largest part; empty without parts."""
        if not self._parts:
            return []
        return [_whole(file) for file in max(self._parts, key=lambda each: each.n_rows).files]

    def columns(self, buckets: Buckets) -> Columns | None:
        """Return the customers of a range as columns, with the rows of all parts added.

        The parts must not have days. Return None if `rows` must be used instead: the largest part
        is already in memory or has no file for exactly this range, or a net amount might overflow
        64 bits.
        """
        pieces = sorted(self._pieces(buckets), key=lambda files: -sum(f.n_rows for f in files))
        [largest, *others] = pieces
        if len(largest) > 1 or largest[0].name in self._kept or _whole(largest[0]) != buckets:
            return None
        data = self._snapshot.read(largest[0])
        file = CustomerFile(self._shape, data, largest[0].counts)
        few = merged([self._run(files, buckets) for files in others]) if others else None
        return Columns(file, few) if fits(file, few) else None

    def rows(self, buckets: Buckets) -> Rows | None:
        """Read a range and add up the rows of all parts; None without parts.

        Safe to call from any thread.
        """
        runs = [self._run(files, buckets) for files in self._pieces(buckets)]
        return merged(runs) if runs else None

    def _pieces(self, buckets: Buckets) -> list[list[File]]:
        """Return for each part the files that overlap a range."""
        return [[f for f in each.files if _overlap(f, buckets)] for each in self._parts]

    def _run(self, files: Sequence[File], buckets: Buckets) -> Rows:
        return followed([self._part(file, buckets) for file in files])

    def _part(self, file: File, buckets: Buckets) -> Rows:
        """Return the rows of a range in a file; empty if the file has none of its buckets."""
        first, last = buckets
        rows = self._kept.get(file.name)
        if rows is None:
            rows = self._read(file)
        start = max(first - file.first_bucket, 0)
        return rows.of_buckets(start, min(last - file.first_bucket, len(file.counts)))

    def _read(self, file: File) -> Rows:
        return self._shape.decoded(self._snapshot.read(file), file.counts)


def _whole(file: File) -> Buckets:
    return file.first_bucket, file.first_bucket + len(file.counts)


def _overlap(file: File, buckets: Buckets) -> bool:
    first, last = buckets
    return file.first_bucket < last and first < file.first_bucket + len(file.counts)
