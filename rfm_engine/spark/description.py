"""Describe the customers that Spark has scored, from the notes of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rfm_engine.job import Job
from rfm_engine.orders.reading import Reading
from rfm_engine.result.assembly import VERSION, compared_numbers
from rfm_engine.result.metadata import cell_totals
from rfm_engine.result.model import Model
from rfm_engine.result.summary import SegmentTotals
from rfm_engine.segments.frozen_scheme import frozen_scheme
from rfm_engine.segments.labels import SegmentSums, segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import weights_text
from rfm_engine.spark.merged import Merged, refuse_change
from rfm_engine.spark.surveys import Fit
from rfm_engine.totals.population import Population


def frozen_model(job: Job, population: Population, fit: Fit) -> Model:
    """Return the scheme with the numbers that were found, as `save_model` writes it.

    Its shares are not known yet.
    """
    scheme, plan, scale = job.scheme, job.plan, population.scale
    implied = {name: job.settled[name] for name in ("frequency", "zero")}
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


@dataclass(frozen=True)
class Sums:
    """Sums of scored customers: by cell, by segment, and by score of each axis."""

    cells: dict[int, list[int]]
    segments: list[list[int]]
    by_score: list[list[int]]

    @classmethod
    def of(cls, notes: Sequence[dict[str, Any]], job: Job) -> Self:
        """Add up the notes about parts of the customers."""
        bins = job.plan.bins
        names = segment_names(job.scheme, bins)
        cells: dict[int, list[int]] = {}
        segments = [[0] * len(SegmentSums._fields) for _ in names]
        by_score = [[0] * n for n in bins]
        for note in notes:
            for cell, sums in note["cells"]:
                _add(cells.setdefault(cell, [0] * len(sums)), sums)
            for own, more in ((segments, note["segments"]), (by_score, note["by_score"])):
                for added, sums in zip(own, more, strict=True):
                    _add(added, sums)
        return cls(dict(sorted(cells.items())), segments, by_score)

    def refuse_other(self, n_customers: int) -> None:
        """Refuse another number of customers than before.

        Raises
        ------
        RfmError
            The number has changed.
        """
        refuse_change("customers", n_customers, sum(self.by_score[0]))


def described(job: Job, known: Reading, merged: Merged, fit: Fit, sums: Sums) -> dict[str, Any]:
    """Return the fields of `ScoredPopulation` except warnings; `known` has the options as given."""
    scheme, plan, totals = job.scheme, job.plan, merged.totals
    names = segment_names(scheme, plan.bins)
    cells = [(plan.bins.scores(cell), SegmentSums(*own)) for cell, own in sums.cells.items()]
    return {
        "scheme": scheme,
        "as_of": totals.as_of,
        "rows": totals.intake.ledger.counts(),
        "cuts": fit.cuts,
        "cuts_by_group": 0,
        "conditions": compared_numbers(fit.rules, totals.scale, None),
        "segment_totals": tuple(
            SegmentTotals(name, *own) for name, own in zip(names, sums.segments, strict=True)
        ),
        "cells": cell_totals(cells),
        "customers_by_score": sums.by_score,
        "customers_without_orders": merged.n_without_orders,
        "facts": None,
        "attributes_unmatched": None,
        "overall": None,
        "scale": totals.scale,
        "money_scale": plan.money_scale(totals.scale),
        "weights": weights_text(plan.weights),
        "options": job.said({**known.options}, None),
        "version": VERSION,
    }


def _add(own: list[int], more: Iterable[int]) -> None:
    own[:] = [a + b for a, b in zip(own, more, strict=True)]
