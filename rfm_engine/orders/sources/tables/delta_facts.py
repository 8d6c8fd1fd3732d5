"""The statistics of the files of a Delta table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.orders.sources.tables.facts import ColumnFacts


@dataclass(frozen=True, slots=True)
class DeltaFacts:
    """The statistics of a file.

    Attributes
    ----------
    statistics
        The row of the file in the list of files.
    physical
        The name of each column in the statistics, if it differs.
    constants
        The values of partition columns.
    n_deleted
        Number of rows of the file that were deleted.
    """

    statistics: Statistics
    row: int
    physical: Mapping[str, str]
    constants: Mapping[str, Any]
    n_deleted: int

    @property
    def n_rows(self) -> int | None:
        """Number of rows without deleted ones; None if the log does not contain it."""
        n_records = self.statistics.n_records[self.row].as_py()
        return None if n_records is None else n_records - self.n_deleted

    def of(self, column: str) -> ColumnFacts | None:
        """Return what is known about a column.

        Statistics of floats say nothing about NaN, so nothing is known about them.
        """
        if column in self.constants:
            value = self.constants[column]
            return ColumnFacts(0, value, value) if value.is_valid else None
        name = self.physical.get(column, column)
        found = [self._value(kind, name) for kind in ("null_count", "min", "max")]
        if any(each is None or not each.is_valid for each in found):
            return None
        nulls, least, greatest = found
        if pa.types.is_floating(least.type):
            return None
        return ColumnFacts(nulls.as_py(), least, greatest)

    def _value(self, kind: str, name: str) -> Any:
        """Return a statistic of a column of the file; None if the log does not contain it."""
        structs = self.statistics.columns.get(kind)
        if structs is None or structs.type.get_field_index(name) < 0:
            return None
        return structs[self.row][name]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of all files, as `deltalake` lists them."""

    n_records: Any
    columns: Mapping[str, Any]

    @classmethod
    def of(cls, files: pa.Table) -> Statistics:
        """Return the statistics in a list of files."""
        kinds = [kind for kind in ("null_count", "min", "max") if kind in files.schema.names]
        structs = {kind: files.column(kind).combine_chunks() for kind in kinds}
        return cls(files.column("num_records"), structs)
