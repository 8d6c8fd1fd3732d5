"""The statistics of the files of an Iceberg table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.orders.sources.tables.facts import ColumnFacts


@dataclass(frozen=True, slots=True)
class IcebergFacts:
    """The statistics of a file of a scan.

    Attributes
    ----------
    scan
        The scan of `pyiceberg`.
    task
        The file, its deletes, and the part of the filter that its rows must still be checked for.
    schema
        The columns of the scan.
    """

    scan: Any
    task: Any
    schema: pa.Schema

    @property
    def n_rows(self) -> int | None:
        """Number of rows; None if some are deleted or filtered."""
        from pyiceberg.expressions import AlwaysTrue

        is_whole = not self.task.delete_files and self.task.residual == AlwaysTrue()
        return int(self.task.file.record_count) if is_whole else None

    def of(self, column: str) -> ColumnFacts | None:
        """Return what is known about a column; the bounds of a long text may be cut off."""
        from pyiceberg.conversions import from_bytes

        found = next((each for each in self.scan.projection().fields if each.name == column), None)
        if found is None:
            return None
        number, kind, file = found.field_id, self.schema.field(column).type, self.task.file
        nulls = (file.null_value_counts or {}).get(number)
        # Bounds say nothing about NaN.
        n_nan = (file.nan_value_counts or {}).get(number) if pa.types.is_floating(kind) else 0
        least = (file.lower_bounds or {}).get(number)
        greatest = (file.upper_bounds or {}).get(number)
        if nulls is None or n_nan is None or least is None or greatest is None:
            return None
        bounds = (pa.scalar(from_bytes(found.field_type, each), kind) for each in (least, greatest))
        return ColumnFacts(nulls + n_nan, *bounds)
