"""What the log of a table says about the rows of a file, without reading the file."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class ColumnFacts(NamedTuple):
    """The values of a column in a file.

    Attributes
    ----------
    n_nulls
        At least the number of nulls.
    least, greatest
        Bounds of the other values, as Arrow scalars of the type of the column. No value is NaN.
    """

    n_nulls: int
    least: Any
    greatest: Any


class FileFacts(Protocol):
    """The rows of a file."""

    @property
    def n_rows(self) -> int | None:
        """Number of rows without deleted ones; None if the log does not contain it."""

    def of(self, column: str) -> ColumnFacts | None:
        """Return what is known about a column; None if that is not enough."""
