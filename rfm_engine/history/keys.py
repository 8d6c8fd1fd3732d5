"""Find customers of one sorted table in another one, by their ids and groups."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import dictionary_places, plain, values, whole
from rfm_engine.kernels.types import Numbers
from rfm_engine.movement.merging import Sorted, find
from rfm_engine.query.id_values import plain_ids

Id: TypeAlias = Any
"""An id that can be compared with other ids of its column in the order of sorted snapshots."""


def bounds_of(table: pa.Table) -> tuple[Id, Id]:
    """Return the ids of the first and the last customer of a table with rows."""
    ids = table.column(0)
    return _comparable(ids[0].as_py()), _comparable(ids[len(ids) - 1].as_py())


def places_of(table: pa.Table, other: pa.Table, n_ids: int) -> Numbers:
    """Return for each customer of a table its row in another one, `ABSENT` if it is not there.

    Both are sorted. Their first `n_ids` columns have the ids: of the customer, and of the group,
    which can be null. For a million integers this takes 17 ns per id;
    `pyarrow.compute.index_in` takes 95 ns.
    """
    ids, other_ids = _ids(table, 0), _ids(other, 0)
    n = len(ids)
    if n_ids == 1:
        groups = np.zeros(n + len(other_ids), np.int32)
    else:
        groups = _ranks(pa.concat_arrays([_ids(table, 1), _ids(other, 1)]))
    places = np.empty(n, np.int32)
    find(Sorted.of(ids, groups[:n]), Sorted.of(other_ids, groups[n:]), places)
    return places


def _ranks(groups: pa.Array[Any]) -> Numbers:
    """Return the place of each row's group in the order of the groups, where null is first."""
    import pyarrow.compute as pc

    encoded = groups.dictionary_encode("encode")
    order = values(pc.array_sort_indices(encoded.dictionary, null_placement="at_start"), np.uint64)
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return ranks.take(dictionary_places(encoded))


def _ids(table: pa.Table, number: int) -> pa.Array[Any]:
    """Return a column of ids as one array; UUIDs as bytes, because Arrow cannot sort them."""
    return plain_ids(plain(whole(table.column(number))))


def _comparable(value: object) -> Id:
    return value.bytes if hasattr(value, "bytes") else value
