"""The snapshots that freeze the segments of customers before they are contacted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.activation.campaign.assigned import Assigned
from rfm_engine.activation.campaign.files import GROUP as GROUP_IN_FILE
from rfm_engine.activation.people import Source
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow
from rfm_engine.movement.judgement import codes_of, segments_of
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.id_values import distinct_ids, plain_ids
from rfm_engine.result.snapshot import Snapshot


class Populations(NamedTuple):
    """The customers of the snapshots before the contacts.

    Attributes
    ----------
    snapshots
        The snapshots in the order of their dates.
    of_day
        The place of the snapshot for each day of contacts.
    groups
        The groups of all of them and of the assigned customers; None without groups.
    segments
        The segments in the order of the scheme.
    """

    snapshots: Sequence[Snapshot]
    of_day: Mapping[date, int]
    groups: pa.Array | None
    segments: Sequence[str]

    @property
    def newest(self) -> Customers:
        """The customers of the newest snapshot."""
        return Customers(self.snapshots[-1], self.groups)

    def people(self) -> Iterator[pa.Table]:
        """Yield the customers of all snapshots, with their population and the code of the segment.

        There is at least one piece.
        """
        for place, snapshot in enumerate(self.snapshots):
            for piece in Customers(snapshot, self.groups).blocks(["segment", "minor"]):
                yield pa.table({
                    "population": arrow(np.full(len(piece), place, np.int32)),
                    GROUP: piece[GROUP],
                    CUSTOMER: plain_ids(piece[CUSTOMER]),
                    "code": self._codes(piece["segment"]),
                    "minor": piece["minor"],
                })  # fmt: skip

    def _codes(self, segments: pa.ChunkedArray) -> pa.Array:
        if not len(segments):  # of a snapshot without customers, which has no dictionary
            return pa.array([], pa.int16())
        return arrow(codes_of(segments, self.segments))


def populations_of(source: Source, assigned: Assigned, days: Sequence[date]) -> Populations:
    """Return the snapshots before the contacts.

    If the arms were drawn from a snapshot and have no later date, it is this snapshot.

    Raises
    ------
    UsageError
        There is no snapshot before a contact.
    """
    history = source.history
    dates = [source.as_of] if history is None else history.dates
    bisect = bisect_right if assigned.is_drawn else bisect_left
    chosen: dict[date, date] = {}
    for day in days:
        place = bisect(dates, day)
        if not place:
            what = "a snapshot" if history is not None else "the snapshot"
            raise UsageError(
                f"{what} must be older than the first contact, {day}, because segments are those "
                f"before it; got {dates[0]}. Add an earlier date, or correct the file."
            )
        chosen[day] = dates[place - 1]
    used = sorted({*chosen.values()})
    snapshots = [source.snapshot] if history is None else [history.snapshot(day) for day in used]
    of_day = {day: used.index(its) for day, its in chosen.items()}
    return Populations(
        snapshots, of_day, _groups(snapshots, assigned), segments_of(snapshots[-1])
    )  # fmt: skip


def _groups(snapshots: Sequence[Snapshot], assigned: Assigned) -> pa.Array | None:
    by = snapshots[-1].options["by"]
    if by is None:
        return None
    columns = [assigned.table[GROUP_IN_FILE], *(each.columns([by])[by] for each in snapshots)]
    kind = snapshots[-1].schema.field(1).type
    chunks = [chunk for column in columns for chunk in column.chunks]
    return distinct_ids(pa.chunked_array(chunks, kind))
