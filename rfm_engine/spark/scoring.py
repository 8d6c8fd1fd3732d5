"""spark.score(): the stages of scoring as jobs of Spark."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from rfm_engine.job import Choice, Job
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import SparkOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.spark.adding_up import MergedTotals, NewestDay, PartialTotals
from rfm_engine.spark.basis import ID, Basis
from rfm_engine.spark.description import Sums, described, frozen_model
from rfm_engine.spark.frames import (
    buckets_of,
    chosen_columns,
    kept_rows,
    notes_of,
    require_frame,
    staged,
)
from rfm_engine.spark.merged import Merged
from rfm_engine.spark.notes import NOTE
from rfm_engine.spark.refusals import refuse_global, refuse_options
from rfm_engine.spark.result import SparkResult
from rfm_engine.spark.scores import CountedAmounts, ScoredRows, Scorer, ScoreSums
from rfm_engine.spark.surveys import Asked, Fit, merged_surveys, surveys_from, surveys_of
from rfm_engine.totals.export_account import Account

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@documented(SparkOptions)
def score(
    df: DataFrame,
    *,
    staging: str | os.PathLike[str] | None = None,
    buckets: int | None = None,
    **options: Unpack[SparkOptions],
) -> SparkResult:
    """Score the customers of a Spark DataFrame in its cluster, as `rfm_engine.score` does.

    Parameters
    ----------
    df
        The orders. A row is an order or an order line. Only the needed columns are read.
    staging
        A new folder, which all executors can write to, for the totals of customers as Parquet. By
        default they are persisted by Spark, which is not possible on serverless compute.
    buckets
        The number of tasks that customers are divided into, by their ids; by default
        `spark.sql.shuffle.partitions`. It does not change the result. A task needs memory for all
        its customers: with up to 3 million customers it takes about 1 GB.
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
        The data was refused.

    Notes
    -----
    The result is equal to that of `rfm_engine.score`, whatever the partitions and the order of the
    rows. Orders are added up per partition, and the totals of a customer are merged after one
    shuffle by id. Cut points come from counts of values, which the driver merges.
    """
    refuse_options(options)
    explicit = given("score", SparkOptions, options)
    marks = [clock.perf_counter()]
    frame = require_frame(df)
    job = _job(explicit)
    known = Reading(**job.reading_options)
    n_buckets = buckets_of(frame, buckets)
    chosen, sources = chosen_columns(frame, known)
    intake = Intake(known)
    intake.join(sources)
    reading = _dated(chosen, known)
    basis = Basis(_travelling(reading), Account.of(intake, 0))
    asked = Asked.of(job.scheme, job.plan)
    partial = staged(chosen, PartialTotals(basis)).repartition(n_buckets, ID)
    kept, persisted = kept_rows(staged(partial, MergedTotals(basis, asked)), staging)
    merged = Merged.of(basis, reading, notes_of(kept))
    marks.append(clock.perf_counter())
    customers = kept.where(f"{NOTE} is null").drop(NOTE)
    fit = _fit(job, merged, asked, customers)
    model = frozen_model(job, merged.totals, fit)
    scheme, plan, _, _ = Choice.of({"model": model}, {})
    scorer = Scorer(scheme, plan, job.predictor)
    sums = Sums.of(notes_of(staged(customers, ScoreSums(merged.basis, scorer))), job)
    sums.refuse_other(merged.n_customers)
    marks.append(clock.perf_counter())
    found = scorer.scored_nobody(merged.totals)
    return SparkResult(
        **described(job, known, merged, fit, sums),
        warnings=(*merged.totals.intake.warnings, *found.added.warnings),
        customers=staged(customers, ScoredRows(merged.basis, scorer)),
        seconds=_seconds(marks),
        _persisted=persisted,
        _model=model,
    )


def _job(explicit: Mapping[str, Any]) -> Job:
    asked = {**explicit, "threads": 1}
    job = Job(Choice.of(asked, {}), asked, {})
    refuse_global(job)
    job.refuse_names()
    return job


def _travelling(reading: Reading) -> dict[str, Any]:
    """Return the options of reading for other machines, which do not have the file of rates."""
    return {**reading.options, "rates": reading.rate_table}


def _dated(chosen: DataFrame, known: Reading) -> Reading:
    """Return the options with the date of analysis; it can be that of the newest row."""
    if known.as_of_day is not None:
        return known
    days = [note["newest"] for note in notes_of(staged(chosen, NewestDay(_travelling(known))))]
    # If no row is counted, the window has nothing to keep.
    return known.but(as_of=day_date(max(days))) if days else known.but(window=None)


def _fit(job: Job, merged: Merged, asked: Asked, customers: DataFrame) -> Fit:
    """Find the cut points and the numbers of conditions, with a second survey if it is needed."""
    scale = merged.totals.scale
    nobody = surveys_of([], merged.totals, asked, {})
    fit = Fit.of(job.scheme, job.plan, scale, merged_surveys([nobody, *merged.surveys]))
    if not fit.missing:
        return fit
    notes = notes_of(staged(customers, CountedAmounts(merged.basis, asked, fit.missing)))
    surveys = [surveys_from(note["surveys"]) for note in notes]
    return Fit.of(job.scheme, job.plan, scale, merged_surveys(surveys))


def _seconds(marks: list[float]) -> dict[str, float]:
    start, added_up, scored = marks
    return {
        "read": 0.0, "aggregate": added_up - start, "score": scored - added_up, "write": 0.0,
        "total": scored - start,
    }  # fmt: skip
