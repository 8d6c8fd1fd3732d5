"""The customers of a result: scored in chunks, made into tables when somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from rfm_engine.aggregate.finish import CustomerChunk
from rfm_engine.score.cells import Cells
from rfm_engine.segments.assign import Labels

# Tables are encoded side by side: small enough to be dealt out evenly, large enough to pack well.
_GROUP_ROWS = 1 << 18


class ScoredCustomers:
    """Customers with an order, their cells, and how to write both as columns of `schema`."""

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        cells: Sequence[Cells],
        labels: Labels,
        schema: pa.Schema,
        scale: int,
    ) -> None:
        self.schema = schema
        self._chunks = list(zip(chunks, cells, strict=True))
        self._labels = labels
        self._scale = scale

    def __len__(self) -> int:
        return sum(len(cells) for _, cells in self._chunks)

    def groups(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield what makes the tables, of some `_GROUP_ROWS` rows each."""
        group: list[tuple[CustomerChunk, Cells]] = []
        for chunk in self._chunks:
            group.append(chunk)
            if sum(len(cells) for _, cells in group) >= _GROUP_ROWS:
                yield partial(self._table, group)
                group = []
        if group:
            yield partial(self._table, group)

    def table(self, threads: int) -> pa.Table:
        """Return all customers, made by so many threads."""
        with ThreadPoolExecutor(threads) as pool:
            tables = list(pool.map(self._table, ([chunk] for chunk in self._chunks)))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def _table(self, group: Sequence[tuple[CustomerChunk, Cells]]) -> pa.Table:
        return pa.concat_tables(
            pa.table(
                [*chunk.columns(self._scale), *self._labels.columns(cells)], schema=self.schema
            )
            for chunk, cells in group
        )
