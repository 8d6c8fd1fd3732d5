"""The report document: the sections that a snapshot and the inputs beside it allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
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
from rfm_engine.result.snapshot import Snapshot

FORMAT = 1
"""Version number of the format of report documents."""


def document_of(sources: Sources, choices: Choices) -> dict[str, Any]:
    """Return the report document, in values that JSON supports.

    Raises
    ------
    UsageError, DataError, StateError
        The inputs contradict each other, or one is damaged.
    """
    snapshot = sources.snapshot
    whole = snapshot.overall or snapshot
    measures = measures_of(whole)
    before = sources.before
    document: dict[str, Any] = {
        "report": FORMAT,
        "version": whole.version,
        "as_of": _iso(whole.as_of),
        "title": choices.title,
        "currency_sign": choices.currency_sign,
        "scale": whole.scale,
        "counted": whole.options["frequency"],
        "first_score": whole.scheme.first_score,
        "scheme": {"name": whole.scheme.name, "title": whole.scheme.title},
        "head": _head(whole, measures),
        "before": None if before is None else _before(whole, before.overall or before),
        "segments": _segments(whole),
        "grid": grid_of(whole),
        "distributions": distributions_of(whole, measures.survey),
        "concentration": concentration_of(measures, whole.scale),
        **sections_beside(sources),
        "groups": groups_of(snapshot, most=choices.top),
        "method": method_of(whole, show_paths=choices.show_paths),
        "warnings": [each._asdict() for each in whole.warnings],
        "min_cell": choices.min_cell,
    }
    document["lacking"] = lacking_in(document, sources)
    document = suppressed(document, choices.min_cell)
    return document | {"digest": digest_of(document)}


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document without its digest, as JSON with sorted keys."""
    content = {key: value for key, value in document.items() if key != "digest"}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _head(snapshot: Snapshot, measures: Measures) -> dict[str, Any]:
    totals, rows = snapshot.segment_totals, snapshot.rows
    return {
        "customers": snapshot.n_customers,
        "customers_without_orders": snapshot.customers_without_orders,
        "one_time_customers": _one_time(measures),
        "orders": sum(each.orders for each in totals),
        "monetary": _spent(snapshot),
        "rows": {"read": rows.read, "counted": rows.counted, "dropped": dict(rows.dropped)},
        "amounts_rounded": rows.amounts_rounded,
    }


def _one_time(measures: Measures) -> int:
    values, counts = measures.survey.frequency
    return int(counts[values == 1].sum())


def _spent(snapshot: Snapshot) -> str:
    minor = sum(each.monetary_minor for each in snapshot.segment_totals)
    return format_minor(minor, snapshot.scale)


def _before(snapshot: Snapshot, before: Snapshot) -> dict[str, Any]:
    assert snapshot.as_of is not None
    assert before.as_of is not None
    return {
        "as_of": before.as_of.isoformat(),
        "days": (snapshot.as_of - before.as_of).days,
        "customers": before.n_customers,
        "orders": sum(each.orders for each in before.segment_totals),
        "monetary": _spent(before),
    }


def _segments(snapshot: Snapshot) -> list[dict[str, Any]]:
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
