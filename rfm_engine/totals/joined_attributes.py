"""Attributes joined to the customers of totals: the row of each customer in the attribute file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.kinds import IdKind
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.customer_attributes import CustomerAttributes
from rfm_engine.totals.tables.lookup import LOOKUP_BYTES, NOT_FOUND, Lookup

ATTRIBUTE_BYTES_A_CUSTOMER = LOOKUP_BYTES + 4
"""If each customer has attributes: the index of the file's ids, and the row of each customer."""

JoinedRows = npt.NDArray[np.int32]
"""The row of each customer in the attribute file, or `NOT_FOUND`."""


class JoinedAttributes:
    """The attributes of the customers of one population.

    Attributes
    ----------
    rows
        The rows of the customers by chunk, `int32[n]`.
    n_unmatched
        Number of rows of the attribute file whose id has no customer with an order.
    """

    def __init__(
        self,
        attributes: CustomerAttributes,
        chunks: Sequence[CustomerChunk],
        kind: IdKind | None,
        key: HashKey,
        pool: Executor,
    ) -> None:
        """Join attributes to customers of a kind, which is None if there are no customers.

        Raises
        ------
        DataError
            An id occurs twice, or is of another kind.
        """
        keys, places = attributes.keys(kind)
        lookup = Lookup(keys, key)
        if lookup.repeated >= 0:
            attributes.refuse_repeated(int(places[lookup.repeated]))
        matched = np.zeros(len(keys), np.bool_)

        def join(chunk: CustomerChunk) -> JoinedRows:
            found = np.empty(len(chunk.frequency), np.int64)
            start = 0
            for own in chunk.customers_by_part():
                lookup.rows_of(own, found[start : start + len(own)])
                start += len(own)
            there = found >= 0
            matched[found[there]] = True
            rows = np.full(len(found), NOT_FOUND, np.int32)
            rows[there] = places[found[there]]
            return rows

        self.rows = list(pool.map(join, chunks))
        self.n_unmatched = len(attributes) - int(matched.sum())
        self.fields = attributes.fields
        self._table = attributes.table

    def columns(self, rows: JoinedRows) -> list[pa.ChunkedArray[Any]]:
        """Return the attributes of customers, given their rows; null without a row."""
        import pyarrow.compute as pc

        there = rows != NOT_FOUND
        places = arrow(rows, valid=None if there.all() else there)
        return [pc.take(column, places, boundscheck=False) for column in self._table.columns]
