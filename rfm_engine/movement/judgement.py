"""The segments of the customers of one snapshot under the criteria of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow, frozen, values, whole
from rfm_engine.kernels.types import Codes, Mask, Segments
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.workers import Workers
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.methods import BY_RANK, NESTED
from rfm_engine.segments.criteria import Criteria
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import Plan, plan_scoring
from rfm_engine.segments.scheme import AXES, Scheme
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.customer_attribute_values import notation_of
from rfm_engine.totals.groups import Grouping

_MEASURES = ("recency_days", "frequency", "monetary")
_MOMENTS = ("first_order", "last_order")


def segments_of(snapshot: Snapshot) -> list[str]:
    """Return the segments in the order of the scheme, and last `otherwise` if it can be needed."""
    return segment_names(snapshot.scheme, Bins(*map(len, snapshot.customers_by_score)))


def codes_of(segments: pa.ChunkedArray, names: Sequence[str]) -> Segments:
    """Return the number of each segment in the order of `names`, `int16[n]`."""
    column = whole(segments)
    places = np.array([names.index(name) for name in column.dictionary.to_pylist()], np.int16)
    return places.take(values(column.indices, np.int16))


class Judgement(NamedTuple):
    """The criteria of a snapshot: its cut points, rules and limits of facts, as they were then.

    Attributes
    ----------
    reads
        The columns that it needs of customers, besides ids and groups.
    measures
        Those of them that follow from orders; others are attributes.
    known
        Which groups have customers, `bool[groups]`. Others have no criteria.
    """

    snapshot: Snapshot
    criteria: Criteria
    reads: list[str]
    measures: list[str]
    known: Mask

    @classmethod
    def of(cls, customers: Customers) -> Self:
        """Return the criteria of the customers of a snapshot, in each group if it has groups."""
        snapshot = customers.snapshot
        moments = _MOMENTS if snapshot.scheme.is_raw else ()
        attribute = snapshot.whale_attribute if snapshot.scheme.uses_facts else None
        measures = [*moments, *_MEASURES]
        reads = [*measures, *([] if attribute is None else [attribute])]
        if customers.groups is None:
            scheme = scheme_of(snapshot.frozen_scheme(), str(snapshot.path))
            plan = _plan(snapshot, scheme, None, None)
            criteria = Criteria.of_frozen(scheme, plan, snapshot.scale)
            return cls(snapshot, criteria, reads, measures, np.array([snapshot.n_customers > 0]))
        table = customers.table(reads)
        groups = _groups_of(table)
        n_groups = len(customers.groups)
        everyone = np.arange(len(table), dtype=np.uint32)
        grouping = Grouping([everyone], groups, n_groups, has_none=False)
        chunk = chunk_of_table(table.select([CUSTOMER, *reads]))
        options = snapshot.options
        plan = _plan(snapshot, snapshot.scheme, options["method"], options["bins"])
        with Workers(1) as pool:
            uses_facts = snapshot.scheme.uses_facts
            facts = snapshot.facts_of(chunk, table, grouping, pool) if uses_facts else None
            criteria = Criteria.within_groups(
                chunk, grouping, snapshot.scheme, plan, snapshot.scale, facts, pool
            )
        known = np.bincount(groups, minlength=n_groups) > 0
        return cls(snapshot, criteria, reads, measures, known)

    def codes(self, customers: pa.Table, own: Segments, days: int = 0) -> pa.Array:
        """Return the numbers of the segments of customers, `days` later than they were scored.

        Parameters
        ----------
        customers
            The relation with the columns `reads`.
        own
            The numbers of their own segments, which customers of unknown groups keep.
        """
        chunk = chunk_of_table(customers.select([CUSTOMER, *self.reads]))
        chunk = chunk._replace(recency_days=chunk.recency_days + np.int32(days))
        groups = _groups_of(customers)
        within = None if self.snapshot.options["by"] is None else groups
        found = self.criteria.assign(chunk, self._whale_values(customers), within)
        return arrow(found if self.known.all() else np.where(self.known.take(groups), found, own))

    def _whale_values(self, customers: pa.Table) -> WhaleValues | None:
        name = self.snapshot.whale_attribute if self.snapshot.scheme.uses_facts else None
        if name is None:
            return None
        return WhaleValues.of_column(customers[name], name, notation_of(self.snapshot.options))


def _groups_of(customers: pa.Table) -> Codes:
    return frozen(values(whole(customers[GROUP]), np.int32).astype(np.uint32))


def _plan(
    snapshot: Snapshot,
    scheme: Scheme,
    method: Sequence[str] | None,
    bins: Sequence[int] | None,
) -> Plan:
    cuts = {axis: None if method is None else snapshot.options[f"{axis}_cuts"] for axis in AXES}
    return plan_scoring(scheme, method, bins, cuts, snapshot.options["monetary"])


def is_ranked(snapshot: ScoredPopulation) -> bool:
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


def _ranked(snapshot: ScoredPopulation) -> list[str]:
    methods = dict.fromkeys(snapshot.options["method"])
    return [method for method in methods if method in (*BY_RANK, NESTED)]
