"""Group small record batches into lists that are large enough to process together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import pyarrow as pa

T = TypeVar("T")


def gathered(
    batches: Iterable[pa.RecordBatch], *, n_bytes: int, n_rows: int | None = None
) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches in lists; a list is complete when it reaches `n_bytes` or `n_rows`.

    The last list contains the remaining batches. After a list has been yielded, no reference to its
    batches is kept.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        del batch
        if size >= n_bytes or (n_rows is not None and rows >= n_rows):
            yield _emptied(waiting)
            rows = size = 0
    if waiting:
        yield _emptied(waiting)


def _emptied(waiting: list[T]) -> list[T]:
    """Return a copy of a list and empty the list."""
    items = waiting.copy()
    waiting.clear()
    return items
