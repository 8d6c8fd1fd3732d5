"""Movement in the report document: who moved between two dates, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.movement.agreement import contradiction
from rfm_engine.movement.comparison import Comparison
from rfm_engine.movement.judgement import is_ranked
from rfm_engine.movement.labels import ENTERED, LEFT, NONE
from rfm_engine.movement.summary import sizes
from rfm_engine.reporting.document.money import money_text
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation

Row = dict[str, Any]
_SIZES = ("customers_from", "customers_to", "entered", "left", "in_same_segment")
_EFFECTS = ("n0", "aged", "behaviour", "moved", "threshold", "n1")
_ABSENT = (ENTERED, LEFT, NONE)


def comparison_of(
    before: Snapshot, after: Snapshot, rows: object, options: Mapping[str, Any]
) -> Comparison:
    """Compare the snapshot of a report with an earlier one.

    Parameters
    ----------
    rows
        The orders of the second snapshot; None if there are none.
    options
        Options of `CompareOptions` that were given.

    Raises
    ------
    UsageError
        The earlier snapshot is not earlier, or was made in another way.
    """
    problem = contradiction(before, after)
    if problem is None and before.as_of == after.as_of:
        problem = (
            f"the earlier snapshot must be of a date before {after.as_of}; got one of the same "
            "date. Give an older output of rfm score."
        )
    if problem is not None:
        raise UsageError(problem)
    return Comparison(before, after, rows=rows, **options)


def movement_of(comparison: Comparison) -> dict[str, Any]:
    """Return how many customers moved between segments, with their money, and why.

    Groups are taken together.
    """
    before, after = comparison.before, comparison.after
    # Effects first: the matrix then finds what it needs.
    effects = None
    if not is_ranked(before):
        effects = comparison.together(comparison.effects(), "segment")
    matrix = comparison.together(comparison.matrix(), "from", "to")
    dates, moved = dates_of(comparison), cuts_moved(before, after)
    return movement_section(matrix, effects, dates, scale=after.scale, cuts_moved=moved)


def dates_of(comparison: Comparison) -> tuple[date, date]:
    """Return the dates of both snapshots."""
    begin, end = comparison.before.as_of, comparison.after.as_of
    assert begin is not None
    assert end is not None
    return begin, end


def movement_section(
    matrix: Sequence[Row],
    effects: Sequence[Row] | None,
    dates: tuple[date, date],
    *,
    scale: int,
    cuts_moved: bool | None,
) -> dict[str, Any]:
    """Return the section from the rows of the tables `matrix` and `effects` without groups."""
    begin, end = dates
    counted = sizes(matrix)
    return {
        "from": begin.isoformat(),
        "to": end.isoformat(),
        "days": (end - begin).days,
        "cuts_moved": cuts_moved,
        "sizes": {name: counted[name] for name in _SIZES},
        "matrix": [_cell(row, scale) for row in matrix if row["customers"]],
        "effects": None if effects is None else [_effect(row) for row in effects if _counts(row)],
    }


def _cell(row: Row, scale: int) -> dict[str, Any]:
    return {
        "from": _segment(row["from"]),
        "to": _segment(row["to"]),
        "customers": row["customers"],
        "monetary_from": money_text(row["monetary_from"], scale),
        "monetary_to": money_text(row["monetary_to"], scale),
    }


def _effect(row: Row) -> dict[str, Any]:
    """Return the effects of a segment; without rows and under a window only `moved` is known."""
    return {
        "segment": _segment(row["segment"]),
        **{name: row.get(name) for name in _EFFECTS},
    }


def _counts(row: Row) -> bool:
    """Return whether a row is of a segment, or of absent customers of whom there are some."""
    return row["segment"] != NONE or any(row.get(name) for name in _EFFECTS)


def _segment(name: str) -> str | None:
    return None if name in _ABSENT else name


def cuts_moved(before: ScoredPopulation, after: ScoredPopulation) -> bool | None:
    """Return whether the numbers that decide segments differ; None if they are not known."""
    own, its = _deciding(before), _deciding(after)
    return None if own is None or its is None else own != its


def _deciding(population: ScoredPopulation) -> list[Any] | None:
    """Return the cut points of the scores and the numbers of the conditions of the scheme.

    None if ranks decide, if each group has its own numbers, or without customers.
    """
    whole = population.overall or population
    if is_ranked(whole) or whole.cuts is None or not whole.n_customers:
        return None
    cuts = [list(each) for each in whole.cuts] if whole.cuts_matter else []
    return [cuts, [value for _, value in whole.conditions]]
