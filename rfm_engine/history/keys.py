"""Find customers of one sorted table in another one, by their ids and groups."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.history.matching import places_among
from rfm_engine.kernels.arrays import values, whole

Id: TypeAlias = Any
"""An id that can be compared with other ids of its column in the order of sorted snapshots."""


def bounds_of(table: pa.Table) -> tuple[Id, Id]:
    """Return the ids of the first and the last customer of a table with rows."""
    ids = table.column(0)
    return _comparable(ids[0].as_py()), _comparable(ids[len(ids) - 1].as_py())


def places_of(table: pa.Table, other: pa.Table, n_ids: int) -> npt.NDArray[np.int64]:
    """Return for each customer of a table its row in another one, -1 if it is not there.

    Both are sorted. Their first `n_ids` columns have the ids: of the customer, and of the group,
    which can be null.
    """
    ids = [_plain(table.column(number)) for number in range(n_ids)]
    others = [_plain(other.column(number)) for number in range(n_ids)]
    if n_ids == 1:
        return places_among(ids[0], others[0])
    groups = pa.chunked_array([others[1]]).unique()
    customers = pa.chunked_array([others[0]]).unique()
    pairs = []
    for who, where in ((ids[0], ids[1]), (others[0], others[1])):
        customer, group = _found(who, customers), _found(where, groups)
        pair = customer * np.int64(len(groups)) + group
        pairs.append(np.where((customer < 0) | (group < 0), -1, pair))
    known = pa.array(pairs[1])
    found = _found(pa.array(pairs[0]), known)
    found[pairs[0] < 0] = -1
    return found


def _found(ids: pa.Array[Any], among: pa.Array[Any]) -> npt.NDArray[np.int64]:
    import pyarrow.compute as pc

    places = pc.index_in(ids, value_set=among).fill_null(-1)
    return values(places, np.int32).astype(np.int64)


def _plain(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """Return a column as one array; UUIDs as bytes, which Arrow can search for."""
    array = whole(column)
    return array.storage if isinstance(array.type, pa.UuidType) else array


def _comparable(value: object) -> Id:
    return value.bytes if hasattr(value, "bytes") else value
