"""Merge two runs of sorted rows: add up rows of the same customer and day, without hashing.

Rows are sorted by bucket, then by key and then by day. Integer keys are sorted by their 64 bits,
byte strings byte by byte with a prefix before a longer string. Each row is visited once, so a state
is read as fast as it is decoded, however many rows the batches since the last compaction have.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Mask, Records
from rfm_engine.orders.keys import Keys, joined
from rfm_engine.state.runs import Run, interleave, mark_changes
from rfm_engine.totals.tables.measures import carry_of

BUCKET_BITS = 8
N_BUCKETS = 1 << BUCKET_BITS

NO_DAYS = frozen(np.zeros(0, np.int64))


class Rows(NamedTuple):
    """Rows of some buckets in ascending order; `bounds[i]:bounds[i + 1]` are those of bucket i.

    `records` is `int64[n, 4]` as in `totals.tables.measures`, or `int64[n, 0]` for distinct orders.
    `days` is `int64[n]` of `rfm_engine.state.days.day_words`, or empty if each row is a customer.
    No two rows have the same key and day.
    """

    bounds: Integers
    keys: Keys
    records: Records
    days: Integers = NO_DAYS

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.bounds[-1])

    def as_run(self) -> Run:
        """Return the rows as an argument for kernels."""
        return run_of(self.keys, self.bounds, self.days)

    def of_buckets(self, first: int, last: int) -> Rows:
        """Return the rows of buckets `first:last` as views."""
        start, end = int(self.bounds[first]), int(self.bounds[last])
        bounds = self.bounds[first : last + 1] - start
        days = self.days[start:end] if len(self.days) else self.days
        return Rows(bounds, self.keys.slice(start, end), self.records[start:end], days)

    def take(self, places: npt.NDArray[np.intp]) -> Rows:
        """Return the rows at some indices, which must be ascending."""
        days = self.days[places] if len(self.days) else self.days
        bounds = np.searchsorted(places, self.bounds).astype(np.int64)
        return Rows(bounds, self.keys.take(places), self.records.take(places, axis=0), days)


def apart(runs: Iterable[Rows]) -> Rows:
    """Concatenate runs that have bounds of all buckets, but rows in different buckets.

    The buckets of each run come after those of the run before.
    """
    several = list(runs)
    if len(several) == 1:
        return several[0]
    return Rows(
        np.sum([rows.bounds for rows in several], axis=0),
        joined([rows.keys for rows in several]),
        np.concatenate([rows.records for rows in several]),
        np.concatenate([rows.days for rows in several]),
    )


def followed(runs: list[Rows]) -> Rows:
    """Concatenate at least one run of consecutive buckets."""
    if len(runs) == 1:
        return runs[0]
    starts = np.cumsum([0, *(rows.n for rows in runs)])
    bounds = [rows.bounds[:-1] + start for rows, start in zip(runs, starts, strict=False)]
    return Rows(
        np.concatenate([*bounds, starts[-1:]]),
        joined([rows.keys for rows in runs]),
        np.concatenate([rows.records for rows in runs]),
        np.concatenate([rows.days for rows in runs]),
    )


def merged(runs: list[Rows]) -> Rows:
    """Add up at least one run of the same buckets, starting with the small runs."""
    left = sorted(runs, key=lambda rows: rows.n)
    while len(left) > 1:
        both = _merged(left[0], left[1])
        left = sorted([both, *left[2:]], key=lambda rows: rows.n)
    return left[0]


def _merged(a: Rows, b: Rows) -> Rows:
    if not a.n or not b.n:
        return a if a.n else b
    from_a, from_b = np.empty(a.n + b.n, np.int64), np.empty(a.n + b.n, np.int64)
    bounds = np.zeros(len(a.bounds), np.int64)
    n = interleave(a.as_run(), b.as_run(), from_a, from_b, bounds)
    from_a, from_b = frozen(from_a[:n]), frozen(from_b[:n])
    records = np.empty((n, a.records.shape[1]), np.int64)
    if records.shape[1]:
        add_records(frozen(a.records), frozen(b.records), from_a, from_b, records)
    both = np.where(from_a >= 0, from_a, from_b + a.n)
    words = np.concatenate([a.days, b.days])
    return Rows(bounds, joined([a.keys, b.keys]).take(both), records,
                words[both] if len(words) else NO_DAYS)  # fmt: skip


def run_of(keys: Keys, bounds: Integers, days: Integers = NO_DAYS) -> Run:
    """Return sorted keys, with their buckets and days, as an argument for kernels."""
    return Run(*keys.arguments(), frozen(bounds), frozen(days))


def first_rows(keys: Keys) -> Mask:
    """Return for each row whether its key differs from that of the row before, `bool[n]`."""
    changed = np.empty(len(keys), np.bool_)
    mark_changes(run_of(keys, NO_DAYS), changed)
    return changed


@kernel
def add_records(a, b, from_a, from_b, records):
    """Fill `records`, `int64[n, 4]`, with a record of `a`, of `b`, or the sum of both.

    An overflow of int64 is carried as in `rfm_engine.totals.tables.measures`.
    """
    for row in range(len(from_a)):
        i, j = from_a[row], from_b[row]
        if j < 0:
            for column in range(4):
                records[row, column] = a[i, column]
        elif i < 0:
            for column in range(4):
                records[row, column] = b[j, column]
        else:
            carry = carry_of(a[i, 3], b[j, 3])
            records[row, 0] = max(a[i, 0], b[j, 0])
            records[row, 1] = max(a[i, 1], b[j, 1])
            records[row, 2] = a[i, 2] + b[j, 2] + carry
            records[row, 3] = a[i, 3] + b[j, 3]
