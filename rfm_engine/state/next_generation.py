"""Build the next generation: add a batch, settle old batches, compact settled batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

import numpy as np

from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.kinds import Kinds
from rfm_engine.state.batch_rows import Gathered
from rfm_engine.state.days import first_word
from rfm_engine.state.history import History
from rfm_engine.state.manifest import (
    DISTINCT_ROLE,
    ORDER_ROLES,
    Batch,
    File,
    Generation,
    Manifest,
    Part,
)
from rfm_engine.state.merge import Rows, apart, followed, merged
from rfm_engine.state.parts import Buckets, PartReader, PartWriter, buckets_for
from rfm_engine.state.repeats import counted_less, shared
from rfm_engine.state.shape import Shape
from rfm_engine.state.store import Current, Store
from rfm_engine.totals.ids import IdColumns

Piece = TypeVar("Piece")

# Settled batches are compacted when they have more than this fraction of the rows of the base. A
# compaction then writes three times as many rows as all ingests since the last compaction.
_MOST_SETTLED = 0.5
# Many small parts are merged into one, so that a state with a thousand ingests per day has few
# files. Only the newer half is merged, so that rows are not written again each time.
_MOST_PARTS, _MOST_WHOLE = 24, 12


def shape_of(manifest: Manifest, kinds: Kinds) -> Shape:
    """Return the columns of a state's totals."""
    options = manifest.options
    ids = IdColumns(kinds.customer, kinds.by)
    return Shape(options["customer"], options["by"], ids, History.parse(manifest.history).daily)


def orders_shape_of(manifest: Manifest, kinds: Kinds) -> Shape:
    """Return the columns of a state's distinct orders."""
    return shape_of(manifest, kinds)._replace(
        order=manifest.options["order"], order_kind=kinds.order
    )


def shape_of_file(manifest: Manifest, kinds: Kinds, file: File) -> Shape:
    """Return the columns of a data file."""
    if file.role == DISTINCT_ROLE:
        return distinct_shape_of(manifest, kinds)
    return (orders_shape_of if file.role in ORDER_ROLES else shape_of)(manifest, kinds)


def distinct_shape_of(manifest: Manifest, kinds: Kinds) -> Shape:
    """Return the columns of distinct rows."""
    column = "distinct_row"
    totals = shape_of(manifest, kinds)
    return totals._replace(daily=False, order=column, order_kind="binary", order_column=column)


class Building:
    """Build generations from the newest one: write their files without publishing them.

    Attributes
    ----------
    writing
        Writes the files.
    """

    def __init__(self, store: Store, current: Current, kinds: Kinds, pool: Executor) -> None:
        self._manifest = current.manifest
        self._current = current
        self.writing = PartWriter(store, pool, current.generation.number + 1)
        self._totals = shape_of(self._manifest, kinds)
        self._orders = orders_shape_of(self._manifest, kinds)
        self._key = HashKey.from_int(self._manifest.hash_key)

    def written(self, batch: Batch, runs: Sequence[Callable[[], Gathered]], n_most: int) -> Batch:
        """Write the rows of a batch, at most `n_most`; they are not all in memory at once."""
        if not runs:
            return batch
        ranges = buckets_for(n_most)
        n_parts = min(len(runs), len(ranges))
        parts = zip(_cut(runs, n_parts), _cut(ranges, n_parts), strict=True)
        files = list(self.writing.pool.map(self._part_written, parts))
        totals, orders = (
            Part(tuple(file for part in role for file in part)) for role in zip(*files, strict=True)
        )
        return batch._replace(
            totals=totals if totals.n_rows else Part(),
            orders=orders if orders.n_rows else Part(),
        )

    def _part_written(
        self, part: tuple[Sequence[Callable[[], Gathered]], Sequence[Buckets]]
    ) -> tuple[list[File], list[File]]:
        runs, ranges = part
        found = [run() for run in runs]
        orders = [each.orders for each in found if each.orders is not None]
        return (
            self._files("totals", self._totals, apart([each.totals for each in found]), ranges),
            self._files("orders", self._orders, apart(orders), ranges) if orders else [],
        )

    def _files(self, role: str, shape: Shape, rows: Rows, ranges: Sequence[Buckets]) -> list[File]:
        return [
            self.writing.file(role, shape, first, rows.of_buckets(first, last))
            for first, last in ranges
        ]

    def with_batch(self, newest: Generation, batch: Batch) -> Generation:
        """Add a batch, or replace the batch with the same id."""
        ids = [each.id for each in newest.batches]
        batches = list(newest.batches)
        if batch.id in ids:
            place = ids.index(batch.id)
            batches[place] = batch
            # Orders of settled batches stay known as long as a kept batch contains them.
            kept = [each.orders for each in batches]
            newest = newest._replace(known=self._shared([newest.known], kept))
        else:
            place = len(batches)
            batches.append(batch)
        if self._orders.order is not None:
            batches[place:] = self._recounted(newest, batches, place)
        return newest._replace(batches=tuple(batches))

    def settled(self, newest: Generation) -> Generation:
        """Settle the batches beyond `keep_batches`, and compact settled batches if needed."""
        n_more = max(len(newest.batches) - self._manifest.keep_batches, 0)
        for batch in newest.batches[:n_more]:
            added = tuple(each for each in (batch.totals, batch.repeats) if each.files)
            days = [day for day in (newest.newest_day, batch.newest_day) if day is not None]
            newest = newest._replace(
                settled=newest.settled + added,
                account=newest.account.plus(batch.account),
                most_settled=newest.most_settled + batch.most_orders,
                newest_day=max(days, default=None),
            )
        if n_more:
            gone, kept = newest.batches[:n_more], newest.batches[n_more:]
            newest = newest._replace(batches=kept, known=self._remembered(newest, gone, kept))
        if not newest.base.files and len(newest.settled) == 1:
            return newest._replace(base=newest.settled[0], settled=())
        n_settled = sum(part.n_rows for part in newest.settled)
        if n_settled > _MOST_SETTLED * newest.base.n_rows:
            return self.compacted(newest)
        if len(newest.settled) > _MOST_PARTS:
            whole, tail = newest.settled[:_MOST_WHOLE], newest.settled[_MOST_WHOLE:]
            return newest._replace(settled=(*whole, self._together(tail, newest.first_day)))
        return newest

    def compacted(self, newest: Generation) -> Generation:
        """Merge all settled batches into the base, without days before the history."""
        parts = [newest.base, *newest.settled]
        return newest._replace(base=self._together(parts, newest.first_day), settled=())

    def _together(self, parts: Sequence[Part], first_day: int | None) -> Part:
        """Add up parts into one part, without days before `first_day`."""
        read = PartReader(self._current, self._totals, parts)
        ranges = buckets_for(read.n_rows)
        read.prepare(ranges, self.writing.pool)
        pieces = ((each[0], partial(self._kept, read, each, first_day)) for each in ranges)
        return self.writing.part_of("totals", self._totals, pieces)

    def _kept(self, read: PartReader, buckets: Buckets, first_day: int | None) -> Rows:
        rows = read.rows(buckets)
        assert rows is not None
        if first_day is None or not len(rows.days):
            return rows
        return rows.take(np.flatnonzero(rows.days >= first_word(first_day)))

    def _recounted(self, newest: Generation, batches: Sequence[Batch], place: int) -> list[Batch]:
        """Compute `repeats` again for the batches from index `place` on."""
        before = self._reader([newest.known, *(batch.orders for batch in batches[:place])])
        own = [self._reader([batch.orders]) for batch in batches[place:]]
        less: list[list[Rows]] = [[] for _ in own]
        everything = self._reader([newest.known, *(batch.orders for batch in batches)])
        # A small batch has rows in few ranges.
        ranges = [r for r in everything.ranges() if any(reader.n_most(r) for reader in own)]
        if len(ranges) > 1:
            for reader in (before, *own):
                reader.prepare(ranges, self.writing.pool)
        for buckets in ranges:
            known = before.rows(buckets)
            for reader, found in zip(own, less, strict=True):
                orders = reader.rows(buckets)
                if orders is not None and orders.n:
                    found.append(counted_less(known, orders, self._key, self._orders))
                    known = orders if known is None else merged([known, orders])
        return [
            batch._replace(
                repeats=self.writing.part("repeats", self._totals, apart(found))
                if found
                else Part()
            )
            for batch, found in zip(batches[place:], less, strict=True)
        ]

    def _remembered(self, newest: Generation, gone: Sequence[Batch], kept: Sequence[Batch]) -> Part:
        """Return the orders of settled batches that kept batches contain too."""
        settled = [newest.known, *(batch.orders for batch in gone)]
        return self._shared(settled, [batch.orders for batch in kept])

    def _shared(self, settled: Sequence[Part], kept: Sequence[Part]) -> Part:
        """Write the orders of settled parts that kept parts contain too."""
        ours, theirs = self._reader(settled), self._reader(kept)
        if not ours.n_rows or not theirs.n_rows:
            return Part()
        ranges = self._reader([*settled, *kept]).ranges()
        for reader in (ours, theirs):
            reader.prepare(ranges, self.writing.pool)
        found = []
        for buckets in ranges:
            orders, later = ours.rows(buckets), theirs.rows(buckets)
            assert orders is not None
            assert later is not None
            found.append(shared(orders, later))
        return self.writing.part("known", self._orders, followed(found))

    def _reader(self, parts: Sequence[Part]) -> PartReader:
        return PartReader(self._current, self._orders, parts)


def _cut(pieces: Sequence[Piece], n_parts: int) -> list[Sequence[Piece]]:
    """Split a sequence into `n_parts` parts of equal length."""
    each = len(pieces) // n_parts
    return [pieces[start : start + each] for start in range(0, len(pieces), each)]
