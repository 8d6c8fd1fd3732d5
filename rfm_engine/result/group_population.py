"""One group of a snapshot as a population of its own: its counts, cut points and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.kernels.arrays import values, whole
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.workers import Workers
from rfm_engine.result.assembly import compared_numbers
from rfm_engine.result.metadata import cell_totals
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation, SegmentTotals
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.assignment import Everyone, Scoring, score_everyone
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.segments.labels import SegmentSums
from rfm_engine.segments.plan import Plan, plan_scoring
from rfm_engine.segments.scheme import AXES
from rfm_engine.totals.chunks import CustomerChunk

_SCORES = ("r_score", "f_score", "m_score")
_MEASURES = ("first_order", "last_order", "recency_days", "frequency", "monetary")


def columns_of_groups(snapshot: Snapshot) -> list[str]:
    """Return the columns that `group_population` reads."""
    whale = snapshot.whale_attribute if snapshot.scheme.uses_facts else None
    ids = snapshot.schema.names[:2]
    return [*ids, *_MEASURES, *_SCORES, "segment", *([] if whale is None else [whale])]


def group_population(snapshot: Snapshot, rows: pa.Table) -> ScoredPopulation:
    """Return the customers of one group as if the snapshot contained no others.

    Customers, orders and amounts are counted with the scores and segments of the rows. Cut points
    and the numbers of conditions are computed again from the rows; they are None if they do not
    lead to these scores, because a history had to forget customers of the group. Rows read,
    customers without orders and warnings remain those of all groups, because it is not known to
    which group they belong.

    Parameters
    ----------
    rows
        The rows of the group, with `columns_of_groups`.
    """
    chunk = chunk_of_table(rows)
    plan = _plan(snapshot)
    scoring, facts = _scored(snapshot, chunk, rows, plan)
    names = list(scoring.labels.names)
    scores = _scores(rows, snapshot.scheme.first_score)
    by_cell = _by_cell(chunk, scores, plan.bins)
    segments = whole(pc.index_in(rows["segment"], value_set=pa.array(names)))
    by_segment = _sums(chunk, values(segments, np.int32).astype(np.int64))
    none = SegmentSums(0, 0, 0, 0)
    totals = [by_segment.get(number, none) for number in range(len(names))]
    is_same = by_cell == dict(scoring.by_cell) and totals == scoring.sums
    numbers = compared_numbers(scoring.rules, snapshot.scale, facts)
    own = {field.name: getattr(snapshot, field.name) for field in fields(ScoredPopulation)}
    return ScoredPopulation(**own | {
        "cuts": scoring.fitted.cuts if is_same else None,
        "cuts_by_group": scoring.fitted.n_sets,
        "conditions": tuple((text, value if is_same else None) for text, value in numbers),
        "segment_totals": tuple(map(SegmentTotals, names, *zip(*totals, strict=True))),
        "cells": cell_totals([
            (plan.bins.scores(cell), sums) for cell, sums in sorted(by_cell.items())
        ]),
        "customers_by_score": [
            np.bincount(score, minlength=n).tolist()
            for score, n in zip(scores, plan.bins, strict=True)
        ],
        "facts": facts,
        "attributes_unmatched": None,
        "overall": None,
    })  # fmt: skip


def _plan(snapshot: Snapshot) -> Plan:
    options = snapshot.options
    cuts = {axis: options[f"{axis}_cuts"] for axis in AXES}
    how = options["method"], options["bins"], cuts, options["monetary"], snapshot.weights
    return plan_scoring(snapshot.scheme, *how)


def _scored(
    snapshot: Snapshot, chunk: CustomerChunk, rows: pa.Table, plan: Plan
) -> tuple[Scoring, FactTotals | None]:
    """Score the customers of a group again."""
    with Workers(1) as pool:
        uses_facts = snapshot.scheme.uses_facts
        facts = snapshot.facts_of(chunk, rows, None, pool) if uses_facts else None
        everyone = Everyone([chunk], snapshot.scale, None, facts)
        scoring = score_everyone(everyone, snapshot.scheme, plan, pool)
    return scoring, None if facts is None else facts.totals()


def _scores(rows: pa.Table, first: int) -> list[Integers]:
    """Return the scores of the rows from 0, `int64[n]` each."""
    found = (values(whole(rows[name]), np.int8) for name in _SCORES)
    return [each.astype(np.int64) - first for each in found]


def _by_cell(
    chunk: CustomerChunk, scores: Sequence[Integers], bins: Bins
) -> dict[int, SegmentSums]:
    r, f, m = scores
    return _sums(chunk, (r * bins.f + f) * bins.m + m)


def _sums(chunk: CustomerChunk, keys: Integers) -> dict[int, SegmentSums]:
    """Return the totals of the customers with the same key, in integers of any size."""
    wide = pa.decimal128(38, 0)
    columns = {
        "key": keys, "orders": chunk.frequency, "days": chunk.recency_days.astype(np.int64),
        "minor": pa.array(chunk.monetary_minor).cast(wide),
    }  # fmt: skip
    added = [("key", "count"), ("orders", "sum"), ("minor", "sum"), ("days", "sum")]
    found = pa.table(columns).group_by("key").aggregate(added).to_pydict()
    names = [f"{name}_{how}" for name, how in added]
    rows = zip(found["key"], *(map(int, found[name]) for name in names), strict=True)
    return {key: SegmentSums(*sums) for key, *sums in rows}
