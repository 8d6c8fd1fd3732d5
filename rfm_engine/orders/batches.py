"""Small record batches gathered into pieces that are worth handling as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import pyarrow as pa

T = TypeVar("T")


def gathered(
    batches: Iterable[pa.RecordBatch], *, n_bytes: int, n_rows: int | None = None
) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches in lists, each ended by the batch that reaches `n_bytes` or `n_rows`.

    The last list has what is left. No batch is held once its list has been yielded.
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
    """Return the items of a list, which is empty afterwards."""
    items = waiting.copy()
    waiting.clear()
    return items
