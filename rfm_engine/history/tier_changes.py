"""Which snapshots have changed since the tiers of a history were stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

# The keys of the summary of tiers that name a snapshot, each with the key of its digest.
_SNAPSHOTS = {"as_of": "snapshot", "before": "snapshot_before"}


def changed_snapshots(
    stored: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]
) -> list[date]:
    """Return the dates whose snapshots were replaced or added, in ascending order.

    Dates after those of the stored tiers are no change: the tiers are continued there.

    Parameters
    ----------
    stored
        What each stored date of tiers was computed from.
    wanted
        What each date would be computed from now.
    """
    known: defaultdict[date, set[str]] = defaultdict(set)
    last = date.min
    for about in stored:
        last = max(last, date.fromisoformat(about["as_of"]))
        for day, digest in _digests(about):
            known[day].add(digest)
    now = dict(pair for about in wanted for pair in _digests(about))
    return sorted(day for day, digest in now.items() if day <= last and known[day] != {digest})


def _digests(about: Mapping[str, Any]) -> Iterator[tuple[date, str]]:
    """Yield the dates of the snapshots, with their digests."""
    for name, digest in _SNAPSHOTS.items():
        if about[name] is not None:
            yield date.fromisoformat(about[name]), about[digest]
