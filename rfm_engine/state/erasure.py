"""Delete customers from every file of every kept generation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rfm_engine.errors import UsageError
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind, Kinds
from rfm_engine.state.manifest import Batch, File, Generation, Manifest, Part
from rfm_engine.state.next_generation import shape_of_file
from rfm_engine.state.parts import PartWriter
from rfm_engine.state.store import Store
from rfm_engine.totals.ids import as_id, is_among


class Forgetting:
    """Write files without some customers; a file that generations share is written once.

    Attributes
    ----------
    found
        The customers that were found in a file; a customer can occur several times.

    Raises
    ------
    UsageError
        An id has another type than the ids of every generation.
    """

    def __init__(
        self, store: Store, manifest: Manifest, customers: Sequence[object], writing: PartWriter
    ) -> None:
        self._store = store
        self._manifest = manifest
        kinds = [each.kinds[0] for each in manifest.generations if each.kinds is not None]
        self._ids = _ids_by_kind(customers, dict.fromkeys(kinds), manifest.options["customer"])
        self.found: list[object] = []
        self._writing = writing
        self._made: dict[str, File] = {}

    def generation(self, whole: Generation) -> Generation:
        """Return a generation without the customers."""
        if whole.kinds is None:
            return whole
        kinds = Kinds(*whole.kinds)
        for file in whole.customer_files:
            if file.name not in self._made:
                self._made[file.name] = self._without(file, kinds)
        return whole._replace(
            base=self._of(whole.base),
            settled=tuple(map(self._of, whole.settled)),
            known=self._of(whole.known),
            batches=tuple(map(self._batch, whole.batches)),
        )

    def _batch(self, batch: Batch) -> Batch:
        parts = (batch.totals, batch.orders, batch.repeats, batch.distinct)
        totals, orders, repeats, distinct = map(self._of, parts)
        return batch._replace(totals=totals, orders=orders, repeats=repeats, distinct=distinct)

    def _of(self, part: Part) -> Part:
        return Part(tuple(self._made[file.name] for file in part.files))

    def _without(self, file: File, kinds: Kinds) -> File:
        shape = shape_of_file(self._manifest, kinds, file)
        rows = shape.decoded(self._store.read(file), file.counts)
        held = shape.customers(rows.keys)
        stays = np.ones(len(held), np.bool_)
        for customer, id_there in self._ids[kinds.customer]:
            is_theirs = is_among(held, [id_there]).to_numpy()
            if is_theirs.any():
                self.found.append(customer)
                stays &= ~is_theirs
        if stays.all():
            return file
        rest = rows.take(np.flatnonzero(stays))
        return self._writing.file(file.role, shape, file.first_bucket, rest)


def _ids_by_kind(
    customers: Sequence[object], kinds: Iterable[IdKind], column: str
) -> dict[IdKind, list[tuple[object, Any]]]:
    """Return the customers with their ids, for each kind that their ids can have.

    Generations can differ in kind, because the only batch of a state can be replaced by a batch
    with another kind of ids.
    """
    found: dict[IdKind, list[tuple[object, Any]]] = {kind: [] for kind in kinds}
    for customer in customers:
        errors = []
        for kind, ids in found.items():
            try:
                ids.append((customer, as_id(customer, OUTPUT_TYPES[kind], column)))
            except UsageError as error:
                errors.append(error)
        if errors and len(errors) == len(found):
            raise errors[0]
    return found
