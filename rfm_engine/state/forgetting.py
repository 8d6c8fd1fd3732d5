"""Customers taken out of every file of every generation that stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfm_engine.aggregate.ids import as_id, is_among
from rfm_engine.orders.kinds import OUTPUT_TYPES, Kinds
from rfm_engine.state.building import orders_shape_of, shape_of
from rfm_engine.state.manifest import ORDER_ROLES, Batch, File, Generation, Manifest, Segment
from rfm_engine.state.segments import SegmentWriter
from rfm_engine.state.store import Store


class Forgetting:
    """Files without some customers, each made once whatever generations it is of.

    Attributes
    ----------
    found
        Those of the customers that any file had, perhaps several times.
    """

    def __init__(
        self, store: Store, manifest: Manifest, customers: Sequence[object], writing: SegmentWriter
    ) -> None:
        self._store = store
        self._manifest = manifest
        self._customers = customers
        self.found: list[object] = []
        self._writing = writing
        self._made: dict[str, File] = {}

    def generation(self, whole: Generation) -> Generation:
        """Return a generation without the customers.

        Raises
        ------
        UsageError
            An id is of another kind than those of the state.
        """
        if whole.kinds is None:
            return whole
        kinds = Kinds(*whole.kinds)
        for file in whole.files:
            if file.name not in self._made:
                self._made[file.name] = self._without(file, kinds)
        return whole._replace(
            base=self._of(whole.base),
            settled=tuple(map(self._of, whole.settled)),
            known=self._of(whole.known),
            batches=tuple(map(self._batch, whole.batches)),
        )

    def _batch(self, batch: Batch) -> Batch:
        parts = (batch.totals, batch.orders, batch.repeats)
        totals, orders, repeats = map(self._of, parts)
        return batch._replace(totals=totals, orders=orders, repeats=repeats)

    def _of(self, segment: Segment) -> Segment:
        return Segment(tuple(self._made[file.name] for file in segment.files))

    def _without(self, file: File, kinds: Kinds) -> File:
        of_orders = file.role in ORDER_ROLES
        shape = (orders_shape_of if of_orders else shape_of)(self._manifest, kinds)
        rows = shape.decoded(self._store.read(file), file.counts)
        kind = OUTPUT_TYPES[kinds.customer]
        held = shape.customers(rows.keys)
        stays = np.ones(len(held), np.bool_)
        for customer in self._customers:
            is_theirs = is_among(held, [as_id(customer, kind, shape.customer)]).to_numpy()
            if is_theirs.any():
                self.found.append(customer)
                stays &= ~is_theirs
        if stays.all():
            return file
        rest = rows.take(np.flatnonzero(stays))
        return self._writing.file(file.role, shape, file.first_bucket, rest)
