"""What the stages share: the options of reading, and the rows of customers between stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.orders.batches import gathered
from rfm_engine.orders.kinds import OUTPUT_TYPES
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.memory import of_table
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.spark.notes import Batches, without_note
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.export_account import Account
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.tables.day_totals import Repeats

ID = "id"
"""The column of customers between stages."""
BATCH_ROWS = 1 << 18
"""Spark sends 10,000 rows at a time, but larger batches take less time per row."""
_BATCH_BYTES = 1 << 26
_BATCH = "a batch of a partition of the DataFrame"


@dataclass(frozen=True)
class Basis:
    """The options of reading, and the account of the rows.

    Before rows are read, the account contains only the kinds of columns.
    """

    options: Mapping[str, Any]
    account: Account

    def totals(self) -> Accumulator:
        """Return totals without customers, with the account."""
        made = Accumulator(Reading(**self.options))
        self.account.enter(made.intake)
        return made


def tables_of(batches: Batches) -> Iterator[pa.Table]:
    """Yield rows in larger tables."""
    for some in gathered(batches, n_rows=BATCH_ROWS, n_bytes=_BATCH_BYTES):
        yield pa.Table.from_batches(some)


def order_sources(batches: Batches, reading: Reading) -> Iterator[list[Source]]:
    """Yield orders as sources; `batches` have the needed columns in their order, with any names."""
    for table in tables_of(batches):
        named = table.rename_columns(reading.columns)
        # Spark has no numbers of rows: messages number the rows of a batch.
        yield [of_table(named, reading.columns, _BATCH)]


def customer_schema(totals: Accumulator) -> pa.Schema:
    """Return the columns of a customer between stages; times are microseconds from 1970."""
    fields = [
        (ID, OUTPUT_TYPES[totals.kinds.customer]),
        ("first_order", pa.int64()),
        ("last_order", pa.int64()),
        ("recency_days", pa.int32()),
        ("frequency", pa.int64()),
        ("monetary", pa.decimal128(MAX_DIGITS, totals.scale)),
    ]
    if totals.reading.options["clv"]:
        widths = [pa.int32()] * 3 + [pa.int64()] * 2
        fields += zip(Repeats._fields, widths, strict=True)
    return pa.schema(fields)


def customer_rows(
    chunk: CustomerChunk, totals: Accumulator, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield customers as rows; `schema` is `customer_schema` with notes."""
    ids, first, last, *measures = chunk.columns(totals.scale)
    columns = [ids, first.cast(pa.int64()), last.cast(pa.int64()), *measures]
    if chunk.repeats is not None:
        columns += [pa.chunked_array([arrow(column)]) for column in chunk.repeats]
    rows = pa.table(columns, schema=customer_schema(totals))
    for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
        yield without_note(batch, schema)


def chunks_of(batches: Batches, totals: Accumulator) -> Iterator[CustomerChunk]:
    """Yield customers, given their rows without notes."""
    schema = customer_schema(totals)
    for table in tables_of(batches):
        if table.num_rows:
            yield _chunk_of(table.cast(schema), totals)


def no_customers(totals: Accumulator) -> CustomerChunk:
    """Return a chunk without customers."""
    return _chunk_of(customer_schema(totals).empty_table(), totals)


def _chunk_of(table: pa.Table, totals: Accumulator) -> CustomerChunk:
    return chunk_of_table(table, repeats=totals.reading.options["clv"])
