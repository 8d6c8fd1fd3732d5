"""Assemble a result: score the customers of a population, and describe how."""

from __future__ import annotations

from concurrent.futures import Executor
from fractions import Fraction
from importlib.metadata import version
from typing import Any, NamedTuple

from rfm_engine.errors import DataError
from rfm_engine.options.messages import message
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.metadata import cell_totals, metadata_of
from rfm_engine.result.result import Result
from rfm_engine.result.summary import SegmentTotals
from rfm_engine.segments.additions import Additions
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.conditions import TIMING, WHALE, Condition
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.segments.plan import Plan, weights_text
from rfm_engine.segments.rules import Rules
from rfm_engine.segments.scheme import Scheme
from rfm_engine.totals.groups import Grouping
from rfm_engine.totals.population import Population
from rfm_engine.totals.survey import survey_chunks

VERSION = version("rfm-engine")
"""The version of this package; to look it up takes 2 ms."""


class Recipe(NamedTuple):
    """How customers are scored: scheme, plan, and the facts and attributes to add."""

    scheme: Scheme
    plan: Plan
    additions: Additions


def assemble(
    population: Population,
    recipe: Recipe,
    pool: Executor,
    options: dict[str, Any],
    overall: Result | None = None,
) -> Result:
    """Score the customers of a population.

    Parameters
    ----------
    pool
        Its threads process the customers.
    options
        What the result says about how it was made.
    overall
        With groups: the result of all groups together, which is written with this one.

    Returns
    -------
    Result
        Its `seconds` are empty; the caller fills them in.

    Raises
    ------
    DataError
        A customer has no group although groups are also scored together, or numbers are too large.
    """
    scheme, plan, additions = recipe
    is_grouped = population.reading.options["by"] is not None
    more_bytes = additions.bytes_a_customer(by=is_grouped)
    chunks, n_without_orders = population.chunks(pool, more_bytes)
    as_of, grouping = population.as_of, None
    if is_grouped:
        grouping = Grouping.of(chunks, population.hash_key, pool)
        if grouping.has_none and overall is not None:
            raise DataError(
                message(
                    "rows must have a group if {overall} is used, because a null group means all "
                    "groups together; got null in {!r}. Fill the column, or leave {overall} out.",
                    population.reading.options["by"],
                )
            )
    added = additions.of(chunks, population, grouping, plan.bins, pool)
    facts, attributes = added.facts, added.attributes
    fact_totals = None if facts is None else facts.totals()
    everyone = Everyone(chunks, population.scale, grouping, facts)
    scoring = score_everyone(everyone, scheme, plan, pool)
    survey = None
    if grouping is None:
        survey = survey_chunks(chunks, population, None, plan.monetary, pool.map)
    parts = chunks, scoring.cells, scoring.segments
    scored = ScoredCustomers(*parts, scoring.labels, population, added)
    result = Result(
        _scored=scored,
        _rules=scoring.rules,
        _plan=plan,
        scheme=scheme,
        as_of=as_of,
        rows=population.intake.ledger.counts(),
        cuts=scoring.fitted.cuts,
        cuts_by_group=scoring.fitted.n_sets,
        conditions=compared_numbers(scoring.rules, population.scale, fact_totals),
        segment_totals=tuple(
            SegmentTotals(name, *sums)
            for name, sums in zip(scoring.labels.names, scoring.sums, strict=True)
        ),
        cells=cell_totals([(plan.bins.scores(cell), sums) for cell, sums in scoring.by_cell]),
        customers_by_score=scoring.by_score,
        facts=fact_totals,
        _facts=facts,
        attributes_unmatched=None if attributes is None else attributes.n_unmatched,
        customers_without_orders=n_without_orders,
        warnings=(*population.intake.warnings, *added.warnings),
        overall=overall,
        scale=population.scale,
        money_scale=plan.money_scale(population.scale),
        weights=weights_text(plan.weights),
        seconds={},
        options=options,
        version=VERSION,
    )
    scored.describe(metadata_of(result, survey))
    if overall is not None:
        scored.share_labels(overall._scored)
    return result


def compared_numbers(
    rules: Rules, scale: int, facts: FactTotals | None
) -> tuple[tuple[str, str | None], ...]:
    """Return the conditions of rules on raw measures, and the number that each compares with."""
    return tuple(
        (str(each), _compared(each, bound, scale, facts)) for each, bound in rules.bounds.items()
    )


def _compared(
    condition: Condition, bound: Fraction | None, scale: int, facts: FactTotals | None
) -> str | None:
    """Return what a condition compares with, as text."""
    if facts is not None and condition.measure in (WHALE, TIMING):
        return facts.compared(condition.measure)
    return condition.bound_text(bound, scale)
