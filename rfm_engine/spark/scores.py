"""The stages that count and score customers, each run on the customers of one bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.orders.workers import Workers
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.segments.additions import Added, Additions, Predictor
from rfm_engine.segments.assignment import Everyone, Scoring, score_everyone
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.scheme import Scheme
from rfm_engine.spark.basis import BATCH_ROWS, Basis, chunks_of, no_customers
from rfm_engine.spark.notes import NOTES, Batches, note_rows, telling_errors
from rfm_engine.spark.surveys import Asked, merged_surveys, surveys_of, surveys_text
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.chunks import CustomerChunk


class Scored(NamedTuple):
    """Scored customers, and what was added to them."""

    scoring: Scoring
    customers: ScoredCustomers
    added: Added


@dataclass(frozen=True)
class Scorer:
    """How customers are scored: a scheme and a plan that have numbers only, and predictions."""

    scheme: Scheme
    plan: Plan
    predictor: Predictor | None

    def scored(self, chunk: CustomerChunk, totals: Accumulator) -> Scored:
        """Score some customers; `totals` describe them."""
        with Workers(1) as pool:
            additions = Additions(None, self.predictor, None, None)
            added = additions.of([chunk], totals, None, self.plan.bins, pool)
            everyone = Everyone([chunk], totals.scale)
            scoring = score_everyone(everyone, self.scheme, self.plan, pool)
        parts = [chunk], scoring.cells, scoring.segments, scoring.labels
        return Scored(scoring, ScoredCustomers(*parts, totals, added), added)

    def scored_none(self, totals: Accumulator) -> Scored:
        """Return the result without customers, which has the same columns and warnings."""
        return self.scored(no_customers(totals), totals)


@dataclass(frozen=True)
class CountedAmounts:
    """Survey customers again with the amounts of some keys, by measure; the notes are `surveys`."""

    basis: Basis
    asked: Asked
    keys: Mapping[str, list[int]]
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield notes."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        totals = self.basis.totals()
        chunks = chunks_of(batches, totals)
        found = [surveys_of([chunk], totals, self.asked, self.keys) for chunk in chunks]
        if found:
            note = {"surveys": surveys_text(merged_surveys(found))}
            yield note_rows([note], self.schema)


@dataclass(frozen=True)
class ScoreSums:
    """Add up scored customers; the notes have `cells`, `segments` and `by_score`."""

    basis: Basis
    scorer: Scorer
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield notes."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        totals = self.basis.totals()
        for chunk in chunks_of(batches, totals):
            found = self.scorer.scored(chunk, totals).scoring
            sums = {"cells": found.by_cell, "segments": found.sums, "by_score": found.by_score}
            yield note_rows([sums], self.schema)


@dataclass(frozen=True)
class ScoredRows:
    """Score customers."""

    basis: Basis
    scorer: Scorer

    @property
    def schema(self) -> pa.Schema:
        """The columns of a result; dictionaries are text, because Spark has none."""
        customers = self.scorer.scored_none(self.basis.totals()).customers
        return pa.schema([_plain(field) for field in customers.schema])

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the columns of a result."""
        totals, schema = self.basis.totals(), self.schema
        for chunk in chunks_of(batches, totals):
            customers = self.scorer.scored(chunk, totals).customers
            for make in customers.groups(customers.schema):
                yield from make().cast(schema).to_batches(max_chunksize=BATCH_ROWS)


def _plain(field: pa.Field) -> pa.Field:
    kind = field.type
    return field.with_type(kind.value_type) if pa.types.is_dictionary(kind) else field
