"""The next generation: a batch more, old batches settled, settled ones compacted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

import numpy as np

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.ids import IdColumns
from rfm_engine.orders.kinds import Kinds
from rfm_engine.state.days import first_word
from rfm_engine.state.gather import Gathered
from rfm_engine.state.history import History
from rfm_engine.state.manifest import Batch, File, Generation, Manifest, Segment
from rfm_engine.state.merge import N_BUCKETS, Rows, apart, merged
from rfm_engine.state.repeats import counted_less, shared
from rfm_engine.state.segments import Buckets, SegmentReader, SegmentWriter, buckets_for
from rfm_engine.state.shape import Shape
from rfm_engine.state.store import Snapshot, Store

# Settled batches are compacted when they have so much of the rows of those that are: a night that
# compacts writes three times what the nights since the last one have written.
_MOST_SETTLED = 0.5
# Many small ones become one, so that a state of a thousand ingests a day has few files: the newer
# half of them, so that no row is written anew each time.
_MOST_SEGMENTS, _MOST_WHOLE = 24, 12


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


class Building:
    """Generations made out of a snapshot; their files are written and nothing is published."""

    def __init__(self, store: Store, snapshot: Snapshot, kinds: Kinds, pool: Executor) -> None:
        self._manifest = snapshot.manifest
        self._snapshot = snapshot
        self._kinds = kinds
        self._writing = SegmentWriter(store, pool)
        self._totals = shape_of(self._manifest, kinds)
        self._orders = orders_shape_of(self._manifest, kinds)
        self._key = HashKey.from_int(self._manifest.hash_key)

    @property
    def names(self) -> list[str]:
        """The files written so far."""
        return self._writing.names

    def written(self, batch: Batch, runs: Sequence[Callable[[], Gathered]], n_about: int) -> Batch:
        """Write the rows of a batch, some `n_about`; many are not in memory all at once."""
        ranges = buckets_for(n_about)
        if len(ranges) <= len(runs) or len(runs) <= 1:
            return self._written_at_once(batch, runs)
        each = N_BUCKETS // len(runs)
        parts = [
            (run, [r for r in ranges if number * each <= r[0] < (number + 1) * each])
            for number, run in enumerate(runs)
        ]
        files = list(self._writing.pool.map(self._part_written, parts))
        totals = tuple(file for part, _ in files for file in part)
        orders = tuple(file for _, part in files for file in part)
        return batch._replace(totals=Segment(totals), orders=Segment(orders))

    def _written_at_once(self, batch: Batch, runs: Sequence[Callable[[], Gathered]]) -> Batch:
        found = list(self._writing.pool.map(lambda run: run(), runs))
        if not found:
            return batch
        totals = apart([each.totals for each in found])
        batch = batch._replace(totals=self._writing.segment("totals", self._totals, totals))
        several = [each.orders for each in found if each.orders is not None]
        if not several:
            return batch
        orders = self._writing.segment("orders", self._orders, apart(several))
        return batch._replace(orders=orders)

    def _part_written(
        self, part: tuple[Callable[[], Gathered], Sequence[Buckets]]
    ) -> tuple[list[File], list[File]]:
        run, ranges = part
        gathered = run()
        rows_by_role = [("totals", self._totals, gathered.totals)]
        if gathered.orders is not None:
            rows_by_role.append(("orders", self._orders, gathered.orders))
        totals, *orders = [
            [
                self._writing.file(role, shape, first, rows.of_buckets(first, last))
                for first, last in ranges
            ]
            for role, shape, rows in rows_by_role
        ]
        return totals, orders[0] if orders else []

    def with_batch(self, newest: Generation, batch: Batch) -> Generation:
        """Add a batch, or put it in the place of the one with its id."""
        ids = [each.id for each in newest.batches]
        batches = list(newest.batches)
        if batch.id in ids:
            place = ids.index(batch.id)
            batches[place] = batch
        else:
            place = len(batches)
            batches.append(batch)
        if self._orders.order is not None:
            batches[place:] = self._recounted(newest, batches, place)
        return newest._replace(batches=tuple(batches))

    def settled(self, newest: Generation) -> Generation:
        """Settle the batches that are too many to be kept, and compact when it is worth it."""
        n_more = max(len(newest.batches) - self._manifest.keep_batches, 0)
        for batch in newest.batches[:n_more]:
            added = tuple(each for each in (batch.totals, batch.repeats) if each.files)
            days = [day for day in (newest.newest_day, batch.newest_day) if day is not None]
            newest = newest._replace(
                settled=newest.settled + added,
                account=newest.account.plus(batch.account),
                newest_day=max(days, default=None),
            )
        if n_more:
            gone, kept = newest.batches[:n_more], newest.batches[n_more:]
            newest = newest._replace(batches=kept, known=self._remembered(newest, gone, kept))
        if not newest.base.files and len(newest.settled) == 1:
            return newest._replace(base=newest.settled[0], settled=())
        n_settled = sum(segment.n_rows for segment in newest.settled)
        if n_settled > _MOST_SETTLED * newest.base.n_rows:
            return self.compacted(newest)
        if len(newest.settled) > _MOST_SEGMENTS:
            whole, tail = newest.settled[:_MOST_WHOLE], newest.settled[_MOST_WHOLE:]
            return newest._replace(settled=(*whole, self._together(tail, newest.first_day)))
        return newest

    def compacted(self, newest: Generation) -> Generation:
        """Make one segment of all settled batches, days older than the history left out."""
        segments = [newest.base, *newest.settled]
        return newest._replace(base=self._together(segments, newest.first_day), settled=())

    def _together(self, segments: Sequence[Segment], first_day: int | None) -> Segment:
        """Add up segments to one, days before `first_day` left out."""
        read = SegmentReader(self._snapshot, self._totals, segments)
        ranges = buckets_for(read.n_rows)
        read.prepare(ranges, self._writing.pool)
        pieces = ((each[0], partial(self._kept, read, each, first_day)) for each in ranges)
        return self._writing.segment_of("totals", self._totals, pieces)

    def _kept(self, read: SegmentReader, buckets: Buckets, first_day: int | None) -> Rows:
        rows = read.rows(buckets)
        assert rows is not None
        if first_day is None or not len(rows.days):
            return rows
        return rows.take(np.flatnonzero(rows.days >= first_word(first_day)))

    def _recounted(self, newest: Generation, batches: Sequence[Batch], place: int) -> list[Batch]:
        """Count anew what the batches from a place on count less."""
        of_bytes = self._kinds.by is not None or self._kinds.customer not in ("int", "uint")
        before = self._read([newest.known, *(batch.orders for batch in batches[:place])])
        found = []
        for batch in batches[place:]:
            orders = self._read([batch.orders])
            repeats = Segment()
            if orders is not None and orders.n:
                less = counted_less(before, orders, self._key, of_bytes=of_bytes)
                repeats = self._writing.segment("repeats", self._totals, less)
                before = orders if before is None else merged([before, orders])
            found.append(batch._replace(repeats=repeats))
        return found

    def _remembered(
        self, newest: Generation, gone: Sequence[Batch], kept: Sequence[Batch]
    ) -> Segment:
        """Return the orders of settled batches that kept ones hold too."""
        settled = self._read([newest.known, *(batch.orders for batch in gone)])
        later = self._read([batch.orders for batch in kept])
        if settled is None or later is None:
            return Segment()
        return self._writing.segment("known", self._orders, shared(settled, later))

    def _read(self, segments: Sequence[Segment]) -> Rows | None:
        read = SegmentReader(self._snapshot, self._orders, segments)
        return read.rows((0, N_BUCKETS))
