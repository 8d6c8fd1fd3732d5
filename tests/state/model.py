"""A naive model of `rfm_engine.state`, which stores lists of orders.

It adds up nothing. The reference implementation computes the totals of all rows, in which each
order id is replaced by a label. Lines with the same label belong to the same order.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any, NamedTuple

from tests import reference
from tests.reference_time import read_time

MARGIN_DAYS = 31


class Line(NamedTuple):
    """An order or a line of an order; `time_us` is local, `amount` is in minor units."""

    customer: Any
    time_us: int
    amount: int
    order: Any = None
    group: Any = None

    @property
    def who(self) -> Any:
        return self.customer if self.group is None else (self.customer, self.group)


@dataclass
class Batch:
    """The counted lines, and what stays when customers are forgotten."""

    id: str
    lines: list[Line]
    newest: date | None
    account: list[tuple[str, date]]
    labels: dict[tuple[Any, Any], int] = field(default_factory=dict)

    def orders(self) -> list[tuple[Any, Any]]:
        bought = [line for line in self.lines if line.amount >= 0 and line.order is not None]
        return list(dict.fromkeys((line.who, line.order) for line in bought))


@dataclass
class World:
    """One generation."""

    settled: list[Batch] = field(default_factory=list)
    kept: list[Batch] = field(default_factory=list)
    known: dict[tuple[Any, Any], int] = field(default_factory=dict)
    ledger: list[str] = field(default_factory=list)
    first_day: date | None = None

    @property
    def batches(self) -> list[Batch]:
        return self.settled + self.kept


class Model:
    def __init__(
        self,
        n_days: int | None,
        keep_batches: int,
        keep: int,
        timezone: str,
        refunds: str,
        zero: str,
    ) -> None:
        self.n_days = n_days
        self.keep_batches = keep_batches
        self.keep = keep
        self.timezone = timezone
        self.refunds = refunds
        self.zero = zero
        self.fresh = count()
        self.worlds = {1: World()}

    @property
    def number(self) -> int:
        return max(self.worlds)

    @property
    def now(self) -> World:
        return self.worlds[self.number]

    def day(self, line: Line) -> date:
        return read_time(line.time_us, self.timezone, zoned=False)[1]

    def newest(self, world: World) -> date | None:
        return self._newest_of(world.batches)

    def ingest(self, batch_id: str, lines: list[Line], *, replaces: bool = False) -> bool:
        """Add a batch; return False if it was already ingested."""
        if batch_id in self.now.ledger and not replaces:
            return False
        world = self._next()
        world.first_day = self._first_day(batch_id, lines)
        in_time = [line for line in lines if self._in_time(world, line)]
        counted = [line for line in in_time if self._policy(line) == "counted"]
        account = [(self._reason(world, line), self.day(line)) for line in lines]
        newest = max(map(self.day, in_time), default=None)
        batch = Batch(batch_id, counted, newest, account)
        if replaces:
            place = [each.id for each in world.kept].index(batch_id)
            world.kept[place] = batch
            held = {order for each in world.kept for order in each.orders()}
            world.known = {order: label for order, label in world.known.items() if order in held}
        else:
            place = len(world.kept)
            world.kept.append(batch)
            world.ledger.append(batch_id)
        for number in range(place, len(world.kept)):
            self._label(world, number)
        self._settle(world)
        return True

    def would_forget_all(self, batch_id: str, lines: list[Line]) -> bool:
        """Whether all days except for the newest of a batch would be before the history."""
        last = max(map(self.day, lines), default=None)
        counted = {self.day(line) for line in lines if self._policy(line) == "counted"}
        others = [*(counted - {last}), *filter(None, [self._newest_without(batch_id)])]
        first = self._first_day(batch_id, lines)
        return (
            first is not None and last is not None and bool(others) and max(others) < first <= last
        )

    def has(self, customer: Any) -> tuple[bool, bool]:
        """Whether any generation has orders of a customer: within its history, and at any time."""
        found = [
            self._in_time(world, line)
            for world in self.worlds.values()
            for batch in world.batches
            for line in batch.lines
            if line.customer == customer
        ]
        return any(found), bool(found)

    def forget(self, customer: Any) -> None:
        for world in self.worlds.values():
            for batch in world.batches:
                batch.lines = [line for line in batch.lines if line.customer != customer]
        self._next()

    def restore(self, number: int) -> None:
        self._next(deepcopy(self.worlds[number]))

    def rows(self, first: date | None = None) -> list[reference.Row]:
        """Return all counted lines, or those from `first` on."""
        return [
            reference.Row(
                line.who, line.time_us, line.amount,
                order=None if line.order is None else batch.labels.get((line.who, line.order), -1),
            )
            for batch in self.now.batches
            for line in batch.lines
            if first is None or self.day(line) >= first
        ]  # fmt: skip

    def account(self, first: date | None, last: date | None) -> Counter[str]:
        """Return the numbers of lines dropped by reason, and counted between two days."""
        found: Counter[str] = Counter()
        for batch in self.now.batches:
            for reason, day in batch.account:
                if reason == "counted" and first is not None and day < first:
                    found["before_window"] += 1
                elif reason == "counted" and last is not None and day > last:
                    found["after_as_of"] += 1
                else:
                    found[reason] += 1
        return found

    def _policy(self, line: Line) -> str:
        if line.amount < 0 and self.refunds == "drop":
            return "refund_dropped"
        if line.amount == 0 and self.zero == "drop":
            return "zero_dropped"
        return "counted"

    def _reason(self, world: World, line: Line) -> str:
        policy = self._policy(line)
        too_late = policy == "counted" and not self._in_time(world, line)
        return "before_window" if too_late else policy

    def _newest_without(self, batch_id: str) -> date | None:
        return self._newest_of([batch for batch in self.now.batches if batch.id != batch_id])

    def _first_day(self, batch_id: str, lines: list[Line]) -> date | None:
        """Return the first day of the history after a batch is added or replaced."""
        days = [*map(self.day, lines), *filter(None, [self._newest_without(batch_id)])]
        if self.n_days is None or not days:
            return self.now.first_day
        first = max(days) - timedelta(days=self.n_days + MARGIN_DAYS - 1)
        return max(filter(None, [self.now.first_day, first]))

    def _newest_of(self, batches: list[Batch]) -> date | None:
        return max((batch.newest for batch in batches if batch.newest), default=None)

    def _in_time(self, world: World, line: Line) -> bool:
        return world.first_day is None or self.day(line) >= world.first_day

    def _label(self, world: World, number: int) -> None:
        """Give each order of a batch its label in an earlier remembered batch, or a new label."""
        batch = world.kept[number]
        before = dict(world.known)
        for earlier in world.kept[:number]:
            before |= earlier.labels
        batch.labels = {
            order: before[order] if order in before else next(self.fresh)
            for order in batch.orders()
        }

    def _settle(self, world: World) -> None:
        n_more = max(len(world.kept) - self.keep_batches, 0)
        gone, world.kept = world.kept[:n_more], world.kept[n_more:]
        world.settled += gone
        if gone:
            held = {order for batch in world.kept for order in batch.labels}
            labels = dict(world.known)
            for batch in gone:
                labels |= batch.labels
            world.known = {order: label for order, label in labels.items() if order in held}

    def _next(self, world: World | None = None) -> World:
        made = deepcopy(self.now) if world is None else world
        self.worlds[self.number + 1] = made
        for number in sorted(self.worlds)[: -self.keep]:
            del self.worlds[number]
        return made
