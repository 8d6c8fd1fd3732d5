"""Number the values of a column in ascending order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import values
from rfm_engine.kernels.types import Integers


def dense_ranks(column: pa.Array) -> Integers:
    """Return the rank of each value among the distinct values, from 0; nulls come last.

    Numbers and times are ordered by size, texts and binary values by their bytes.
    """
    import pyarrow.compute as pc

    encoded = column.dictionary_encode()
    distinct = encoded.dictionary
    order = pc.sort_indices(distinct)
    rank = np.empty(len(distinct) + 1, np.int64)
    rank[values(order, np.uint64)] = np.arange(len(distinct))
    rank[-1] = len(distinct)
    places = encoded.indices.fill_null(len(distinct))
    return rank[values(places, np.int32)]
