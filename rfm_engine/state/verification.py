"""Verify all files that the manifest of a state names, and list the damaged or changed files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from rfm_engine.errors import StateError, shown_cause
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.kinds import Kinds
from rfm_engine.state.creation import store_at
from rfm_engine.state.ledger import KnownBatches, decoded
from rfm_engine.state.manifest import DISTINCT_ROLE, LEDGER_ROLE, File, Generation, Manifest
from rfm_engine.state.merge import Rows
from rfm_engine.state.next_generation import shape_of_file
from rfm_engine.state.row_order import buckets_of, order_of
from rfm_engine.state.shape import Shape
from rfm_engine.state.store import Store


def verify(path: str | os.PathLike[str]) -> list[str]:
    """Do the same as `State.verify`, also for a state that cannot be opened."""
    return faults(store_at(path))


def faults(store: Store) -> list[str]:
    """Return the faults of the files of all kept generations, one line each.

    Raises
    ------
    StateError
        The manifest is damaged or was changed.
    """
    while True:
        manifest = store.newest()
        files = {f.name: (each, f) for each in manifest.generations for f in each.files}
        found = [line for pair in files.values() for line in _faults_of(store, manifest, *pair)]
        if not found:
            found = [line for each in manifest.generations for line in _miscounts_of(store, each)]
        # A writer may have deleted files that only older generations used.
        if not found or store.newest() == manifest:
            return found


def _faults_of(
    store: Store, manifest: Manifest, generation: Generation, file: File
) -> Iterator[str]:
    name = str(store.data / file.name)
    try:
        data = store.read_with_care(file)
    except StateError as error:
        yield str(error)
        return
    except OSError as error:
        if error.errno == errno.EMFILE:
            raise
        yield f"{name!r} must be readable; got {shown_cause(error)}. Check the disk."
        return
    if file.role == LEDGER_ROLE:
        yield from _faults_of_ledger(data, file, name)
        return
    if generation.kinds is None:
        yield f"{name} must belong to a state with orders; got none in its manifest."
        return
    shape = shape_of_file(manifest, Kinds(*generation.kinds), file)
    try:
        rows = shape.decoded(data, file.counts)
    except (pa.ArrowException, KeyError, ValueError) as error:
        yield f"{name} must be decoded; got {error}."
        return
    if not _is_in_order(rows, file, shape, HashKey.from_int(manifest.hash_key)):
        yield f"{name} must have its rows in order and in their buckets; got other rows."


def _faults_of_ledger(data: memoryview, file: File, name: str) -> Iterator[str]:
    try:
        rows = decoded(data)
    except (pa.ArrowException, ValueError) as error:
        yield f"{name} must be decoded; got {error}."
        return
    if rows.num_rows != file.n_rows:
        yield f"{name} must have {file.n_rows} rows; got {rows.num_rows}."


def _miscounts_of(store: Store, generation: Generation) -> Iterator[str]:
    """Compare the number of batches in the manifest with that in the files of the ledger."""
    try:
        n_found = len(KnownBatches(generation.ledger, store).ids)
    except StateError as error:
        yield str(error)
        return
    if n_found != generation.ledger.n_batches:
        yield (
            f"the ledger of generation {generation.number} must have "
            f"{generation.ledger.n_batches} batches; got {n_found}."
        )


def _is_in_order(rows: Rows, file: File, shape: Shape, key: HashKey) -> bool:
    n = len(rows.records)
    if n != file.n_rows:
        return False
    if file.role == DISTINCT_ROLE:
        buckets = buckets_of(shape.owners(rows.keys), key)
        order = np.argsort(buckets, kind="stable")
    else:
        order, buckets = order_of(rows.keys, rows.days, key, shape.owners(rows.keys))
    counts = np.bincount(buckets, minlength=file.first_bucket + len(file.counts))
    expected = (0,) * file.first_bucket + file.counts
    return bool((order == np.arange(n)).all()) and tuple(counts.tolist()) == expected
