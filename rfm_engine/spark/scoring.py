"""spark.score(): the stages of scoring as jobs of Spark."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from rfm_engine.job import Choice, Job
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import SparkOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.reading import Reading
from rfm_engine.spark.frames import (
    SparkRows,
    buckets_of,
    chosen_columns,
    require_frames,
    staging_text,
)
from rfm_engine.spark.jobs import run
from rfm_engine.spark.refusals import refuse_global, refuse_options
from rfm_engine.spark.result import SparkResult

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@documented(SparkOptions)
def score(
    df: DataFrame | Sequence[DataFrame],
    *,
    staging: str | os.PathLike[str] | None = None,
    buckets: int | None = None,
    **options: Unpack[SparkOptions],
) -> SparkResult:
    """Score the customers of a Spark DataFrame in its cluster, as `rfm_engine.score` does.

    Parameters
    ----------
    df
        The orders, or a list of DataFrames of orders. A row is an order or an order line. Only the
        needed columns are read.
    staging
        A new folder, which all executors can write to, for the totals of customers as Parquet. By
        default they are persisted by Spark, which is not possible on serverless compute. Delete it
        when the result is no longer used, and after a run that failed.
    buckets
        The number of tasks that customers are divided into, by their ids; by default
        `spark.sql.shuffle.partitions`. It does not change the result. A task needs memory for all
        its customers, and each bucket becomes a file of the output.
    {options}

    Returns
    -------
    SparkResult
        The customers as a DataFrame, and the cut points, segments, row counts and model.

    Raises
    ------
    UsageError
        An option or a column is wrong, PySpark is not installed, or an option needs all customers
        in one process: ranks, groups, facts and attributes.
    DataError
        The data was refused, or a column exists twice for Spark.

    Notes
    -----
    Errors of Spark itself are raised unchanged.

    The result is equal to that of `rfm_engine.score`, whatever the partitions and the order of the
    rows. Orders are added up per partition, and the totals of a customer are merged after one
    shuffle by id. Cut points come from counts of values, which the driver merges.
    """
    refuse_options(options)
    explicit = given("score", SparkOptions, options)
    frames = require_frames(df)
    job = job_of(explicit)
    if staging is not None:
        staging_text(staging)
    known = Reading(**job.reading_options)
    n_buckets = buckets_of(frames[0], buckets)
    chosen, sources = chosen_columns(frames, known)
    intake = Intake(known)
    intake.join(sources)
    done = run(job, known, intake, SparkRows(chosen, n_buckets, staging))
    persisted = done.kept.frame if staging is None else None
    customers = done.customers.frame
    return SparkResult(**done.about, customers=customers, _persisted=persisted, _model=done.model)


def job_of(explicit: Mapping[str, Any]) -> Job:
    """Return the job for given options.

    Raises
    ------
    UsageError
        An option is wrong, or needs all customers in one process.
    """
    asked = {**explicit, "threads": 1}
    job = Job(Choice.of(asked, {}), asked, {})
    refuse_global(job)
    job.refuse_names()
    return job
