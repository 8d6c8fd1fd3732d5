"""A solution with a wrong segment for one customer, which a benchmark must find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.bench.engines import duckdb_sql

if TYPE_CHECKING:
    from rfm_engine.bench.child import Job

PLACE = __file__


def from_file(job: Job) -> None:
    """Change the segment of the first customer in a correct answer."""
    duckdb_sql.from_file(job)
    answer = pq.ParquetFile(job.output).read()
    names = answer["segment"].cast(pa.string()).to_pylist()
    names[0] = "At Risk" if names[0] != "At Risk" else "Promising"
    place = answer.column_names.index("segment")
    pq.write_table(answer.set_column(place, "segment", pa.array(names)), job.output)
