"""The customers of a result: scored in chunks, made into tables when somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

import pyarrow as pa

from rfm_engine.scoring.cells import Cells
from rfm_engine.segments.labels import Labels
from rfm_engine.segments.rules import Numbers
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.population import Population

Scored: TypeAlias = tuple[CustomerChunk, Cells, Callable[[], Numbers]]


class ScoredCustomers:
    """Customers with an order, their cells and segments, and how to write them as columns."""

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        cells: Sequence[Cells],
        segments: Sequence[Callable[[], Numbers]],
        labels: Labels,
        totals: Population,
        metadata: dict[bytes, str],
    ) -> None:
        fields = [*totals.fields, *labels.fields, *totals.clv_fields]
        self.schema = pa.schema(fields, metadata)
        self._chunks = list(zip(chunks, cells, segments, strict=True))
        self._labels = labels
        self._totals = totals

    @property
    def chunks(self) -> list[CustomerChunk]:
        """The customers without their scores."""
        return [chunk for chunk, _, _ in self._chunks]

    def __len__(self) -> int:
        return sum(len(cells) for _, cells, _ in self._chunks)

    def groups(self, schema: pa.Schema | None = None) -> Iterator[Callable[[], pa.Table]]:
        """Yield what makes the tables, one a chunk; other columns that `schema` has are null."""
        if schema is None:
            return (partial(self._table, chunk) for chunk in self._chunks)
        return (partial(self._widened, chunk, schema) for chunk in self._chunks)

    def table(self, threads: int) -> pa.Table:
        """Return all customers, made by so many threads."""
        with ThreadPoolExecutor(threads) as pool:
            tables = list(pool.map(self._table, self._chunks))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def _widened(self, scored: Scored, schema: pa.Schema) -> pa.Table:
        table = self._table(scored)
        held = self.schema.names
        columns = [
            table[field.name] if field.name in held else pa.nulls(len(table), field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)

    def _table(self, scored: Scored) -> pa.Table:
        chunk, cells, segments = scored
        columns = [
            *chunk.columns(self._totals.scale),
            *self._labels.columns(cells, segments()),
            *self._totals.clv_columns(chunk),
        ]
        return pa.table(columns, schema=self.schema)
