"""The events of a history: between two dates, and in its log."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, Unpack

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.history.dates import Dates
from rfm_engine.history.event_log import consecutive, log_events, without_earlier
from rfm_engine.history.tier_pairs import tier_pairs
from rfm_engine.movement.event_table import of_types
from rfm_engine.movement.event_types import Given
from rfm_engine.movement.events import events, types_of
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import EventOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.query.session import Machine


class Logged(NamedTuple):
    """What happened to the log of a date, and its events.

    Attributes
    ----------
    as_of
        The date.
    before
        The date before; None for the first date, which has no events.
    status
        `added`, `replaced` or `unchanged`.
    events
        The events of the types that were asked for.
    """

    as_of: date
    before: date | None
    status: str
    events: pa.Table


class Events(Dates):
    """The part of a history that finds events."""

    @documented(EventOptions)
    def events(
        self,
        begin: date | str | None = None,
        end: date | str | None = None,
        *,
        rows: object = None,
        **options: Unpack[EventOptions],
    ) -> pa.Table:
        """Find the events between two consecutive dates, also those that are in the log.

        Parameters
        ----------
        begin, end
            The dates; default: the two newest ones, or the date next to the one that is given.
        rows
            The orders of the second date, for events of the type `aipl_moved`.
        {options}

        Returns
        -------
        pyarrow.Table
            As `rfm_engine.movement.events.events`.

        Raises
        ------
        UsageError
            The history does not have these dates, or has other dates between them.
        """
        explicit = given("History.events", EventOptions, options)
        before, day = consecutive(self.dates, begin, end, self.path)
        tiers = tier_pairs(self.store, day)
        both = self.snapshot(before), self.snapshot(day)
        return events(*both, rows=rows, tiers=tiers, **explicit)

    @documented(EventOptions)
    def log_events(
        self,
        *,
        rows: object = None,
        retracted: bool = False,
        **options: Unpack[EventOptions],
    ) -> Logged:
        """Write the events of the newest date to the log; without events that it already has.

        The log of a date is the same in every run, unless snapshots were replaced. It has events of
        all types; `types` only chooses those that are returned.

        Parameters
        ----------
        rows
            The orders of the newest date, for events of the type `aipl_moved`.
        retracted
            Also write a row of the type `retracted` for each event in the log of this date that
            does not follow any more, because a snapshot was replaced.
        {options}

        Raises
        ------
        UsageError
            The history has no dates, or an option is wrong.
        """
        explicit = given("History.log_events", EventOptions, options)
        asked = explicit.pop("types", ())
        with self.store.writing() as transaction:
            if not self.dates:
                raise UsageError(
                    f"events must have a date; got history {str(self.path)!r} with none. Add one "
                    "with rfm history add."
                )
            day = self.dates[-1]
            before = self.dates[-2] if len(self.dates) > 1 else None
            snapshot = None if before is None else self.snapshot(before)
            newest = self.snapshot(day)
            checked = resolve(EventOptions, explicit, {"types": asked})
            tiers = tier_pairs(self.store, day)
            types, _ = types_of(newest, checked, Given(rows is not None, tiers, log=True))
            found = events(snapshot, newest, rows=rows, tiers=tiers, **explicit)
            found = without_earlier(found, self.store, day, Machine.of(checked))
            status, table = log_events(transaction, self.store, found, day, retracted=retracted)
        return Logged(day, before, status, of_types(table, types) if asked else table)
