"""The floor, work that no solution can avoid: decode the needed columns, encode the answer."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.output import write

if TYPE_CHECKING:
    from rfm_engine.bench.child import Job

_BATCH_ROWS = 1 << 20


def from_file(job: Job) -> dict[str, float]:
    """Decode the input, and encode a finished answer, in several threads."""
    answer = pq.read_table(job.answer)
    start = time.monotonic()
    _decode(job)
    decoded = time.monotonic()
    write(answer.to_batches(), answer.schema, job.output, threads=job.threads)
    return {"decode": decoded - start, "encode": time.monotonic() - decoded}


def _decode(job: Job) -> None:

    def decode(first: int) -> None:
        with pa.OSFile(job.input) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            groups = list(range(first, file.num_row_groups, job.threads))
            for _ in file.iter_batches(_BATCH_ROWS, groups, job.columns, use_threads=False):
                pass

    with ThreadPoolExecutor(job.threads) as pool:
        list(pool.map(decode, range(job.threads)))
