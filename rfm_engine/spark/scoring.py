"""spark.score(): the stages of scoring as jobs of Spark."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from rfm_engine.errors import DataError
from rfm_engine.job import Choice, Job
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import SparkOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.spark.description import described, frozen_model
from rfm_engine.spark.frames import (
    buckets_of,
    chosen_columns,
    notes_of,
    require_frame,
    staged,
)
from rfm_engine.spark.notes import NOTE
from rfm_engine.spark.refusals import refuse_global
from rfm_engine.spark.result import SparkResult
from rfm_engine.spark.stages import (
    Basis,
    CountedAmounts,
    MergedTotals,
    NewestDay,
    PartialTotals,
    Recipe,
    ScoredRows,
    ScoreSums,
)
from rfm_engine.spark.staging import kept_rows
from rfm_engine.spark.surveys import Asked, Fit, merged_surveys
from rfm_engine.totals.export_account import Account, account_of

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
    explicit = given("score", SparkOptions, options)
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
    partial = staged(chosen, PartialTotals(basis)).repartition(n_buckets, "id")
    kept, is_persisted = kept_rows(staged(partial, MergedTotals(basis, asked)), staging)
    notes = notes_of(kept)
    basis, n_without = _entered(basis, reading, notes)
    rows = kept.where(f"{NOTE} is null").drop(NOTE)
    fit = _fit(job, basis, asked, notes, rows)
    frozen = frozen_model(job, basis.accumulator(), fit)
    scheme, plan, _, _ = Choice.of({"model": frozen}, {})
    recipe = Recipe(scheme, plan, job.predictor)
    sums = notes_of(staged(rows, ScoreSums(basis, recipe)))
    scored = ScoredRows(basis, recipe)
    customers = staged(rows, scored)
    about = described(job, basis.accumulator(), fit, sums)
    return SparkResult(
        **about,
        customers=customers,
        customers_without_orders=n_without,
        _kept=kept if is_persisted else None,
        _frozen=frozen,
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
    notes = notes_of(staged(chosen, NewestDay(_travelling(known))))
    days = [note["newest"] for note in notes if note["newest"] is not None]
    # If no row is counted, the window has nothing to keep.
    return known.but(as_of=day_date(max(days))) if days else known.but(window=None)


def _entered(basis: Basis, reading: Reading, notes: list[dict[str, Any]]) -> tuple[Basis, int]:
    """Return the basis with the account of all rows, and the number of customers without orders.

    Raises
    ------
    DataError
        Rows have different currencies, or partial totals were lost.
    """
    totals = basis.accumulator()
    n_partial = 0
    for note in notes:
        if "account" in note:
            account = account_of(note["account"], reading)
            account.enter(totals.intake)
            n_partial += account.n_customers
    merged = [note for note in notes if "rows" in note]
    n_merged = sum(note["rows"] for note in merged)
    if n_merged != n_partial:
        raise DataError(
            f"merged totals must have all of their {n_partial:,} rows; got {n_merged:,}. "
            "Score again with staging=, so that no stage is computed twice."
        )
    entered = Basis(basis.options, Account.of(totals.intake, 0))
    return entered, sum(note["without"] for note in merged)


def _fit(job: Job, basis: Basis, asked: Asked, notes: list[dict[str, Any]], rows: DataFrame) -> Fit:
    scale = basis.accumulator().scale
    texts = [note["surveys"] for note in notes if "surveys" in note]
    fit = Fit.of(job.scheme, job.plan, scale, merged_surveys(texts) if texts else {})
    if not fit.missing:
        return fit
    counted = notes_of(staged(rows, CountedAmounts(basis, asked, fit.missing)))
    texts = [note["surveys"] for note in counted if note["surveys"]]
    return Fit.of(job.scheme, job.plan, scale, merged_surveys(texts))
