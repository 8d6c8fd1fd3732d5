"""The report document of each group of a snapshot, as if there were no other groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.movement.comparison import Comparison
from rfm_engine.movement.judgement import is_ranked
from rfm_engine.reporting.document.cohorts import cohort_table, cohorts_section
from rfm_engine.reporting.document.document import Subject, document_about
from rfm_engine.reporting.document.groups import group_text, ranked_groups
from rfm_engine.reporting.document.measures import measures_of_rows
from rfm_engine.reporting.document.movement import (
    comparison_of,
    cuts_moved,
    dates_of,
    movement_section,
)
from rfm_engine.reporting.document.retention import has_retention, retention_section
from rfm_engine.reporting.document.sources import Choices, Sources
from rfm_engine.result.group_population import columns_of_groups, group_population
from rfm_engine.result.group_rows import RowsByGroup
from rfm_engine.result.pieces import Room
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.totals.ids import is_among
from rfm_engine.totals.memory.spill import SpillFile

ROOM_BYTES = 1 << 29
"""Memory for the customers of all groups, per snapshot; more than this is on disk."""
_UNKNOWN: dict[str, Any] = {
    "history": None, "clv": None, "affinity": [], "campaigns": [], "tables": [],
    "ignored_files": 0,
}  # fmt: skip
"""Sections that cannot be made for one group."""


def documents_by_group(sources: Sources, choices: Choices) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the groups with the most spend, at most `choices.top`, with their report documents.

    A document is that of a snapshot with only the customers of the group, except for what is not
    known by group: rows read and dropped, customers without orders, warnings about the orders. The
    sections of `_UNKNOWN` are empty. Groups with fewer than `choices.min_cell` customers are left
    out. Each snapshot is read once; in memory are `ROOM_BYTES` per
    snapshot, and one group at a time.

    Raises
    ------
    UsageError, DataError, StateError
        The inputs contradict each other, or one is damaged.
    """
    snapshot, before = sources.snapshot, sources.before
    beside = _Beside(sources)
    ranked = ranked_groups(snapshot)
    shown = ranked.filter(pc.greater_equal(ranked["customers"], choices.min_cell))
    groups = shown["group"].slice(0, choices.top).combine_chunks()
    own = _rows_by_group(snapshot, groups, sources)
    earlier = None if before is None else _rows_by_group(before, groups, sources)
    for number, group in enumerate(groups.to_pylist()):
        rows = own.table(number)
        population, then = group_population(snapshot, rows), None
        if before is not None and earlier is not None:
            then = group_population(before, earlier.table(number))
        subject = Subject(
            population=population,
            measures=measures_of_rows(population, rows),
            before=then,
            beside=_UNKNOWN | beside.sections(group, then, population),
            group={
                "by": snapshot.options["by"],
                "group": group_text(group),
                "n": len(ranked),
            },
        )
        yield group, document_about(subject, sources, choices)


def _rows_by_group(snapshot: Snapshot, groups: pa.Array[Any], sources: Sources) -> RowsByGroup:
    room = Room(ROOM_BYTES, SpillFile(sources.options.get("spill_dir")))
    return RowsByGroup(snapshot, groups, columns_of_groups(snapshot), room)


class _Beside:
    """The sections from the inputs beside the snapshot; tables are computed once for all groups."""

    def __init__(self, sources: Sources) -> None:
        before, after, rows = sources.before, sources.snapshot, sources.rows
        self._cohorts = cohort_table(after, rows, sources.options)
        self._scale = after.scale
        self._comparison: Comparison | None = None
        if before is None:
            return
        self._comparison = comparison = comparison_of(before, after, rows, sources.options)
        self._effects = None if is_ranked(before) else comparison.effects()
        self._matrix = comparison.matrix()
        self._retention = comparison.retention() if has_retention(comparison) else None

    def sections(
        self, group: Any, before: ScoredPopulation | None, after: ScoredPopulation
    ) -> dict[str, Any]:
        """Return the sections of a group; `before` and `after` are its customers."""
        scale = self._scale
        found: dict[str, Any] = {"movement": None, "retention": None, "cohorts": None}
        if self._cohorts is not None:
            table, period = self._cohorts
            found["cohorts"] = cohorts_section(_rows(table, group), period, scale=scale)
        if self._comparison is None or before is None:
            return found
        dates = dates_of(self._comparison)
        effects = None if self._effects is None else _rows(self._effects, group)
        moved = cuts_moved(before, after)
        found["movement"] = movement_section(
            _rows(self._matrix, group), effects, dates, scale=scale, cuts_moved=moved
        )
        if self._retention is not None:
            rows = _rows(self._retention, group)
            found["retention"] = retention_section(rows, dates, scale=scale)
        return found


def _rows(table: pa.Table, group: Any) -> list[dict[str, Any]]:
    """Return the rows of a group; the groups are in the first column."""
    found: list[dict[str, Any]] = table.filter(is_among(table.column(0), [group])).to_pylist()
    return found
