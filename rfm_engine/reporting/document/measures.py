"""Counts and sums of the measures of a snapshot, from its metadata or from its customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import values, whole
from rfm_engine.kernels.types import Integers
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.scoring.concentration import Concentration
from rfm_engine.scoring.survey import Survey
from rfm_engine.scoring.value_counts import KeyCounts


@dataclass(frozen=True)
class Measures:
    """The measures of all customers, counted.

    Attributes
    ----------
    survey
        Customers per recency, frequency and scored amount.
    spend
        Customers per key of net amounts, and the sums of the amounts.
    concentration
        How much of the net amount comes from how few customers.
    """

    survey: Survey
    spend: KeyCounts
    concentration: Concentration


def measures_of(snapshot: Snapshot) -> Measures:
    """Return the measures of a snapshot; its customers are read only if the metadata lack them.

    The metadata have the concentration if the snapshot was scored with `facts`, and the survey
    unless it was scored in groups or is larger than 1 MB. The survey counts what is scored. If that
    is the mean amount per order, net amounts are read from the customers.
    """
    survey = snapshot.survey()
    concentration = None if snapshot.facts is None else snapshot.facts.concentration
    if survey is not None and survey.monetary == "sum" and concentration is not None:
        return Measures(survey, survey.money, concentration)
    minor = _minor(snapshot.columns(["monetary"])["monetary"])
    if survey is None:
        survey = _survey_of(snapshot, snapshot.columns(["recency_days", "frequency"]), minor)
    return _measures(survey, minor, concentration)


def measures_of_rows(population: ScoredPopulation, rows: pa.Table) -> Measures:
    """Return the measures of the rows of a population."""
    minor = _minor(rows["monetary"])
    return _measures(_survey_of(population, rows, minor), minor, None)


def _measures(survey: Survey, minor: Integers, concentration: Concentration | None) -> Measures:
    spend = survey.money if survey.monetary == "sum" else KeyCounts.of(minor)
    return Measures(survey, spend, concentration or Concentration.of(np.sort(minor)))


def _survey_of(population: ScoredPopulation, rows: pa.Table, minor: Integers) -> Survey:
    return Survey.of(
        values(whole(rows["recency_days"]), np.int32),
        values(whole(rows["frequency"]), np.int64),
        minor,
        scale=population.scale,
        as_of=population.as_of,
        monetary=population.options["monetary"],
    )


def _minor(amounts: pa.ChunkedArray) -> Integers:
    """Return decimals as integers of their last digit, `int64[n]`."""
    return values(whole(amounts), np.int64)[::2]  # the low words; the high ones only repeat signs
