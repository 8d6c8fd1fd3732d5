"""The jobs of spark.score in their order, on rows that are divided into partitions."""

from __future__ import annotations

import time as clock
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, Self

from rfm_engine.job import Choice, Job
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.result.model import Model
from rfm_engine.spark.adding_up import MergedTotals, NewestDay, PartialTotals
from rfm_engine.spark.basis import Basis
from rfm_engine.spark.description import Sums, described, frozen_model
from rfm_engine.spark.merged import Merged
from rfm_engine.spark.notes import Stage
from rfm_engine.spark.scores import CountedAmounts, ScoredRows, Scorer, ScoreSums
from rfm_engine.spark.surveys import Asked, Fit, merged_surveys, surveys_from, surveys_of
from rfm_engine.totals.export_account import Account


class Rows(Protocol):
    """Rows in partitions, which stages run on. Rows are computed when notes are read."""

    def staged(self, stage: Stage) -> Self:
        """Return the rows that a stage makes of each partition."""

    def by_id(self) -> Self:
        """Return the rows in buckets: all rows of a customer are in the same one."""

    def kept(self) -> Self:
        """Return rows that are computed only once."""

    def freed_after_errors(self) -> AbstractContextManager[None]:
        """Free the rows that are kept, if an error is raised."""

    def customers(self) -> Self:
        """Return the rows of customers, without notes."""

    def notes(self) -> list[dict[str, Any]]:
        """Compute the rows and return their notes."""


class Done(NamedTuple):
    """Kept totals, scored customers, the description of both, and the model."""

    kept: Any
    customers: Any
    about: dict[str, Any]
    model: Model


def run(job: Job, known: Reading, intake: Intake, orders: Rows) -> Done:
    """Score orders, of which `intake` knows the kinds of columns.

    Raises
    ------
    DataError
        The data was refused.
    RfmError
        The number of rows has changed between two jobs.
    """
    marks = [clock.perf_counter()]
    reading = _dated(orders, known)
    basis = Basis(_travelling(reading), Account.of(intake, 0))
    asked = Asked.of(job.scheme, job.plan)
    partial = orders.staged(PartialTotals(basis)).by_id()
    kept = partial.staged(MergedTotals(basis, asked)).kept()
    with kept.freed_after_errors():
        merged = Merged.of(basis, reading, kept.notes())
        marks.append(clock.perf_counter())
        customers = kept.customers()
        fit = _fit(job, merged, asked, customers)
        model = frozen_model(job, merged.totals, fit)
        scheme, plan, _, _ = Choice.of({"model": model}, {})
        scorer = Scorer(scheme, plan, job.predictor)
        sums = Sums.of(customers.staged(ScoreSums(merged.basis, scorer)).notes(), job)
        sums.refuse_other(merged.n_customers)
        marks.append(clock.perf_counter())
        added = scorer.scored_none(merged.totals).added
        about = described(job, known, merged, fit, sums)
        about["warnings"] = *merged.totals.intake.warnings, *added.warnings
        about["seconds"] = _seconds(marks)
        return Done(kept, customers.staged(ScoredRows(merged.basis, scorer)), about, model)


def _travelling(reading: Reading) -> dict[str, Any]:
    """Return the options of reading for other machines, which do not have the file of rates."""
    return {**reading.options, "rates": reading.rate_table}


def _dated(orders: Rows, known: Reading) -> Reading:
    """Return the options with the date of analysis; it can be that of the newest row."""
    if known.as_of_day is not None:
        return known
    days = [note["newest"] for note in orders.staged(NewestDay(_travelling(known))).notes()]
    # If no row is counted, the window has nothing to keep.
    return known.but(as_of=day_date(max(days))) if days else known.but(window=None)


def _fit(job: Job, merged: Merged, asked: Asked, customers: Rows) -> Fit:
    """Find the cut points and the numbers of conditions, with a second survey if it is needed."""
    scale = merged.totals.scale
    empty = surveys_of([], merged.totals, asked, {})
    fit = Fit.of(job.scheme, job.plan, scale, merged_surveys([empty, *merged.surveys]))
    if not fit.missing:
        return fit
    notes = customers.staged(CountedAmounts(merged.basis, asked, fit.missing)).notes()
    surveys = [surveys_from(note["surveys"]) for note in notes]
    return Fit.of(job.scheme, job.plan, scale, merged_surveys(surveys))


def _seconds(marks: list[float]) -> dict[str, float]:
    start, added_up, scored = marks
    return {
        "read": 0.0, "aggregate": added_up - start, "score": scored - added_up, "write": 0.0,
        "total": scored - start,
    }  # fmt: skip
