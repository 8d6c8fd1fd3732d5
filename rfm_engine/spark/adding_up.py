"""The stages that make totals of orders, each run on the rows of one partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.orders.newest_day import newest_day
from rfm_engine.orders.reading import Reading, day_number
from rfm_engine.orders.workers import Workers
from rfm_engine.spark.basis import ID, Basis, customer_rows, customer_schema, order_sources
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
from rfm_engine.spark.surveys import Asked, surveys_of, surveys_text
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.arrow import absorb_rows, exported
from rfm_engine.totals.export_account import KEY
from rfm_engine.totals.export_shape import ExportShape

# Larger tables are exported before more rows are added. With 14 million customers a process was
# measured to take 0.7 GB with integer ids, and 1.1 GB with text ids and order ids.
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class NewestDay:
    """Find the newest local day of counted rows; the notes are `newest`, days from 1970."""

    options: Mapping[str, Any]
    schema = NOTES

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield notes."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        reading = Reading(**self.options)
        for sources in order_sources(batches, reading):
            newest, _ = newest_day(sources, reading, 1)
            if newest is not None:
                yield note_rows([{"newest": day_number(newest)}], self.schema)


@dataclass(frozen=True)
class PartialTotals:
    """Add up the orders of a partition; the notes are `account`, the metadata of an export."""

    basis: Basis

    @property
    def schema(self) -> pa.Schema:
        """The columns of an export, with the customer as `id`, and notes."""
        return with_notes(_shape(self.basis.totals())._replace(id_names=(ID,)).schema)

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield partial totals."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        schema, totals = self.schema, self.basis.totals()
        for sources in order_sources(batches, totals.reading):
            totals.update(sources)
            if totals.customers is not None and totals.customers.nbytes >= _MOST_BYTES:
                yield from _exported(totals, schema)
                totals = self.basis.totals()
        yield from _exported(totals, schema)


@dataclass(frozen=True)
class MergedTotals:
    """Merge the partial totals of a bucket, which has all rows of its customers.

    The notes are those of the partial totals, and one of the bucket: `rows` is the number of
    partial totals, `customers` and `without` are the numbers of customers with and without an
    order, and `surveys` are those asked for.
    """

    basis: Basis
    asked: Asked

    @property
    def schema(self) -> pa.Schema:
        """The columns of a customer with an order, and notes."""
        return with_notes(customer_schema(self.basis.totals()))

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the customers with an order."""
        return telling_errors(self._work, self.schema, batches)

    def _work(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        schema, totals = self.schema, self.basis.totals()
        texts: list[str] = []
        names = _shape(totals).schema.names
        partial = separated(batches, texts)
        n_rows = absorb_rows(totals, (batch.rename_columns(names) for batch in partial))
        with Workers(1) as pool:
            chunks, n_without = totals.chunks(pool)
        for chunk in chunks:
            yield from customer_rows(chunk, totals, schema)
        yield texts_as_rows(texts, schema)
        bucket = {
            "rows": n_rows,
            "customers": sum(len(chunk.frequency) for chunk in chunks),
            "without": n_without,
            "surveys": surveys_text(surveys_of(chunks, totals, self.asked, {})),
        }
        yield note_rows([bucket], schema)


def _shape(totals: Accumulator) -> ExportShape:
    return ExportShape.of(totals.reading, totals.kinds)


def _exported(totals: Accumulator, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with exported(totals) as reader:
        for batch in reader:
            yield without_note(batch, schema)
        account = reader.schema.metadata[KEY].decode()
    yield note_rows([{"account": account}], schema)
