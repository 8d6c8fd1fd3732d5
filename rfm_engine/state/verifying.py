"""Everything in a state's folder looked at: what is not as it was written is named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.errors import StateError
from rfm_engine.orders.kinds import Kinds
from rfm_engine.state.building import orders_shape_of, shape_of
from rfm_engine.state.manifest import ORDER_ROLES, File, Generation, Manifest
from rfm_engine.state.merge import Rows
from rfm_engine.state.sorting import order_of
from rfm_engine.state.store import Store


def faults(store: Store, manifest: Manifest) -> Iterator[str]:
    """Yield what is wrong with the files of all generations that stand, a line each."""
    seen: set[str] = set()
    for generation in manifest.generations:
        for file in generation.files:
            if file.name not in seen:
                seen.add(file.name)
                yield from _faults_of(store, manifest, generation, file)


def _faults_of(
    store: Store, manifest: Manifest, generation: Generation, file: File
) -> Iterator[str]:
    try:
        data = store.read(file)
    except StateError as error:
        yield str(error)
        return
    name = str(store.data / file.name)
    if generation.kinds is None:
        yield f"{name} must be of a state that has orders; got none in its manifest."
        return
    of_orders = file.role in ORDER_ROLES
    shape = (orders_shape_of if of_orders else shape_of)(manifest, Kinds(*generation.kinds))
    try:
        rows = shape.decoded(data, file.counts)
    except (pa.ArrowException, KeyError, ValueError) as error:
        yield f"{name} must be decoded; got {error}."
        return
    if not _is_in_order(rows, file, HashKey.from_int(manifest.hash_key)):
        yield f"{name} must have its rows in order, in their buckets; got others."


def _is_in_order(rows: Rows, file: File, key: HashKey) -> bool:
    n = len(rows.records)
    if n != file.n_rows:
        return False
    order, buckets = order_of(rows.keys, rows.days, key)
    counts = np.bincount(buckets, minlength=file.first_bucket + len(file.counts))
    expected = (0,) * file.first_bucket + file.counts
    return bool((order == np.arange(n)).all()) and tuple(counts.tolist()) == expected
