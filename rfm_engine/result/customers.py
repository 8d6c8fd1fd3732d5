"""The customers of a result: scored in chunks, converted to tables on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.kernels.types import Cells, Mask, Segments
from rfm_engine.result.sorted_customers import sample_rows
from rfm_engine.segments.additions import Added
from rfm_engine.segments.fact_columns import FACT_FIELDS
from rfm_engine.segments.facts import Marks
from rfm_engine.segments.labels import Labels
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.ids import is_among
from rfm_engine.totals.joined_attributes import JoinedRows
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.population import Population

_MEASURES = 5
"""First and last order, recency, frequency and monetary are the last columns of a chunk."""


class Scored(NamedTuple):
    """A chunk of customers: cells, segments, and if asked for facts and rows of attributes."""

    chunk: CustomerChunk
    cells: Cells
    segments: Callable[[], Segments]
    marks: Marks | None
    rows: JoinedRows | None

    def chosen(self, mask: Mask) -> Scored:
        """Return the customers for whom the mask, `bool[n]`, is true."""
        return Scored(
            self.chunk.chosen(mask),
            self.cells[mask],
            partial(_taken, self.segments, mask),
            None if self.marks is None else self.marks.chosen(mask),
            None if self.rows is None else self.rows[mask],
        )


class ScoredCustomers:
    """Customers with an order, their cells and segments, and their conversion to columns."""

    def __init__(
        self,
        chunks: Sequence[CustomerChunk],
        cells: Sequence[Cells],
        segments: Sequence[Callable[[], Segments]],
        labels: Labels,
        totals: Population,
        added: Added,
    ) -> None:
        marks: Sequence[Marks | None] = [None] * len(chunks)
        rows: Sequence[JoinedRows | None] = marks  # type: ignore[assignment]
        more: list[pa.Field] = []
        if added.columns is not None:
            marks, more = added.columns.marks, FACT_FIELDS
        if added.predicted is not None:
            more = [*more, *added.predicted.fields]
        if added.attributes is not None:
            rows, more = added.attributes.rows, [*more, *added.attributes.fields]
        self.schema = pa.schema([*totals.fields, *labels.fields, *totals.clv_fields, *more])
        parts = zip(chunks, cells, segments, marks, rows, strict=True)
        self._chunks = [Scored(*each) for each in parts]
        self._labels = labels
        self._added = added
        self._totals = totals

    def describe(self, metadata: dict[bytes, str]) -> None:
        """Set the metadata of the schema."""
        self.schema = self.schema.with_metadata(metadata)

    def share_labels(self, other: ScoredCustomers) -> None:
        """Use the same dictionaries for both, because they are written to one file."""
        self._labels = other._labels = self._labels.joined(other._labels)

    @property
    def chunks(self) -> list[CustomerChunk]:
        """The customers without their scores."""
        return [scored.chunk for scored in self._chunks]

    @property
    def population(self) -> Population:
        """The totals of the customers."""
        return self._totals

    @property
    def budget(self) -> Budget:
        """The memory budget of the run."""
        return self._totals.budget

    @property
    def spill(self) -> SpillFile:
        """The file for data that do not fit in memory."""
        return self._totals.spill

    def __len__(self) -> int:
        return sum(len(scored.cells) for scored in self._chunks)

    def groups(self, schema: pa.Schema) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make tables, one per chunk; extra columns of `schema` are null."""
        make = self._table if schema is self.schema else partial(self._widened, schema)
        return (partial(make, chunk) for chunk in self._chunks)

    def sample(self, schema: pa.Schema) -> pa.Table:
        """Return ids of random customers, as many as `SortedCustomers` needs."""
        tables = []
        for scored in self._chunks:
            columns = scored.chunk.some_ids(sample_rows(len(scored.cells)))
            tables.append(widened(pa.table(columns, self.schema.names[: len(columns)]), schema))
        return pa.concat_tables([pa.Table.from_batches([], schema), *tables])

    def found(self, ids: Sequence[Any]) -> Iterator[pa.Table]:
        """Yield the rows of customers with one of `ids`, for each chunk that contains one."""
        for scored in self._chunks:
            mask = is_among(scored.chunk.id_column(), ids).to_numpy()
            if mask.any():
                yield self._table(scored.chosen(mask))

    def _widened(self, schema: pa.Schema, scored: Scored) -> pa.Table:
        return widened(self._table(scored), schema)

    def _table(self, scored: Scored) -> pa.Table:
        chunk, cells, segments, marks, rows = scored
        measures = chunk.columns(self._totals.scale)
        columns = [
            *measures,
            *self._labels.columns(cells, segments()),
            *self._totals.clv_columns(chunk),
        ]
        added = self._added
        if added.columns is not None and marks is not None:
            first = len(measures) - _MEASURES
            moments = measures[first], measures[first + 1]
            columns += added.columns.of(chunk, cells, marks, moments)
        if added.predicted is not None:
            columns += added.predicted.columns(chunk)
        if added.attributes is not None and rows is not None:
            columns += added.attributes.columns(rows)
        return pa.table(columns, schema=self.schema)


def _taken(segments: Callable[[], Segments], mask: Mask) -> Segments:
    return segments()[mask]


def widened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of `schema`; columns that it does not have are null."""
    columns = [
        table[field.name] if field.name in table.schema.names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
