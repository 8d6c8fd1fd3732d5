"""The customers of a generation as totals for scoring, read from disk range by range."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from threading import Lock
from typing import Any, NamedTuple

from rfm_engine.orders.judge import REASONS
from rfm_engine.orders.kinds import Kinds
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.reading import Reading
from rfm_engine.state.days import Window, held_in
from rfm_engine.state.manifest import Account
from rfm_engine.state.parts import Buckets, PartReader, buckets_for
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.population import Population
from rfm_engine.totals.records import Held, HeldRecords, held_of
from rfm_engine.totals.tables.contents import Contents
from rfm_engine.totals.totals import Totals

# An id, four integers, and temporary arrays.
_BYTES_A_CUSTOMER = 56


class Range(NamedTuple):
    """A range of buckets, and an upper bound of the number of its rows."""

    buckets: Buckets
    n_records: int


class StoredCustomers:
    """Customers with the interface of `rfm_engine.totals.tables.partitions.Partitions`.

    Records that were added up row by row are kept while there is memory for them, and are otherwise
    read again. Columns are always read again, because they only have to be decoded.
    """

    def __init__(
        self, reading: PartReader, window: Window | None, budget: Budget, *, clv: bool
    ) -> None:
        self._reading = reading
        self._window = window
        self._clv = clv
        self._budget = budget
        self._kept: dict[Range, Held] = {}
        self._n_kept = 0
        self._most_kept = 0
        self._lock = Lock()

    @property
    def n_customers(self) -> int:
        """Upper bound of the number of customers."""
        return self._reading.n_rows

    def settled(self, pool: Executor, bytes_a_customer: int = 0) -> Sequence[Range]:
        """Return ranges that together contain every customer once."""
        left = self._budget.tables_bytes - bytes_a_customer * self.n_customers
        most = max(left, 0) // _BYTES_A_CUSTOMER
        if not self.n_customers:
            return []
        ranges = self._reading.ranges()
        if len(ranges) == 1:  # the largest part is one file, and there may be smaller parts
            ranges = buckets_for(self.n_customers)
        self._most_kept = most - self._reading.prepare(ranges, pool, most)
        return [Range(buckets, self._reading.n_most(buckets)) for buckets in ranges]

    def held(self, part: Range) -> Held:
        """Return the customers of a range, always in the same order; safe from any thread."""
        kept = self._kept.get(part)
        if kept is not None:
            return kept
        columns = None if self._window is not None else self._reading.columns(part.buckets)
        if columns is not None:
            return columns
        held = self._added_up(part.buckets)
        with self._lock:
            if part not in self._kept and self._n_kept + held.n_customers <= self._most_kept:
                self._kept[part] = held
                self._n_kept += held.n_customers
        return held

    def _added_up(self, buckets: Buckets) -> HeldRecords:
        rows = self._reading.rows(buckets)
        assert rows is not None
        if self._window is not None:
            return held_in(rows, self._window, repeats=self._clv)
        return held_of(Contents(rows.keys, rows.records))

    def contents(self, part: Range) -> Contents:
        """Return all records of a range, without the entries that they were counted from."""
        held = self._added_up(part.buckets)
        return Contents(held.keys(), held.records)

    def n_held(self, part: Range) -> int:
        """Return the number of customers in a range."""
        return self.held(part).n_customers


class Stored(NamedTuple):
    """The contents of a generation: its parts, and the account of its rows up to the newest day."""

    read: PartReader | None
    kinds: Kinds | None
    counts: RowCounts
    newest_day: int | None
    currencies: frozenset[str]


def stored_totals(
    stored: Stored, window: Window | None, options: dict[str, Any], sealed: str | None
) -> Totals:
    """Return the totals of one generation of a state, with options of `CustomerTotals`."""
    running = {name: options.pop(name) for name in ("threads", "memory_limit", "spill_dir")}
    empty = Accumulator(Reading(**options), **running)
    intake, budget = empty.intake, empty.budget
    if stored.kinds is not None:
        intake.agree("the state", stored.kinds)
    intake.ledger.enter(stored.counts, stored.newest_day, stored.currencies)
    customers = None
    if stored.read is not None:
        customers = StoredCustomers(stored.read, window, budget, clv=empty.reading.options["clv"])
    return Totals(Population(intake, budget, empty.hash_key, empty.spill, customers, sealed))


def sealed_by(options: dict[str, Any]) -> str | None:
    """Return why totals of a state with these options cannot be exported; None if they can."""
    kept_apart = ("order", "distinct", "rates", "clv")
    named = [name for name in kept_apart if options[name]]
    named += ["frequency days"] if options["frequency"] == "days" else []
    if not named:
        return None
    return (
        f"totals of a state must be without {', '.join(named)} to be exported, because a state "
        "keeps measures and not the rows they were counted from; got such totals. Export "
        "CustomerTotals of the orders."
    )


def row_counts(account: Account, window: Window | None) -> RowCounts:
    """Return the account of a run over all orders, with rows outside of the window dropped.

    A row that was dropped when it was ingested keeps its reason, even if its day is outside.
    """
    dropped = dict.fromkeys(REASONS[1:], 0) | account.dropped
    dropped["before_window"] += account.too_late
    counted = account.counted
    if window is not None:
        before = sum(n for day, n in account.by_day.items() if day < window.first_day)
        after = sum(n for day, n in account.by_day.items() if day > window.last_day)
        dropped["before_window"] += before
        dropped["after_as_of"] += after
        counted -= before + after
    return RowCounts(account.read, counted, dropped, account.amounts_rounded)
