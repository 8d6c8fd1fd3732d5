"""Find whom each flow is for: customers who meet its conditions, or have its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.activation.flows.flow import OWN_CYCLE, Flow
from rfm_engine.activation.flows.keys import keys_of
from rfm_engine.activation.flows.rows import Rows
from rfm_engine.kernels.arrays import arrow, booleans, whole
from rfm_engine.kernels.types import Mask
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.conditions import Condition, all_hold
from rfm_engine.query.customers import GROUP
from rfm_engine.query.id_values import Ids

Places = npt.NDArray[np.int64]


class Found(NamedTuple):
    """Whom a flow is for.

    Attributes
    ----------
    table
        `flow` int16, `group_key`, `customer_id`, `event_id` and `key` string, `own_us` int64.
    matched
        Number of customers, or of events, by trigger and conditions.
    excluded
        How many of them `unless` and `unless_event` exclude.
    """

    table: pa.Table
    matched: int
    excluded: int


@dataclass
class Finder:
    """Finds candidates among rows.

    Attributes
    ----------
    rows
        The customers with the columns that the conditions name.
    events
        The events of the date by type; each with `event_id`, and the columns that keys are made of.
    places
        The row of each of these events.
    held
        For numbers of days: who has had the same stage for as long.
    """

    rows: Rows
    events: Mapping[str, pa.Table]
    places: Mapping[str, Places]
    held: Mapping[int, Mask]
    _known: dict[tuple[str, ...], Mask] = field(default_factory=dict)

    def find(self, number: int, flow: Flow) -> Found:
        """Return whom a flow is for; `number` names it in the table."""
        matches = self._all(flow.where)
        if flow.held_days:
            matches = matches & self.held[flow.held_days]
        excluded = np.zeros(len(self.rows), np.bool_)
        for condition in flow.unless:
            excluded |= self._all([condition])
        for kind in flow.unless_event:
            excluded[self.places[kind]] = True
        if flow.event is None:
            matches = matches & self.rows.is_here
            table = self._table(number, flow, np.flatnonzero(matches & ~excluded))
            return Found(table, int(matches.sum()), int((matches & excluded).sum()))
        places = self.places[flow.event]
        is_match = matches[places]
        chosen = np.flatnonzero(is_match & ~excluded[places])
        n_excluded = int((is_match & excluded[places]).sum())
        events = self.events[flow.event].take(arrow(chosen))
        table = self._table(number, flow, places[chosen], events)
        return Found(table, int(is_match.sum()), n_excluded)

    def _all(self, conditions: Sequence[Condition]) -> Mask:
        """Return for which rows all conditions hold; presets share conditions."""
        key = tuple(each.text for each in conditions)
        if key not in self._known:
            self._known[key] = booleans(whole(all_hold(conditions, self.rows.table)))
        return self._known[key]

    def _table(
        self, number: int, flow: Flow, places: Places, events: pa.Table | None = None
    ) -> pa.Table:
        taken = arrow(places)
        groups: Ids = self.rows.table[GROUP].take(taken)
        if self.rows.groups is not None:
            groups = self.rows.groups.take(whole(groups))
        n = len(places)
        nothing = pa.nulls(n, pa.string())
        own = pa.nulls(n, pa.int64())
        if flow.cooldown.kind == OWN_CYCLE:
            own = whole(self.rows.table["own_us"].take(taken))
        return pa.table({
            "flow": arrow(np.full(n, number, np.int16)),
            "group_key": groups,
            CUSTOMER: self.rows.table[CUSTOMER].take(taken),
            "event_id": nothing if events is None else events["event_id"],
            "key": nothing if events is None else keys_of(events, flow.trigger),
            "own_us": own,
        })  # fmt: skip
