"""Describe the customers that Spark has scored, from the notes of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rfm_engine.job import Job
from rfm_engine.result.assembly import VERSION, compared_numbers
from rfm_engine.result.metadata import cell_totals
from rfm_engine.result.model import Model
from rfm_engine.result.summary import SegmentTotals
from rfm_engine.segments.frozen_scheme import frozen_scheme
from rfm_engine.segments.labels import SegmentSums, segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import weights_text
from rfm_engine.spark.surveys import Fit
from rfm_engine.totals.population import Population


def frozen_model(job: Job, population: Population, fit: Fit) -> Model:
    """Return the scheme with the numbers that were found, as `save_model` writes it.

    Its shares are not known yet.
    """
    scheme, plan, scale = job.scheme, job.plan, population.scale
    implied = {name: job.settled[name] for name in ("frequency", "monetary", "zero")}
    implied["monetary"] = plan.monetary
    settled = [fit.rules.settled(number) for number in range(len(scheme.segments))]
    data = frozen_scheme(scheme, plan, fit.cuts, settled, scale, implied, None)
    as_of = population.as_of
    fitted: dict[str, list[Any]] = {
        "method": [axis.method for axis in plan[:3]], "bins": [*plan.bins]
    }  # fmt: skip
    return Model(
        scheme_of(data, scheme.name), weights_text(plan.weights),
        None if as_of is None else as_of.isoformat(), {}, fitted,
    )  # fmt: skip


def described(
    job: Job, population: Population, fit: Fit, notes: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the fields of `ScoredPopulation` except customers without orders.

    `notes` contain the sums of parts of the customers by cell, by segment and by score.
    """
    scheme, plan, scale = job.scheme, job.plan, population.scale
    names = segment_names(scheme, plan.bins)
    cells: dict[int, list[int]] = {}
    segments = [[0] * len(SegmentSums._fields) for _ in names]
    by_score = [[0] * n for n in plan.bins]
    for note in notes:
        for cell, sums in note["cells"]:
            _add(cells.setdefault(cell, [0] * len(sums)), sums)
        for own, sums in zip(segments, note["segments"], strict=True):
            _add(own, sums)
        for own, counts in zip(by_score, note["by_score"], strict=True):
            _add(own, counts)
    found = [(plan.bins.scores(cell), SegmentSums(*cells[cell])) for cell in sorted(cells)]
    return {
        "scheme": scheme,
        "as_of": population.as_of,
        "rows": population.intake.ledger.counts(),
        "cuts": fit.cuts,
        "cuts_by_group": 0,
        "conditions": compared_numbers(fit.rules, scale, None),
        "segment_totals": tuple(map(SegmentTotals, names, *zip(*segments, strict=True))),
        "cells": cell_totals(found),
        "customers_by_score": by_score,
        "facts": None,
        "attributes_unmatched": None,
        "warnings": population.intake.warnings,
        "overall": None,
        "scale": scale,
        "money_scale": plan.money_scale(scale),
        "weights": weights_text(plan.weights),
        "options": job.said({**population.reading.options}, None),
        "version": VERSION,
    }


def _add(own: list[int], more: Iterable[int]) -> None:
    own[:] = [a + b for a, b in zip(own, more, strict=True)]
