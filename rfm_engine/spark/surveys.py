"""Surveys of customers that the driver merges: for cut points, and for conditions of schemes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rfm_engine.kernels.types import Integers
from rfm_engine.options.scoring import Monetary
from rfm_engine.scoring.cells import Cuts
from rfm_engine.scoring.counted import Counted
from rfm_engine.scoring.methods import Distribution
from rfm_engine.scoring.survey import Survey, counted_money, fit_survey
from rfm_engine.segments.assignment import means_of
from rfm_engine.segments.conditions import Population
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Rules
from rfm_engine.segments.scheme import Scheme
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.survey import Finished, Measures, measures_of, survey_chunks

Surveys = dict[str, Survey]
"""Surveys by the name of the measure that each counts in the place of amounts."""
SCORED = "scored"
_GAPS = "mean_gap_days"


@dataclass(frozen=True)
class Asked:
    """The measures to survey; the first is `SCORED`, or there is none.

    The survey of `SCORED` also counts recency and frequency, so that axes can be cut.
    """

    monetary: Monetary
    measures: tuple[str, ...]

    @classmethod
    def of(cls, scheme: Scheme, plan: Plan) -> Asked:
        """Return what is needed to fit a scheme and a plan."""
        compared = {
            _GAPS if each.operand == "cycle" else each.measure
            for each in scheme.conditions
            if isinstance(each.operand, str)
        }
        if not compared and all(axis.cuts is not None for axis in plan[:3]):
            return cls(plan.monetary, ())
        own = compared - {"recency_days", "frequency"}
        return cls(plan.monetary, (SCORED, *sorted(own)))


def surveys_of(
    chunks: Sequence[CustomerChunk],
    totals: Finished,
    asked: Asked,
    keys: Mapping[str, Iterable[int]],
) -> Surveys:
    """Survey customers; of the amounts of `keys`, by measure, each is counted.

    Raises
    ------
    DataError
        A mean amount overflows 64 bits.
    """
    return {
        name: survey_chunks(
            chunks,
            totals,
            keys.get(name),
            asked.monetary if name == SCORED else "sum",
            map,
            partial(_measures, name),
        )
        for name in asked.measures
    }


def _measures(name: str, chunk: CustomerChunk) -> Measures:
    """Return the measures of the customers who have one, with that measure as amounts."""
    days, orders, amounts = measures_of(chunk)
    if name == "average_order":
        return days, orders, means_of(chunk)
    if name != _GAPS:
        return days, orders, amounts
    gaps = chunk.mean_gaps_us()
    has_gap = gaps >= 0
    return days[has_gap], orders[has_gap], gaps[has_gap]


def surveys_text(surveys: Surveys) -> dict[str, str]:
    """Return surveys as text."""
    return {name: survey.to_json() for name, survey in surveys.items()}


def surveys_from(texts: Mapping[str, str]) -> Surveys:
    """Return the surveys that `surveys_text` wrote."""
    return {name: Survey.from_json(text) for name, text in texts.items()}


def merged_surveys(parts: Sequence[Surveys]) -> Surveys:
    """Merge the surveys of different customers; there is at least one part."""
    first, *others = parts
    return {name: own.merge(*(part[name] for part in others)) for name, own in first.items()}


@dataclass(frozen=True)
class Fit:
    """Cut points and rules; `missing` are keys whose amounts must be counted first, by measure."""

    cuts: Cuts
    rules: Rules
    missing: dict[str, list[int]]

    @classmethod
    def of(cls, scheme: Scheme, plan: Plan, scale: int, surveys: Surveys) -> Fit:
        """Fit a scheme and a plan to surveyed customers, whose amounts have `scale` decimals."""
        axes = plan.axes(scale)
        missing: dict[str, list[int]] = {}
        if surveys:
            cuts, missing[SCORED] = fit_survey(surveys[SCORED], axes)
        else:
            cuts = Cuts(*(list(axis.cuts or ()) for axis in axes))
        population = _SurveyedPopulation(surveys, scale)
        rules = Rules(scheme, plan.bins, population if scheme.is_raw else None)
        for name, counted in population.counted.items():
            missing[name] = sorted(counted.missing)
        return cls(cuts, rules, {name: keys for name, keys in missing.items() if keys})


class _SurveyedPopulation(Population):
    """Statistics for conditions, from surveys instead of customers."""

    def __init__(self, surveys: Surveys, scale: int) -> None:
        super().__init__(_no_values, scale, map)
        self._surveys = surveys
        self.counted: dict[str, Counted] = {}

    def distribution(self, measure: str) -> Distribution:
        """Return the values of a measure over the customers who have it."""
        if measure in ("recency_days", "frequency"):
            return Counted.of(getattr(self._surveys[SCORED], measure))
        if measure not in self.counted:
            self.counted[measure] = counted_money(self._surveys[measure])
        return self.counted[measure]


def _no_values(measure: str) -> list[Integers]:
    raise KeyError(measure)
