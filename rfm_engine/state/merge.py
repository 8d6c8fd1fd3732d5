"""Two runs of sorted rows made one: rows of one customer and day added up, nothing hashed.

Rows stand by bucket, in it by key (integers by their 64 bits, byte strings bytewise, the shorter
first) and by day. So a state is read as fast as it is decoded, however many rows the batches since
the last compaction have: each row is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import IntKeys, Keys, joined
from rfm_engine.state.runs import Run, interleave, mark_changes
from rfm_engine.totals.ids import taken
from rfm_engine.totals.tables.measures import Records, carry_of

Int64s = npt.NDArray[np.int64]

BUCKET_BITS = 8
N_BUCKETS = 1 << BUCKET_BITS

NO_DAYS = frozen(np.zeros(0, np.int64))


class Rows(NamedTuple):
    """Rows of some buckets in ascending order, `bounds[i]:bounds[i + 1]` those of the i-th.

    `records` is `int64[n, 4]` as in `totals.tables.measures`, or `int64[n, 0]` of distinct orders;
    `days` is `int64[n]` of `rfm_engine.state.days.day_words`, or empty where a row is a customer.
    No two rows have the same key and day.
    """

    bounds: Int64s
    keys: Keys
    records: Records
    days: Int64s = NO_DAYS

    @property
    def n(self) -> int:
        """How many rows."""
        return int(self.bounds[-1])

    def of_buckets(self, first: int, last: int) -> Rows:
        """Return the rows of buckets `first:last`, views of these."""
        start, end = int(self.bounds[first]), int(self.bounds[last])
        keys = self.keys
        if isinstance(keys, IntKeys):
            keys = IntKeys(keys.bits[start:end])
        else:
            keys = keys._replace(offsets=keys.offsets[start : end + 1])
        bounds = self.bounds[first : last + 1] - start
        days = self.days[start:end] if len(self.days) else self.days
        return Rows(bounds, keys, self.records[start:end], days)

    def take(self, places: npt.NDArray[np.intp]) -> Rows:
        """Return some rows, by their ascending places."""
        days = self.days[places] if len(self.days) else self.days
        bounds = np.searchsorted(places, self.bounds).astype(np.int64)
        return Rows(bounds, taken(self.keys, places), self.records.take(places, axis=0), days)


def apart(runs: Iterable[Rows]) -> Rows:
    """Put runs of all buckets together, none of which has rows in a bucket of another's.

    The buckets of each come after those of the run before.
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
    """Put the rows of buckets that follow each other together, at least one run."""
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
    """Add up runs of the same buckets, at least one; the small ones first."""
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
    pair = [run_of(rows.keys, rows.bounds, rows.days) for rows in (a, b)]
    n = interleave(*pair, from_a, from_b, bounds)
    from_a, from_b = frozen(from_a[:n]), frozen(from_b[:n])
    records = np.empty((n, a.records.shape[1]), np.int64)
    if records.shape[1]:
        add_records(frozen(a.records), frozen(b.records), from_a, from_b, records)
    both = np.where(from_a >= 0, from_a, from_b + a.n)
    words = np.concatenate([a.days, b.days])
    return Rows(bounds, taken(joined([a.keys, b.keys]), both), records,
                words[both] if len(words) else NO_DAYS)  # fmt: skip


_NO_BITS, _NO_DATA = frozen(np.zeros(0, np.uint64)), frozen(np.zeros(0, np.uint8))


def run_of(keys: Keys, bounds: Int64s, days: Int64s = NO_DAYS) -> Run:
    """Return sorted rows as kernels take them."""
    rest = frozen(bounds), frozen(days)
    if isinstance(keys, IntKeys):
        return Run(frozen(keys.bits), NO_DAYS, _NO_DATA, *rest)
    return Run(_NO_BITS, frozen(keys.offsets), frozen(keys.data), *rest)


def first_rows(keys: Keys) -> npt.NDArray[np.bool_]:
    """Tell which rows have another key than the row before, `bool[n]`."""
    run = run_of(keys, NO_DAYS)
    changed = np.empty(max(len(run.bits), len(run.offsets) - 1), np.bool_)
    mark_changes(run, changed)
    return changed


@kernel
def add_records(a, b, from_a, from_b, records):
    """Fill `records`, `int64[n, 4]`, with the sums of one of `a` and one of `b`, where there are.

    A sum that leaves int64 is carried, as `rfm_engine.totals.tables.measures` has it.
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
