"""A flow: whom to contact, when again, through which channel, and how many are held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rfm_engine.query.conditions import Condition

STATE, EVENT = "state", "event"
OWN_CYCLE, ONCE, ONCE_PER_KEY = "own-cycle", "once", "once-per-key"


class Cooldown(NamedTuple):
    """When a customer can enter a flow again.

    Attributes
    ----------
    kind
        `days`; `own-cycle`: after the customer's own cycle; `once`: never; `once-per-key`: once for
        each key of an event, for example for each tier.
    days
        The number of days; 0 unless the kind is `days`.
    """

    kind: str
    days: int = 0

    def __str__(self) -> str:
        return f"{self.days}d" if self.kind == "days" else self.kind


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow.

    Attributes
    ----------
    name
        Its name, which is also the name of the campaign in the split.
    title
        What it does in a line.
    trigger
        `state`: customers who meet the conditions; or the type of an event of this date.
    where
        Conditions that must all hold.
    unless
        Conditions of which none may hold.
    unless_open
        Flows: customers who entered one of them and are still within its window are excluded.
    unless_event
        Types of events: customers with one of them at this date are excluded.
    scheme
        The scheme whose segments the conditions name; None for any.
    columns
        Columns of the user in the conditions, from labels or attributes.
    cooldown
        When a customer can enter again.
    held_days
        For how many days `aipl_stage` must have been the same.
    max_times
        How often a customer can enter at most; 0 means no limit.
    priority
        A customer in several flows gets the one with the smallest number.
    holdout_bp
        The share of customers who are held out, in basis points (1,000 are 10%).
    channel
        How they are contacted; consent and suppression are looked up for it.
    treatment
        What they get: texts by key, with the key `kind`.
    window_days
        For how many days after the contact orders count for the flow.
    source
        Where the idea comes from.
    place
        The file, for messages.
    """

    name: str
    title: str
    trigger: str
    where: Sequence[Condition]
    cooldown: Cooldown
    priority: int
    holdout_bp: int
    channel: str
    treatment: Mapping[str, str]
    window_days: int
    unless: Sequence[Condition] = ()
    unless_open: Sequence[str] = ()
    unless_event: Sequence[str] = ()
    scheme: str | None = None
    columns: Sequence[str] = ()
    held_days: int = 0
    max_times: int = 0
    source: str = ""
    place: str = field(default="", compare=False)

    @property
    def event(self) -> str | None:
        """The type of event that triggers the flow; None for state flows."""
        return None if self.trigger == STATE else self.trigger

    @property
    def reason(self) -> str:
        """The trigger as it is written in files: `state` or `event:TYPE`."""
        return STATE if self.event is None else f"{EVENT}:{self.event}"

    @property
    def conditions(self) -> list[Condition]:
        """The conditions of `where` and `unless`."""
        return [*self.where, *self.unless]

    @property
    def events(self) -> list[str]:
        """The types of events that decide about the flow."""
        return [*([] if self.event is None else [self.event]), *self.unless_event]
