"""Read sources to their end."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.sources.entry import Place, Source, open_sources


def drain(source: Source) -> pa.Table:
    """Return every row of a source as one table, in the order of the reads."""
    return pa.Table.from_batches(
        [batch for read in source.reads() for batch, _ in read], schema=source.schema
    )


def places(source: Source) -> list[tuple[Place, int]]:
    """Return the place and the number of rows of every batch."""
    return [(place, batch.num_rows) for read in source.reads() for batch, place in read]


def drained(orders: object, *needed: str, **options: CsvFormat) -> pa.Table:
    """Open orders and return the rows of all their sources."""
    sources = open_sources(orders, needed, **options)
    return pa.concat_tables([drain(s) for s in sources], promote_options="default")
