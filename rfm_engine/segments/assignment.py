"""Compute cut points, scores and segments of customers, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Cells, Codes, Integers, Segments
from rfm_engine.options.messages import message
from rfm_engine.scoring.axes import MEAN_PARTS, Fitted, fit_axes, mean_amounts
from rfm_engine.scoring.cells import Added, Bins, Compared, cell_sums, new_sums, place_customers
from rfm_engine.scoring.groups import Groups
from rfm_engine.scoring.identities import Identities
from rfm_engine.scoring.methods import Measure
from rfm_engine.segments.conditions import FACTS, Population
from rfm_engine.segments.facts import Facts
from rfm_engine.segments.labels import Labels, SegmentSums, segment_sums
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Column, Rules, add_segments, new_segment_sums
from rfm_engine.segments.scheme import Scheme
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.groups import Grouping


class Scoring(NamedTuple):
    """Cells and segments of customers by chunk, the rules that set them, and their totals."""

    fitted: Fitted
    cells: list[Cells]
    segments: Sequence[Callable[[], Segments]]
    labels: Labels
    rules: Rules
    sums: list[SegmentSums]
    by_score: list[list[int]]
    by_cell: list[tuple[int, SegmentSums]]


class Everyone(NamedTuple):
    """Customers by chunk, the scale of their amounts, and their groups if scored by group.

    `facts` are needed if a condition of the scheme is about them.
    """

    chunks: Sequence[CustomerChunk]
    scale: int
    grouping: Grouping | None = None
    facts: Facts | None = None


def score_everyone(everyone: Everyone, scheme: Scheme, plan: Plan, pool: Executor) -> Scoring:
    """Score customers and find their segments; the threads of `pool` process the chunks.

    Raises
    ------
    DataError
        A mean amount overflows 64 bits.
    """
    chunks, scale, grouping, facts = everyone
    measures = measures_of(chunks, scale, plan, pool)
    ids = [partial(_identities, chunk) for chunk in chunks]
    groups = None
    if grouping is not None:
        groups = Groups(grouping.numbers, grouping.n, grouping.places)
    fitted = fit_axes(plan.axes(scale), measures, ids, groups)
    cells, sums = _placed(chunks, fitted, plan.bins, pool)
    labels = Labels(scheme, plan.bins, sums[:, 0] > 0, plan.weights)
    cube = sums[:, 0].reshape(plan.bins)
    by_score = [cube.sum(axis=axes).tolist() for axes in ((1, 2), (0, 2), (0, 1))]
    n_names = len(labels.names)
    # With a hundred bins per axis there are a million cells, and few contain customers.
    taken = np.flatnonzero(sums[:, 0])
    found_sums = [SegmentSums(*each) for each in cell_sums(sums[taken])]
    by_cell = list(zip(taken.tolist(), found_sums, strict=True))
    if not scheme.is_raw:
        rules = Rules(scheme, plan.bins, None)
        named = [partial(rules.assign, of_chunk, _no_measure) for of_chunk in cells]
        by_segment = segment_sums(found_sums, rules.layout[taken], n_names)
        return Scoring(fitted, cells, named, labels, rules, by_segment, by_score, by_cell)
    # Cached: first the mean of the population needs a measure, then the comparison with the mean.
    raw: list[Column] = [
        cache(partial(raw_measure, chunk, _fact_of(facts, n, chunk)))
        for n, chunk in enumerate(chunks)
    ]
    population = Population(partial(_columns, raw, pool), scale, pool.map, groups)
    rules = Rules(scheme, plan.bins, population)
    numbers = [None] * len(chunks) if groups is None else groups.back(groups.numbers)
    found = _named(chunks, numbers, rules, cells, raw, n_names, pool)
    named_by_rule = [partial(_same, segments) for segments, _ in found]
    total = sum((own for _, own in found), new_segment_sums(n_names))
    by_segment = [SegmentSums(*row) for row in cell_sums(total)]
    return Scoring(fitted, cells, named_by_rule, labels, rules, by_segment, by_score, by_cell)


def _placed(
    chunks: Sequence[CustomerChunk], fitted: Fitted, bins: Bins, pool: Executor
) -> tuple[list[Cells], npt.NDArray[np.int64]]:
    """Return the cells of customers by chunk, and the totals of each cell."""

    def place(chunk: CustomerChunk, *values: Integers) -> tuple[Cells, npt.NDArray[np.int64]]:
        sums = new_sums(bins)
        compared = Compared(*(np.asarray(axis, np.int64) for axis in values))
        return place_customers(compared, fitted.at, bins, _added(chunk), sums), sums

    sums = new_sums(bins)
    cells = []
    # Added as they arrive: with a hundred bins per axis, the sums of a chunk take 32 MB.
    for of_chunk, sums_of_chunk in pool.map(place, chunks, *fitted.values):
        cells.append(of_chunk)
        sums += sums_of_chunk
    return cells, sums


def _named(
    chunks: Sequence[CustomerChunk],
    groups: Sequence[Codes | None],
    rules: Rules,
    cells: Sequence[Cells],
    raw: Sequence[Column],
    n_names: int,
    pool: Executor,
) -> list[tuple[Segments, Integers]]:
    """Return the segments of customers by chunk, found rule by rule, and the totals per segment."""

    def assign(
        chunk: CustomerChunk, of_chunk: Cells, column: Column, own: Codes | None
    ) -> tuple[Segments, Integers]:
        found, sums = rules.assign(of_chunk, column, own), new_segment_sums(n_names)
        add_segments(found, _added(chunk), sums)
        return found, sums

    return list(pool.map(assign, chunks, cells, raw, groups))


def _added(chunk: CustomerChunk) -> Added:
    days = frozen(chunk.recency_days)
    return Added(frozen(chunk.frequency), frozen(chunk.monetary_minor), days)


def _columns(raw: Sequence[Column], pool: Executor, measure: str) -> list[Integers]:
    return list(pool.map(lambda column: column(measure), raw))


def _fact_of(facts: Facts | None, number: int, chunk: CustomerChunk) -> Column:
    return _no_measure if facts is None else partial(facts.raw, number, chunk)


def raw_measure(chunk: CustomerChunk, fact: Column, measure: str) -> Integers:
    """Return a measure of the customers of a chunk for conditions; `fact` returns their facts."""
    if measure in FACTS:
        return fact(measure)
    if measure == "recency_days":
        return chunk.recency_days.astype(np.int64)
    if measure == "frequency":
        return chunk.frequency
    if measure == "monetary":
        return chunk.monetary_minor
    return chunk.mean_gaps_us() if measure == "mean_gap_days" else means_of(chunk)


def measures_of(
    chunks: Sequence[CustomerChunk], scale: int, plan: Plan, pool: Executor
) -> list[Measure]:
    """Return what each axis compares with its cut points.

    Raises
    ------
    DataError
        A mean amount overflows 64 bits.
    """
    unit = 10**scale
    money: Sequence[Integers] = [chunk.monetary_minor for chunk in chunks]
    if plan.monetary == "mean":
        money, unit = list(pool.map(means_of, chunks)), unit * MEAN_PARTS
    return [
        Measure([chunk.recency_days for chunk in chunks], pool.map, ascending=False),
        Measure([chunk.frequency for chunk in chunks], pool.map),
        Measure(money, pool.map, unit),
    ]


def means_of(chunk: CustomerChunk) -> Integers:
    """Return the mean amount per order of each customer, in ten-thousandths of a minor unit.

    Raises
    ------
    DataError
        A mean amount overflows 64 bits.
    """
    found = mean_amounts(chunk.monetary_minor, chunk.frequency)
    if found is None:
        raise DataError(
            message(
                "mean amounts must be below 9.22 * 10^14 minor units; got a larger one. "
                "Use a smaller {amount_scale}."
            )
        )
    return found


def _identities(chunk: CustomerChunk, places: npt.NDArray[np.intp]) -> Identities:
    return Identities(chunk.customers_at(places), signed=chunk.ids.kind == "int")


def _no_measure(measure: str) -> Integers:
    raise KeyError(measure)


def _same(found: Segments) -> Segments:
    return found
