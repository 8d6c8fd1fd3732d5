"""Sections from the inputs beside the snapshot, and which ones are lacking, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rfm_engine.reporting.document import cohorts
from rfm_engine.reporting.document.history import history_of
from rfm_engine.reporting.document.movement import comparison_of, movement_of
from rfm_engine.reporting.document.retention import retention_of
from rfm_engine.reporting.document.sources import Sources
from rfm_engine.reporting.document.tables import tables_in
from rfm_engine.scoring.methods import NESTED


def sections_beside(sources: Sources) -> dict[str, Any]:
    """Return these sections; one whose input is missing is None or an empty list.

    Sections that the snapshots and orders give come before those of tables in files.
    """
    snapshot, history, before = sources.snapshot, sources.history, sources.before
    tables = None
    if sources.insight is not None:
        tables = tables_in(sources.insight, snapshot, before)
    found: dict[str, Any] = {
        **_changes(sources),
        "cohorts": cohorts.cohorts_of(snapshot, sources.rows, sources.options),
        "history": None if history is None else history_of(history, until=snapshot.as_of),
    }
    for name in ("movement", "retention", "cohorts"):
        if found[name] is None and tables is not None:
            found[name] = getattr(tables, name)
    return {
        **found,
        "clv": None if tables is None else tables.clv,
        "affinity": [] if tables is None else tables.affinity,
        "campaigns": [] if tables is None else tables.campaigns,
        "tables": [] if tables is None else tables.tables,
        "ignored_files": 0 if tables is None else len(tables.ignored),
    }


def _changes(sources: Sources) -> dict[str, Any]:
    """Return the sections from an earlier snapshot."""
    if sources.before is None:
        return {"movement": None, "retention": None}
    both = sources.before, sources.snapshot
    comparison = comparison_of(*both, sources.rows, sources.options)
    return {"movement": movement_of(comparison), "retention": retention_of(comparison)}


def lacking_in(document: Mapping[str, Any], sources: Sources) -> list[dict[str, str]]:
    """Return the sections that a document does not have, each with the reason."""
    return [
        {"section": section, "reason": reason} for section, reason in _lacking(document, sources)
    ]


def _lacking(document: Mapping[str, Any], sources: Sources) -> Iterator[tuple[str, str]]:
    has_customers = bool(document["head"]["customers"])
    if document["groups"] is not None and document["method"]["cuts"] is None:
        yield from _lacking_cuts(sources)
    if document["grid"] is None or not has_customers:
        yield "scores", "scores" if has_customers else "customers"
    if document["concentration"] is None:
        yield "concentration", "spend" if has_customers else "customers"
    if document["movement"] is None:
        yield "movement", "before"
    if document["retention"] is None:
        yield "retention", "before" if sources.before is None else "rows"
    if document["cohorts"] is None:
        yield "cohorts", cohorts.lacking(sources.snapshot, sources.rows) or "rows"
    # No option adds these to the report of one group.
    is_whole = document["group"] is None
    if document["history"] is None:
        yield "history", "history" if is_whole else "group"
    for section in ("clv", "affinity", "campaigns"):
        if not document[section]:
            yield section, "insight" if is_whole else "group"


def _lacking_cuts(sources: Sources) -> Iterator[tuple[str, str]]:
    """Yield that cut points are lacking if there are none because each group has its own."""
    snapshot = sources.snapshot
    if snapshot.overall is None and NESTED not in snapshot.options["method"]:
        yield "cuts", "groups"
