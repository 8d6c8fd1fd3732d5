"""Cut large batches so that threads can share them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

MOST_ROWS = 1 << 20


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield slices of at most a million rows; nothing is copied."""
    for start in range(0, batch.num_rows, MOST_ROWS):
        yield batch.slice(start, MOST_ROWS)
