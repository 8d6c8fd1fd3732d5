"""The stages that run in the Python processes of Spark, each on the rows of one partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.orders.batches import gathered
from rfm_engine.orders.kinds import OUTPUT_TYPES
from rfm_engine.orders.newest_day import Survey as DaySurvey
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.workers import Workers
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.segments.additions import Additions, Predictor
from rfm_engine.segments.assignment import Everyone, Scoring, score_everyone
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.scheme import Scheme
from rfm_engine.spark.notes import (
    NOTES,
    Batches,
    note_rows,
    separated,
    telling_errors,
    texts_as_rows,
    with_notes,
    without_note,
)
from rfm_engine.spark.surveys import Asked, Surveys, surveys_of, surveys_text
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.arrow import absorb_rows, exported
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.export_account import KEY, Account
from rfm_engine.totals.export_shape import ExportShape
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.tables.day_totals import Repeats

# Spark sends 10,000 rows at a time, but larger batches take less time per row.
_BATCH_ROWS, _BATCH_BYTES = 1 << 18, 1 << 26
# More customers are exported before the next rows are added: 100 to 200 bytes per customer.
_MOST_CUSTOMERS = 2_000_000
_ID = "id"


@dataclass(frozen=True)
class Basis:
    """What every stage knows: the options of reading, and the account of the rows.

    Before rows are read, the account contains only the kinds of columns.
    """

    options: Mapping[str, Any]
    account: Account

    def accumulator(self) -> Accumulator:
        """Return totals without customers, with the account."""
        made = Accumulator(Reading(**self.options))
        self.account.enter(made.intake)
        return made

    @property
    def shape(self) -> ExportShape:
        """The columns of partial totals."""
        made = self.accumulator()
        return ExportShape.of(made.reading, made.kinds)


@dataclass(frozen=True)
class NewestDay:
    """Find the newest local day of counted rows; the note is `newest`, days from 1970."""

    options: Mapping[str, Any]
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the note."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        reading = Reading(**self.options)
        survey = DaySurvey(reading)
        for table in _tables(batches):
            sources = open_sources(table, reading.columns, roles=reading.roles)
            survey.intake.join(sources)
            for source in sources:
                for read in source.reads():
                    for batch, place in read:
                        survey.add(batch, place, text=False)
        yield note_rows([{"newest": survey.intake.ledger.newest_day}], self.schema)


@dataclass(frozen=True)
class PartialTotals:
    """Add up the orders of a partition; the notes are `account`, the metadata of an export."""

    basis: Basis

    @property
    def schema(self) -> pa.Schema:
        """The columns of an export, with the customer as `id`, and notes."""
        shape = self.basis.shape
        return with_notes(shape._replace(id_names=(_ID,)).schema)

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield partial totals."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        schema = self.schema
        totals = self._empty()
        reading = totals.reading
        for table in _tables(batches):
            totals.update(open_sources(table, reading.columns, roles=reading.roles))
            if totals.n_customers_so_far >= _MOST_CUSTOMERS:
                yield from self._exported(totals, schema)
                totals = self._empty()
        yield from self._exported(totals, schema)

    def _empty(self) -> Accumulator:
        return self.basis.accumulator()

    def _exported(self, totals: Accumulator, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with exported(totals) as reader:
            for batch in reader:
                yield without_note(batch, schema)
            account = reader.schema.metadata[KEY].decode()
        yield note_rows([{"account": account}], schema)


@dataclass(frozen=True)
class MergedTotals:
    """Merge the partial totals of a bucket, which has all rows of its customers.

    The notes are those of the partial totals, and one of the bucket: `rows` is the number of
    partial totals, `without` that of customers without an order, `surveys` are those asked for.
    """

    basis: Basis
    asked: Asked

    @property
    def schema(self) -> pa.Schema:
        """The columns of a customer with an order, and notes."""
        return with_notes(customer_schema(self.basis.accumulator()))

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the customers with an order."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        schema = self.schema
        totals, texts = self.basis.accumulator(), list[str]()
        names = self.basis.shape.schema.names
        rows = (batch.rename_columns(names) for batch in separated(batches, texts))
        n_rows = absorb_rows(totals, rows)
        with Workers(1) as pool:
            chunks, n_without = totals.chunks(pool)
        for chunk in chunks:
            yield from _customer_rows(chunk, totals.scale, schema)
        surveys = surveys_of(chunks, totals, self.asked, {})
        note = {"rows": n_rows, "without": n_without, "surveys": surveys_text(surveys)}
        if texts:
            yield texts_as_rows(texts, schema)
        yield note_rows([note], schema)


@dataclass(frozen=True)
class CountedAmounts:
    """Survey customers again with the amounts of some keys; the note is `surveys`."""

    basis: Basis
    asked: Asked
    keys: Mapping[str, list[int]]
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the note."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        totals = self.basis.accumulator()
        found: Surveys = {}
        for chunk in _chunks(batches, totals):
            more = surveys_of([chunk], totals, self.asked, self.keys)
            found = (
                {name: each.merge(found.get(name, each)) for name, each in more.items()}
                if found
                else more
            )
        yield note_rows([{"surveys": surveys_text(found)}], self.schema)


@dataclass(frozen=True)
class Recipe:
    """How customers are scored: a scheme and a plan that have numbers only, and predictions."""

    scheme: Scheme
    plan: Plan
    predictor: Predictor | None

    def scored(self, chunk: CustomerChunk, totals: Accumulator) -> tuple[Scoring, ScoredCustomers]:
        """Score some customers."""
        with Workers(1) as pool:
            additions = Additions(None, self.predictor, None, None)
            added = additions.of([chunk], totals, None, self.plan.bins, pool)
            scoring = score_everyone(Everyone([chunk], totals.scale), self.scheme, self.plan, pool)
        parts = [chunk], scoring.cells, scoring.segments, scoring.labels
        return scoring, ScoredCustomers(*parts, totals, added)


@dataclass(frozen=True)
class ScoredRows:
    """Score customers."""

    basis: Basis
    recipe: Recipe

    @property
    def schema(self) -> pa.Schema:
        """The columns of a result; dictionaries are text, because Spark has none."""
        totals = self.basis.accumulator()
        _, customers = self.recipe.scored(_no_customers(totals), totals)
        return pa.schema([_plain(field) for field in customers.schema])

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the columns of a result."""
        totals, schema = self.basis.accumulator(), self.schema
        for chunk in _chunks(batches, totals):
            _, customers = self.recipe.scored(chunk, totals)
            for make in customers.groups(customers.schema):
                yield from make().cast(schema).to_batches(max_chunksize=_BATCH_ROWS)


@dataclass(frozen=True)
class ScoreSums:
    """Add up the scored customers; the note has `cells`, `segments` and `by_score`."""

    basis: Basis
    recipe: Recipe
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the note."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        totals = self.basis.accumulator()
        for chunk in _chunks(batches, totals):
            scoring, _ = self.recipe.scored(chunk, totals)
            note = {
                "cells": scoring.by_cell,
                "segments": scoring.sums,
                "by_score": scoring.by_score,
            }
            yield note_rows([note], self.schema)


def customer_schema(totals: Accumulator) -> pa.Schema:
    """Return the columns of a customer between stages; times are microseconds from 1970."""
    kind = OUTPUT_TYPES[totals.kinds.customer]
    fields = [
        (_ID, kind), ("first_order", pa.int64()), ("last_order", pa.int64()),
        ("recency_days", pa.int32()), ("frequency", pa.int64()),
        ("monetary", pa.decimal128(MAX_DIGITS, totals.scale)),
    ]  # fmt: skip
    if totals.reading.options["clv"]:
        widths = [pa.int32()] * 3 + [pa.int64()] * 2
        fields += zip(Repeats._fields, widths, strict=True)
    return pa.schema(fields)


def _customer_rows(chunk: CustomerChunk, scale: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    ids, first, last, *measures = chunk.columns(scale)
    columns = [ids, first.cast(pa.int64()), last.cast(pa.int64()), *measures]
    if chunk.repeats is not None:
        columns += [pa.chunked_array([arrow(column)]) for column in chunk.repeats]
    rows = pa.table(columns, schema=pa.schema(list(schema)[:-1]))
    for batch in rows.to_batches(max_chunksize=_BATCH_ROWS):
        yield without_note(batch, schema)


def _tables(batches: Batches) -> Iterator[pa.Table]:
    """Yield the rows in larger tables."""
    for some in gathered(batches, n_rows=_BATCH_ROWS, n_bytes=_BATCH_BYTES):
        yield pa.Table.from_batches(some)


def _chunks(batches: Batches, totals: Accumulator) -> Iterator[CustomerChunk]:
    """Yield customers, given their rows between stages without notes."""
    schema = customer_schema(totals)
    for table in _tables(batches):
        yield chunk_of_table(table.cast(schema))


def _no_customers(totals: Accumulator) -> CustomerChunk:
    return chunk_of_table(customer_schema(totals).empty_table())


def _plain(field: pa.Field) -> pa.Field:
    kind = field.type
    return field.with_type(kind.value_type) if pa.types.is_dictionary(kind) else field
