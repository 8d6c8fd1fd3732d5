"""Carried columns by a scan of all snapshots of a history, customer by customer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from typing import NamedTuple


class Carried(NamedTuple):
    """The carried columns of a customer."""

    previous_segment: str | None
    segment_since: date
    changes: int


def carried(
    snapshots: Sequence[tuple[date, Mapping[Hashable, str]]],
) -> dict[Hashable, Carried]:
    """Return the carried columns of the customers of the last snapshot.

    Each snapshot has its date, and the segment of each customer; dates are ascending.
    """
    _, last = snapshots[-1]
    return {customer: _of_one(customer, snapshots) for customer in last}


def _of_one(
    customer: Hashable, snapshots: Sequence[tuple[date, Mapping[Hashable, str]]]
) -> Carried:
    spells: list[tuple[date, str]] = []  # a spell ends with another segment or an absence
    was_here = False
    for day, segments in snapshots:
        segment = segments.get(customer)
        if segment is not None and not (was_here and spells[-1][1] == segment):
            spells.append((day, segment))
        was_here = segment is not None
    previous = spells[-2][1] if len(spells) > 1 else None
    return Carried(previous, spells[-1][0], len(spells) - 1)
