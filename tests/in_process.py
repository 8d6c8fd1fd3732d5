"""Run the jobs of spark.score without Spark: partitions are lists of batches in this process."""

from __future__ import annotations

import pickle
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Self

import pyarrow as pa

from rfm_engine.options.groups import SparkOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.spark.jobs import run
from rfm_engine.spark.notes import NOTE, read_notes
from rfm_engine.spark.result import SparkResult
from rfm_engine.spark.scoring import job_of


@dataclass(frozen=True)
class InProcess:
    """Rows in partitions, as `jobs.Rows`. Batches have at most `size` rows."""

    partitions: list[list[pa.RecordBatch]]
    schema: pa.Schema
    n_buckets: int
    size: int

    def staged(self, stage: Any) -> Self:
        stage = pickle.loads(pickle.dumps(stage))  # as Spark sends it
        done = [self.cut(stage(iter(each))) for each in self.partitions]
        schema = stage.schema
        assert all(batch.schema.equals(schema) for each in done for batch in each)
        return replace(self, partitions=done, schema=schema)

    def by_id(self) -> Self:
        buckets: list[list[pa.RecordBatch]] = [[] for _ in range(self.n_buckets)]
        for partition in self.partitions:
            for batch in partition:
                owners = [hash(own_id) % self.n_buckets for own_id in batch.column(0).to_pylist()]
                for bucket, rows in enumerate(buckets):
                    own = [row for row, owner in enumerate(owners) if owner == bucket]
                    rows.append(batch.take(pa.array(own, pa.int64())))
        return replace(self, partitions=[self.cut(bucket) for bucket in buckets])

    def kept(self) -> Self:
        return self

    def freed_after_errors(self) -> AbstractContextManager[None]:
        return nullcontext()

    def customers(self) -> Self:
        schema = self.schema.remove(self.schema.get_field_index(NOTE))
        found = [
            [batch.filter(batch[NOTE].is_null()).select(schema.names) for batch in partition]
            for partition in self.partitions
        ]
        return replace(self, partitions=found, schema=schema)

    def notes(self) -> list[dict[str, Any]]:
        batches = [batch for partition in self.partitions for batch in partition]
        texts = [text for batch in batches for text in batch[NOTE].to_pylist()]
        return read_notes(text for text in texts if text is not None)

    def table(self) -> pa.Table:
        return pa.Table.from_batches(
            [each for some in self.partitions for each in some], self.schema
        )

    def cut(self, batches: Any) -> list[pa.RecordBatch]:
        parts = []
        for batch in batches:
            starts = range(0, max(batch.num_rows, 1), self.size)
            parts += [batch.slice(start, self.size) for start in starts]
        return parts


def score_in_process(
    partitions: list[list[pa.RecordBatch]],
    schema: pa.Schema,
    *,
    n_buckets: int = 3,
    size: int = 1 << 20,
    **options: Any,
) -> SparkResult:
    """Score orders in partitions; the customers of the result are a table."""
    job = job_of(given("score", SparkOptions, options))
    known = Reading(**job.reading_options)
    intake = Intake(known)
    intake.join(open_sources(schema.empty_table(), known.columns, roles=known.roles))
    chosen = [[batch.select(known.columns) for batch in each] for each in partitions]
    rows = InProcess(chosen, schema, n_buckets, size)
    done = run(job, known, intake, rows)
    table = done.customers.table()
    return SparkResult(**done.about, customers=table, _persisted=None, _model=done.model)
