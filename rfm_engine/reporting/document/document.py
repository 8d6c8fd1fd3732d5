"""The report document: the sections that a snapshot and the inputs beside it allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.reporting.document.beside import lacking_in, sections_beside
from rfm_engine.reporting.document.concentration import concentration_of
from rfm_engine.reporting.document.disclosure import suppressed
from rfm_engine.reporting.document.distributions import distributions_of
from rfm_engine.reporting.document.grid import grid_of
from rfm_engine.reporting.document.groups import groups_of
from rfm_engine.reporting.document.measures import Measures, measures_of
from rfm_engine.reporting.document.method import method_of
from rfm_engine.reporting.document.sources import Choices, Sources
from rfm_engine.reporting.document.verification import FORMAT, digest_of
from rfm_engine.result.summary import ScoredPopulation


@dataclass(frozen=True)
class Subject:
    """Whom a report is about: all customers, or those of one group.

    Attributes
    ----------
    population, measures
        The customers. For a group, what is not known by group is that of all groups.
    before
        The customers at the earlier date; None without one.
    beside
        The sections from the inputs beside the snapshot.
    groups
        The section on groups; None without groups, and for one group.
    group
        Column and value of the group, and the number of groups; None for all customers.
    """

    population: ScoredPopulation
    measures: Measures
    before: ScoredPopulation | None
    beside: Mapping[str, Any]
    groups: dict[str, Any] | None = None
    group: dict[str, Any] | None = None


def document_of(sources: Sources, choices: Choices) -> dict[str, Any]:
    """Return the report document about all customers, in values that JSON supports.

    Raises
    ------
    UsageError, DataError, StateError
        The inputs contradict each other, or one is damaged.
    """
    snapshot, before = sources.snapshot, sources.before
    whole = snapshot.overall or snapshot
    subject = Subject(
        population=whole,
        measures=measures_of(whole),
        before=None if before is None else before.overall or before,
        beside=sections_beside(sources),
        groups=groups_of(snapshot, most=choices.top),
    )
    return document_about(subject, sources, choices)


def document_about(subject: Subject, sources: Sources, choices: Choices) -> dict[str, Any]:
    """Return the report document about all customers or one group."""
    own, before = subject.population, subject.before
    warnings = own.warnings if subject.group is None else ()
    document: dict[str, Any] = {
        "report": FORMAT,
        "version": own.version,
        "as_of": _iso(own.as_of),
        "title": choices.title,
        "currency_sign": choices.currency_sign,
        "scale": own.scale,
        "counted": own.options["frequency"],
        "first_score": own.scheme.first_score,
        "scheme": {"name": own.scheme.name, "title": own.scheme.title},
        "group": subject.group,
        "head": _head(subject),
        "before": None if before is None else _before(own, before),
        "segments": _segments(own),
        "grid": grid_of(own),
        "distributions": distributions_of(own, subject.measures.survey),
        "concentration": concentration_of(subject.measures, own.scale),
        **subject.beside,
        "groups": subject.groups,
        "method": method_of(own, sources.snapshot, show_paths=choices.show_paths),
        "warnings": [each._asdict() for each in warnings],
        "min_cell": choices.min_cell,
    }
    document["lacking"] = lacking_in(document, sources)
    document = suppressed(document, choices.min_cell)
    return document | {"digest": digest_of(document)}


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _head(subject: Subject) -> dict[str, Any]:
    own = subject.population
    found: dict[str, Any] = {
        "customers": own.n_customers,
        "customers_without_orders": None,
        "one_time_customers": _one_time(subject.measures),
        "orders": sum(each.orders for each in own.segment_totals),
        "monetary": _spent(own),
        "rows": None,
        "amounts_rounded": None,
    }
    if subject.group is None:
        rows = own.rows
        found |= {
            "customers_without_orders": own.customers_without_orders,
            "rows": {"read": rows.read, "counted": rows.counted, "dropped": dict(rows.dropped)},
            "amounts_rounded": rows.amounts_rounded,
        }
    return found


def _one_time(measures: Measures) -> int:
    values, counts = measures.survey.frequency
    return int(counts[values == 1].sum())


def _spent(snapshot: ScoredPopulation) -> str:
    minor = sum(each.monetary_minor for each in snapshot.segment_totals)
    return format_minor(minor, snapshot.scale)


def _before(snapshot: ScoredPopulation, before: ScoredPopulation) -> dict[str, Any]:
    assert snapshot.as_of is not None
    assert before.as_of is not None
    return {
        "as_of": before.as_of.isoformat(),
        "days": (snapshot.as_of - before.as_of).days,
        "customers": before.n_customers,
        "orders": sum(each.orders for each in before.segment_totals),
        "monetary": _spent(before),
    }


def _segments(snapshot: ScoredPopulation) -> list[dict[str, Any]]:
    """Return the segments in the order of the scheme, also those without customers."""
    words = snapshot.scheme.words
    return [
        {
            "name": each.name,
            "about": words[each.name][0],
            "action": words[each.name][1],
            "customers": each.customers,
            "orders": each.orders,
            "monetary": format_minor(each.monetary_minor, snapshot.scale),
            "recency_days_total": each.recency_days_total,
        }
        for each in snapshot.segment_totals
    ]
