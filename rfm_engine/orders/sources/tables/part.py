"""The parts of a table of a lake, each opened as a source: the rows of one file, or no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.orders.place import Period, Read, Source, require_columns
from rfm_engine.orders.sources.guard import MissingInputError
from rfm_engine.orders.sources.tables.facts import FileFacts
from rfm_engine.orders.sources.tables.outside import rows_outside


class Opening(Protocol):
    """Open the rows of a part."""

    def __call__(
        self, needed: Sequence[str], *, most_rows: int | None, alone: bool
    ) -> Source | None:
        """Return the rows with the needed columns; None if there are no rows."""


def no_rows(needed: Sequence[str], *, most_rows: int | None, alone: bool) -> None:
    """Open the only part of a table that has no files."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """One file of a version of a table; an empty table has one part without rows.

    Attributes
    ----------
    name
        The file, for messages.
    table
        The table with its version, such as `delta:shop/orders@41`.
    schema
        All columns of the table in this version.
    opening
        Opens the file.
    identity
        A key that is equal for two names of the same file.
    facts
        What the log says about the rows, None if nothing.
    """

    name: str
    table: str
    schema: pa.Schema
    opening: Opening = field(repr=False)
    identity: tuple[str, str]
    facts: FileFacts | None = field(default=None, repr=False)

    def open(
        self,
        needed: Sequence[str] | None,
        *,
        period: Period | None = None,
        most_rows: int | None = None,
        alone: bool = False,
    ) -> TableSource:
        """Open the part with the needed columns; None means all columns of the table.

        If all rows are outside `period`, the file is not read, and other rows outside it are
        returned instead.

        Raises
        ------
        UsageError
            The table has no such column, or the file was deleted.
        DataError
            The file is damaged, or does not fit the table.
        """
        columns = self.schema.names if needed is None else needed
        require_columns(self.schema.names, columns, self.table)
        source = self._outside(columns, period)
        if source is None:
            try:
                source = self.opening(columns, most_rows=most_rows, alone=alone)
            except MissingInputError as error:
                raise UsageError(
                    f"{self.table} must have all its files; got no file {self.name}. Files of old "
                    "versions are deleted when a table is cleaned up (VACUUM, expire_snapshots): "
                    "read the newest version, or restore the file."
                ) from error
        schema = pa.schema([self.schema.field(name) for name in columns])
        return TableSource(
            self.table, self.name, schema if source is None else source.schema, source
        )

    def _outside(self, columns: Sequence[str], period: Period | None) -> Source | None:
        if period is None or self.facts is None:
            return None
        return rows_outside(self.facts, period, self.name, columns, self.schema)


@dataclass(frozen=True, slots=True)
class TableSource:
    """The rows of a part of a table.

    Attributes
    ----------
    table
        The table with the version that is read.
    """

    table: str
    name: str
    schema: pa.Schema
    rows: Source | None
    text: bool = False

    @property
    def n_rows(self) -> int | None:
        """Number of rows, if it is known."""
        return 0 if self.rows is None else self.rows.n_rows

    @property
    def repeatable(self) -> bool:
        """Whether the rows can be read again."""
        return self.rows is None or self.rows.repeatable

    def reads(self) -> list[Read]:
        """Return the reads of the file."""
        return [] if self.rows is None else self.rows.reads()


def tables_of(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Return what the options of an output say about tables: nothing if none was read.

    `tables` are the tables, each with its version and once, in the order of the inputs.
    """
    tables = dict.fromkeys(each.table for each in sources if isinstance(each, TableSource))
    return {"tables": [*tables]} if tables else {}
