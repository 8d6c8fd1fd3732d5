"""The segments of the customers of one snapshot under the criteria of another."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow, values, whole
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.methods import BY_RANK, NESTED
from rfm_engine.segments.criteria import Criteria
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.customer_attribute_values import notation_of

_MEASURES = ("recency_days", "frequency", "monetary")
_MOMENTS = ("first_order", "last_order")


def segments_of(snapshot: Snapshot) -> list[str]:
    """Return the segments in the order of the scheme, and last `otherwise` if it can be needed."""
    return segment_names(snapshot.scheme, Bins(*map(len, snapshot.customers_by_score)))


def codes_of(segments: pa.ChunkedArray, names: list[str]) -> pa.Array:
    """Return the number of each segment in the order of `names`."""
    column = whole(segments)
    places = np.array([names.index(name) for name in column.dictionary.to_pylist()], np.int16)
    return arrow(places.take(values(column.indices, np.int16)))


class Judgement:
    """The criteria of a snapshot: its cut points, rules and limits of facts, as they were then.

    Attributes
    ----------
    reads
        The columns that it needs of customers.

    Raises
    ------
    UsageError
        The snapshot has no cut points.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        scheme = scheme_of(snapshot.frozen_scheme(), str(snapshot.path))
        self._criteria = Criteria(scheme, snapshot.options, snapshot.scale)
        self._attribute = snapshot.whale_attribute if scheme.uses_facts else None
        moments = _MOMENTS if scheme.is_raw else ()
        own = () if self._attribute is None else (self._attribute,)
        self.reads = [*moments, *_MEASURES, *own]

    def codes(self, customers: pa.Table, days: int = 0) -> pa.Array:
        """Return the numbers of the segments of customers, `days` later than they were scored.

        `customers` is the relation with the columns `reads`.
        """
        chunk = chunk_of_table(customers.select([CUSTOMER, *self.reads]))
        chunk = chunk._replace(recency_days=chunk.recency_days + np.int32(days))
        whale_values = None
        if self._attribute is not None:
            notation = notation_of(self._snapshot.options)
            column = customers[self._attribute]
            whale_values = WhaleValues.of_column(column, self._attribute, notation)
        return arrow(self._criteria.assign(chunk, whale_values))


def is_ranked(snapshot: Snapshot) -> bool:
    """Return whether ranks of customers decide, so that there are no cut points to keep."""
    return bool(_ranked(snapshot))


def refuse_without_cuts(snapshot: Snapshot) -> None:
    """Refuse to judge customers of another date if ranks decided, not values.

    Raises
    ------
    UsageError
        The method has no cut points.
    """
    if is_ranked(snapshot):
        raise UsageError(
            "effects and classes must have cut points that can be kept; got method "
            f"{', '.join(_ranked(snapshot))}, which splits customers by rank. Use the matrix, or "
            "score with another method."
        )


def _ranked(snapshot: Snapshot) -> list[str]:
    methods = dict.fromkeys(snapshot.options["method"])
    return [method for method in methods if method in (*BY_RANK, NESTED)]
