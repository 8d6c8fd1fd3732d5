"""Totals as Arrow data: export them to other processes and machines, and absorb them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from rfm_engine.errors import DataError, RfmError, UsageError
from rfm_engine.orders.batches import gathered
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.export_account import Account, account_in
from rfm_engine.totals.export_rows import batches_of
from rfm_engine.totals.export_shape import ExportShape
from rfm_engine.totals.import_rows import contents_of
from rfm_engine.totals.population import Population

# A partition has about 2,000 customers. Larger batches are better for readers.
_BATCH_CUSTOMERS = 1 << 16
_BATCH_BYTES = 1 << 26


def exported(population: Population) -> pa.RecordBatchReader:
    """Return the customers of totals as described in `Totals.export`."""
    if population.sealed is not None:
        raise UsageError(population.sealed)
    account = Account.of(population.intake, population.n_customers)
    shape = ExportShape.of(population.reading, population.kinds)
    schema = shape.schema.with_metadata(account.metadata(population.reading))
    made = _whole(_pieces(population, shape, account), schema)
    return pa.RecordBatchReader.from_batches(schema, made)


def _pieces(
    population: Population, shape: ExportShape, account: Account
) -> Iterator[pa.RecordBatch]:
    """Yield the customers of each part of the tables."""
    known = population.customers
    with Workers(1) as pool:
        settled = population.settle(pool)
    for some in settled:
        if population.intake.ledger.counts() != account.counts:
            raise RfmError(
                "totals must not change while their export is read; got new rows. "
                "Read the export to the end first."
            )
        if known is not None and some.n_records:
            yield from batches_of(shape, known.contents(some), population.hash_key)


def _whole(pieces: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Combine small batches."""
    for some in gathered(pieces, n_rows=_BATCH_CUSTOMERS, n_bytes=_BATCH_BYTES):
        yield pa.concat_batches(some).replace_schema_metadata(schema.metadata)


def absorb(accumulator: Accumulator, export: Any) -> None:
    """Add exported totals as described in `CustomerTotals.absorb`."""
    accumulator.refuse_distinct("absorbed")
    if not hasattr(export, "__arrow_c_stream__"):
        raise UsageError(
            "export must be a result of CustomerTotals.export, or have __arrow_c_stream__; "
            f"got {type(export).__name__}. Read it with pyarrow first."
        )
    reader = pa.RecordBatchReader.from_stream(export)
    account = account_in(reader.schema, accumulator.reading)
    aside = accumulator.empty()
    aside.intake.adopt_kinds(accumulator.intake)
    account.enter(aside.intake)
    n_rows = absorb_rows(aside, reader)
    if n_rows != account.n_customers:
        raise DataError(
            f"export must have all of its {account.n_customers:,} customers; got {n_rows:,}. "
            "Absorb the complete export."
        )
    if aside.n_customers != n_rows:
        raise DataError(
            f"export must have each of its {n_rows:,} customers once; got "
            f"{aside.n_customers:,} different customers. Absorb the complete export once."
        )
    accumulator.take_over(aside)


def absorb_rows(accumulator: Accumulator, batches: Iterable[pa.RecordBatch]) -> int:
    """Add rows of exports whose accounts are entered elsewhere; return the number of rows.

    A customer may have rows from several exports. The kinds of the exports must be known.

    Raises
    ------
    DataError
        A row is damaged.
    """
    shape = ExportShape.of(accumulator.reading, accumulator.kinds)
    n_rows = 0
    for batch in batches:
        n_rows += batch.num_rows
        contents = contents_of(shape, batch)
        if batch.num_rows:
            accumulator.tables(shape.layout).absorb([contents])
    return n_rows
