"""The customers of a result: scored in chunks, made into tables when somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.score.cells import Cells
from rfm_engine.segments.assign import Labels
from rfm_engine.segments.rules import Numbers


class ScoredCustomers:
    """Customers with an order, their cells and segments, and how to write them as `schema`."""

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        cells: Sequence[Cells],
        segments: Sequence[Callable[[], Numbers]],
        labels: Labels,
        schema: pa.Schema,
        scale: int,
    ) -> None:
        self.schema = schema
        self._chunks = list(zip(chunks, cells, segments, strict=True))
        self._labels = labels
        self._scale = scale

    def __len__(self) -> int:
        return sum(len(cells) for _, cells, _ in self._chunks)

    def groups(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield what makes the tables, one a chunk."""
        return (partial(self._table, chunk) for chunk in self._chunks)

    def table(self, threads: int) -> pa.Table:
        """Return all customers, made by so many threads."""
        with ThreadPoolExecutor(threads) as pool:
            tables = list(pool.map(self._table, self._chunks))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def _table(self, scored: tuple[CustomerChunk, Cells, Callable[[], Numbers]]) -> pa.Table:
        chunk, cells, segments = scored
        columns = [*chunk.columns(self._scale), *self._labels.columns(cells, segments())]
        return pa.table(columns, schema=self.schema)
