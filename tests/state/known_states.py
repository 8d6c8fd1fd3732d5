"""The expected contents of states, and the steps from one state to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine import CustomerTotals, State
from rfm_engine.state.disk import Disk
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.manifest import Ledger, ListedLedger, Manifest
from rfm_engine.state.store import Store

PLACE = Path("state")
RUNNING: dict[str, Any] = {"threads": 1, "memory_limit": "1TB"}
KEEP = 2
OPTIONS: dict[str, dict[str, Any]] = {
    "lifetime": {"keep_batches": 1},
    "lines": {"keep_batches": 2, "order": "order_id"},
    "days": {"keep_batches": 1, "order": "order_id", "history": "rolling:3d"},
}
_FIRST_DAY = date(2026, 1, 1)
_ALWAYS_THERE = 100
_SCHEMA = pa.schema(
    [("customer_id", pa.int64()), ("order_id", pa.int64()), ("order_time", pa.timestamp("us")),
     ("amount", pa.int64())]
)  # fmt: skip
Answer = list[tuple[Any, ...]]


class Row(NamedTuple):
    """A line of an order, and the number of its batch."""

    batch: int
    customer_id: int
    order_id: int
    day: int
    amount: int


class Content(NamedTuple):
    """A generation: its rows and the batches in its ledger."""

    rows: frozenset[Row]
    ledger: tuple[str, ...]

    @property
    def next_batch(self) -> int:
        return len(self.ledger)


class Known(NamedTuple):
    """The numbers and the contents of the kept generations, the newest first."""

    numbers: tuple[int, ...]
    contents: tuple[Content, ...]

    def with_newest(self, content: Content) -> Known:
        numbers = (self.numbers[0] + 1, *self.numbers)[:KEEP]
        return Known(numbers, (content, *self.contents)[:KEEP])


EMPTY = Known((1,), (Content(frozenset(), ()),))


class Step(NamedTuple):
    """An operation on a state, and the expected contents after it."""

    text: str
    run: Callable[[State], object]
    after: Callable[[Known, Manifest], Known]


def rows_of(batch: int, variant: int = 0) -> frozenset[Row]:
    """Return a batch; it shares an order with the batch before and an order with the next."""
    many = range(1, 10 if batch == 0 else 3)
    rows = [Row(batch, _ALWAYS_THERE, 1000 + batch + more, batch, 500) for more in (0, 1)]
    rows += [Row(batch, each + batch, 10 * batch + each, batch, each + variant) for each in many]
    return frozenset(rows)


def table_of(rows: frozenset[Row]) -> pa.Table:
    ordered = sorted(rows)
    times = [datetime.combine(_day(row.day), datetime.min.time()) for row in ordered]
    columns = {
        "customer_id": [row.customer_id for row in ordered],
        "order_id": [row.order_id for row in ordered],
        "order_time": times,
        "amount": [row.amount for row in ordered],
    }
    return pa.table(columns, schema=_SCHEMA)


def ingest(batch: int) -> Step:
    def after(known: Known, manifest: Manifest) -> Known:
        del manifest
        rows, ledger = known.contents[0]
        if str(batch) in ledger:
            return known
        return known.with_newest(Content(rows | rows_of(batch), (*ledger, str(batch))))

    orders = table_of(rows_of(batch))
    return Step(
        f"ingest {batch}",
        lambda state: state.ingest(orders, batch_id=str(batch), **RUNNING),
        after,
    )


def replace(batch: int) -> Step:
    def after(known: Known, manifest: Manifest) -> Known:
        del manifest
        rows, ledger = known.contents[0]
        others = frozenset(row for row in rows if row.batch != batch)
        return known.with_newest(Content(others | rows_of(batch, 1), ledger))

    orders = table_of(rows_of(batch, 1))
    return Step(
        f"replace {batch}",
        lambda state: state.ingest(orders, replace_batch=str(batch), **RUNNING),
        after,
    )


def forget(customer: int) -> Step:
    def after(known: Known, manifest: Manifest) -> Known:
        del manifest
        left = tuple(
            Content(frozenset(row for row in rows if row.customer_id != customer), ledger)
            for rows, ledger in known.contents
        )
        if left == known.contents:
            return known
        return known._replace(contents=left).with_newest(left[0])

    return Step(f"forget {customer}", lambda state: state.forget(customer), after)


def restore(which: int) -> Step:
    """Return the step that restores a kept generation: 0 is the newest, 1 the one before it."""

    def after(known: Known, manifest: Manifest) -> Known:
        del manifest
        place = min(which, len(known.contents) - 1)
        return known.with_newest(known.contents[place]) if place else known

    def run(state: State) -> object:
        standing = state.summary()["generations"]
        return state.restore(standing[min(which, len(standing) - 1)])

    return Step(f"restore {which}", run, after)


def _after_compacting(known: Known, manifest: Manifest) -> Known:
    return known.with_newest(known.contents[0]) if manifest.newest.settled else known


COMPACT = Step("compact", lambda state: state.compact(threads=1), _after_compacting)
GC = Step("gc", lambda state: state.gc(), lambda known, _: known)


def any_step(known: Known, manifest: Manifest, random: Random) -> Step:
    kept = [int(batch.id) for batch in manifest.newest.batches]
    steps = [ingest(known.contents[0].next_batch)] * 3
    steps += [COMPACT, GC, forget(random.randint(1, 9)), restore(random.randint(0, 1))]
    if kept:
        steps.append(replace(random.choice(kept)))
    return random.choice(steps)


def seen_in(state: State, disk: Disk, kind: str) -> tuple[Known, Answer]:
    """Return the generations and ledgers of a state, without rows, and its totals."""
    generations = state.manifest.generations
    numbers = tuple(each.number for each in generations)
    store = Store(PLACE, disk)
    ledgers = tuple(_ids_in(each.ledger, store) for each in generations)
    known = Known(numbers, tuple(Content(frozenset(), ledger) for ledger in ledgers))
    return known, totals_of(state, kind)


def claims_of(known: Known) -> Known:
    """Return the generations and ledgers without the rows."""
    bare = tuple(each._replace(rows=frozenset()) for each in known.contents)
    return known._replace(contents=bare)


_ids: dict[Ledger | ListedLedger, tuple[str, ...]] = {}


def _ids_in(ledger: Ledger | ListedLedger, store: Store) -> tuple[str, ...]:
    """Return the ids in a ledger; cached, because files with the same checksums are equal."""
    if ledger not in _ids:
        _ids[ledger] = tuple(KnownBatches(ledger, store).ids)
    return _ids[ledger]


_totals: dict[object, Answer] = {}


def totals_of(state: State, kind: str) -> Answer:
    """Return the sorted totals; cached, because files with the same checksums are equal."""
    newest = state.manifest.newest
    files = tuple(file.sha256 for part in newest.totals for file in part.files)
    key = (kind, files, newest.last_day, newest.first_day, state.manifest.hash_key)
    if key not in _totals:
        window = "3d" if kind == "days" else None
        _totals[key] = answer_of(state.totals(window=window, **RUNNING))
    return _totals[key]


@cache
def expected(rows: frozenset[Row], kind: str) -> Answer:
    """Return the totals of a new run over all rows."""
    reading = {"order": OPTIONS[kind].get("order")}
    as_of: date | str = "newest"
    if kind == "days" and rows:
        as_of = _day(max(row.day for row in rows))
        reading["window"] = "3d"
    totals = CustomerTotals(as_of=as_of, **reading)
    totals.update(table_of(rows))
    return answer_of(totals)


def make(kind: str, disk: Disk) -> State:
    return State.create(PLACE, keep=KEEP, disk=disk, **OPTIONS[kind])


def answer_of(totals: CustomerTotals) -> Answer:
    found = totals.finish()
    return sorted(zip(*(column.to_pylist() for column in found.columns), strict=True))


def _day(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number)
