"""An attribute by which customers are whales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.types import Integers, Mask
from rfm_engine.orders.money.notation import Notation
from rfm_engine.totals.customer_attribute_values import CustomerAttributeValues, numbers_of
from rfm_engine.totals.joined_attributes import JoinedRows


class WhaleValues(NamedTuple):
    """The values of all customers by chunk, their scale, and the number of nulls."""

    chunks: list[Integers]
    scale: int
    n_null: int

    @classmethod
    def of_column(cls, column: pa.ChunkedArray[Any], name: str, notation: Notation) -> WhaleValues:
        """Return an attribute of customers, given as a column of a result."""
        found = numbers_of(column, name, "the result", notation)
        return cls([found.values], found.scale, len(column) - int(found.present.sum()))

    def chosen(self, masks: Sequence[Mask]) -> WhaleValues:
        """Return the values of the customers for whom a mask, `bool[n]` per chunk, is true."""
        pairs = zip(self.chunks, masks, strict=True)
        return self._replace(chunks=[values[mask] for values, mask in pairs])

    @classmethod
    def of(cls, found: CustomerAttributeValues, rows: Sequence[JoinedRows]) -> WhaleValues:
        """Return the attribute of customers, given the row of each; null counts as 0."""
        chunks, n_null = [], 0
        for here in rows:
            there = here >= 0
            values = np.zeros(len(here), np.int64)
            values[there] = found.values[here[there]]
            chunks.append(values)
            n_null += len(here) - int(found.present[here[there]].sum())
        return cls(chunks, found.scale, n_null)
