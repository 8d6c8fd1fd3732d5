"""Read a table as a stream of another library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rfm_engine.orders.place import Source
from rfm_engine.orders.sources.memory import of_reader


@dataclass(frozen=True, slots=True)
class StreamOpening:
    """Opens a table that the library of its format reads.

    Attributes
    ----------
    scan
        Returns a stream of the given columns, as often as it is called.
    name
        The table, for messages.
    """

    scan: Callable[[list[str]], pa.RecordBatchReader]
    name: str

    def __call__(self, needed: Sequence[str], *, most_rows: int | None, alone: bool) -> Source:  # noqa: ARG002
        """Open the stream."""
        columns = list(needed)
        return of_reader(self.scan(columns), columns, lambda: self.scan(columns), name=self.name)
