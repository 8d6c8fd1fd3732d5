"""Distinct rows, stored for the batches that can be replaced.

A row is stored with its customer, so that it can be deleted with the customer. It consists of one
word with its marks and with the number of words that identify it, and of all its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Marks
from rfm_engine.options.messages import message
from rfm_engine.orders.distinct_columns import Cells
from rfm_engine.orders.group_keys import GroupIds, groups_of, within_groups
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import ByteKeys, gathered, joined
from rfm_engine.orders.kinds import Kinds
from rfm_engine.state.batch_rows import Gathering
from rfm_engine.state.manifest import DISTINCT_ROLE, Batch, File, Manifest, Part
from rfm_engine.state.next_generation import distinct_shape_of
from rfm_engine.state.parts import PartWriter
from rfm_engine.state.row_order import in_buckets
from rfm_engine.state.shape import Shape
from rfm_engine.state.store import Current
from rfm_engine.totals.duplicates.filter import owners_of
from rfm_engine.totals.duplicates.rows import (
    CHARGED,
    LOOK,
    OWN,
    REMEMBER,
    ROUNDED,
    DistinctRows,
    Entries,
)
from rfm_engine.totals.duplicates.words import RowWords

_ROWS_PER_FILE = 1 << 18
_NO_MARKS = frozen(np.zeros(1, np.uint8))
_MARK_BITS = np.uint64(8)
# One word with the marks, and one with the length of the rest.
_HEAD_BYTES = 16


class _Rows:
    """The rows of a file: the distinct columns, the other values, and the marks."""

    def __init__(self, keys: ByteKeys) -> None:
        starts, lengths = keys.offsets[:-1], np.diff(keys.offsets) - _HEAD_BYTES
        heads = gathered(keys.data, starts, np.full(len(starts), 8)).data.view(np.uint64)
        apart = 8 * (heads >> _MARK_BITS).astype(np.int64)
        first = starts + _HEAD_BYTES
        self.keys = RowWords.from_bytes(gathered(keys.data, first, apart))
        self.values = RowWords.from_bytes(gathered(keys.data, first + apart, lengths - apart))
        self.marks = (heads & np.uint64(0xFF)).astype(np.uint8)

    def marked(self, mark: int) -> npt.NDArray[np.bool_]:
        """Return for each row whether it has all bits of `mark`."""
        found: npt.NDArray[np.bool_] = (self.marks & np.uint8(mark)) == mark
        return found

    def find_in(
        self, rows: DistinctRows, which: npt.NDArray[np.bool_], marks: Marks, how: int
    ) -> int:
        """Look up some of these rows in `rows`; return how many were found."""
        found = rows.find(np.flatnonzero(which), self.keys, self.values, frozen(marks), how=how)
        assert found.differs is None
        return int(np.count_nonzero(found.repeats))


def remember(rows: DistinctRows, current: Current, replaced: str | None) -> None:
    """Add the rows of the kept batches to `rows`, so that a new batch is compared with them.

    Of a batch that is replaced, only the rows that earlier batches contain are added.

    Raises
    ------
    UsageError
        Other batches repeat rows of the batch that is replaced. These rows would then have to be
        counted in the other batches, but only their number was stored there.
    """
    kept = _Kept(current)
    others = [batch for batch in current.generation.batches if batch.id != replaced]
    own = [batch for batch in current.generation.batches if batch.id == replaced]
    for batch in own:
        kept.refuse_repeated(batch, others, rows)
    for batch in others:
        for found in kept.rows_of(batch):
            found.find_in(rows, found.marked(0), found.marks & np.uint8(ROUNDED), REMEMBER)
    for batch in own:
        for found in kept.rows_of(batch):
            rounded = found.marked(ROUNDED) & ~found.marked(CHARGED)
            marks = rounded.view(np.uint8) * np.uint8(ROUNDED)
            found.find_in(rows, ~found.marked(OWN), marks, REMEMBER)


def written(gathering: Gathering, writing: PartWriter, manifest: Manifest) -> Part:
    """Write the rows of a batch, so that later batches can be compared with them."""
    if gathering.duplicates is None or not manifest.keep_batches:
        return Part()
    kinds, key = gathering.kinds, HashKey.from_int(manifest.hash_key)
    shape = distinct_shape_of(manifest, kinds)
    files: list[File] = []
    pending: list[Entries] = []
    for entries in gathering.duplicates.rows.entries():
        pending.append(entries)
        if sum(len(each.marks) for each in pending) >= _ROWS_PER_FILE:
            files.append(_file(pending, writing, shape, kinds, key))
            pending = []
    if pending:
        files.append(_file(pending, writing, shape, kinds, key))
    return Part(tuple(files))


class _Kept:
    """Read the rows of kept batches."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def rows_of(self, batch: Batch) -> Iterator[_Rows]:
        """Yield the rows of a batch, one file at a time."""
        newest = self._current.generation
        if newest.kinds is None:
            return
        shape = distinct_shape_of(self._current.manifest, Kinds(*newest.kinds))
        for file in batch.distinct.files:
            keys = shape.decoded(self._current.read(file), file.counts).keys
            yield _Rows(groups_of(keys, of_bytes=True).keys.as_bytes())

    def refuse_repeated(self, batch: Batch, others: Sequence[Batch], like: DistinctRows) -> None:
        """Raise an error if other batches repeat rows that a batch counts or reports as rounded.

        A rounded amount of equal rows is reported by the first batch that contains it.
        """
        counted, rounded = like.empty(), like.empty()
        for found in self.rows_of(batch):
            found.find_in(counted, found.marked(OWN), _NO_MARKS, REMEMBER)
            charged = found.marked(CHARGED) & ~found.marked(OWN)
            found.find_in(rounded, charged, _NO_MARKS, REMEMBER)
        for other in others:
            n = 0
            for found in self.rows_of(other):
                n += found.find_in(counted, found.marked(0), _NO_MARKS, LOOK)
                n += found.find_in(rounded, found.marked(ROUNDED), _NO_MARKS, LOOK)
            if n:
                raise UsageError(
                    message(
                        "{replace_batch} must name a batch whose rows no other batch repeats; "
                        "got {}, and {} repeats {:,} of them. Restore the generation before it, "
                        "and ingest both again.",
                        shown(batch.id),
                        shown(other.id),
                        n,
                    )
                )


def _file(
    entries: Sequence[Entries], writing: PartWriter, shape: Shape, kinds: Kinds, key: HashKey
) -> File:
    parts = []
    owners = []
    for words, marks in entries:
        customers, ends = owners_of(words, kinds)
        apart = (ends - words.bounds[:-1]).astype(np.uint64)
        heads = (apart << _MARK_BITS) | marks
        cells = (Cells(frozen(heads.reshape(-1, 1)), None, None), Cells(None, words.keys, None))
        parts.append(RowWords.of(cells, len(marks)).keys)
        owners.append(customers)
    all_owners, rows = joined(owners), ByteKeys.concat(parts)
    pairs = within_groups(all_owners, GroupIds(rows, None))
    return writing.file(DISTINCT_ROLE, shape, 0, in_buckets(pairs, key, all_owners))
